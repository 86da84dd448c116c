import { type Html, html } from './html.ts';
import { layout } from './layout.ts';
import { passwordFields } from './password_fields.ts';

export interface SignInPage {
  /** Where the forms go, and where all choices are: paths of ours. */
  readonly action: string;
  readonly codeAction: string;
  readonly providerAction: string;
  readonly startUrl: string;
  readonly interaction: string;
  readonly csrf: string;
  /** Absent when no app asked: the user comes for what is theirs. */
  readonly clientName?: string | undefined;
  /** They are signed in already, and are to show that it is still them. */
  readonly again?: boolean | undefined;
  /** The ways to sign in that are offered. */
  readonly choices: {
    readonly password: boolean;
    readonly codes: readonly CodeChannel[];
    readonly providers: readonly { readonly connection: string; readonly label: string }[];
  };
  /** A code that was sent, and is asked for now. */
  readonly sent?: (CodeChannel & { readonly recipient: string }) | undefined;
  /** What was wrong with the last try, and the name that was typed then. */
  readonly problem?: string | undefined;
  readonly username?: string | undefined;
}

interface CodeChannel {
  readonly connection: string;
  readonly channel: 'sms' | 'email';
}

const RECIPIENTS = {
  sms: { label: 'Phone number', type: 'tel', autocomplete: 'tel', example: '+15550100' },
  email: { label: 'E-mail address', type: 'email', autocomplete: 'email', example: 'alice@example.com' },
} as const;

/** Asks who the user is, in every way the client offers. After a failed try the name is kept and the password field has the focus. */
export function signInPage(page: SignInPage): string {
  const { clientName, sent, problem } = page;
  return layout({
    title: problem === undefined ? 'Sign in' : 'Problem: Sign in',
    content: html`<h1>Sign in</h1>
<p class="quiet">${clientName === undefined ? (page.again === true ? 'again, to make sure that it is still you' : 'to see your account') : html`to continue to <strong><bdi>${clientName}</bdi></strong>`}</p>
${problem !== undefined && html`<div class="problem" role="alert" id="problem"><p>${problem}</p></div>`}
${sent ? sentForm(page, sent) : waysIn(page)}`,
  });
}

function waysIn(page: SignInPage): Html {
  const { password, codes, providers } = page.choices;
  const ways = [
    ...(password ? [passwordForm(page)] : []),
    ...codes.map((code) => recipientForm(page, code, !password)),
    ...(providers.length > 0 ? [providerForm(page)] : []),
  ];
  if (ways.length === 0) return html`<p>There is no way to sign in here. Tell whoever sent you.</p>`;
  return html`${ways.map((way, index) => html`${index > 0 && html`<p class="or">or</p>`}${way}`)}`;
}

function passwordForm(page: SignInPage): Html {
  const { action, problem, username } = page;
  // A problem without a name that was typed came from elsewhere: a provider did not let the user in.
  const failed = problem !== undefined && username !== undefined;
  return html`<form class="fields" method="post" action="${action}">
${identifiers(page)}
${passwordFields({ username, failed })}
<button>Sign in</button>
</form>`;
}

/** Asks where to send a code. @param first whether it is what most people will use here. */
function recipientForm(page: SignInPage, { connection, channel }: CodeChannel, first: boolean): Html {
  const { label, type, autocomplete, example } = RECIPIENTS[channel];
  const id = `recipient-${connection}`;
  return html`<form class="fields" method="post" action="${page.codeAction}">
${identifiers(page)}
<input type="hidden" name="connection" value="${connection}">
<div>
<label for="${id}">${label}</label>
<input id="${id}" name="recipient" type="${type}" placeholder="${example}" autocomplete="${autocomplete}" maxlength="256" required>
</div>
<button${!first && html` class="plain"`}>Send me a code</button>
</form>`;
}

/** Says nothing of whether the recipient is known: whoever is gets a code. */
function sentForm(page: SignInPage, { connection, recipient }: CodeChannel & { readonly recipient: string }): Html {
  const failed = page.problem !== undefined && html` aria-invalid="true" aria-describedby="problem"`;
  return html`<form class="fields" method="post" action="${page.action}">
${identifiers(page)}
<input type="hidden" name="connection" value="${connection}">
<input type="hidden" name="username" value="${recipient}">
<div>
<label for="code">Code</label>
<input id="code" name="password" inputmode="numeric" pattern="[0-9]{6}" title="six digits" autocomplete="one-time-code" maxlength="6" required autofocus${failed}>
<p class="quiet small">If <bdi>${recipient}</bdi> can sign in here, a code of six digits is on its way. It is good for five minutes.</p>
</div>
<button>Sign in</button>
</form>
<form class="aside" method="post" action="${page.codeAction}">
${identifiers(page)}
<input type="hidden" name="connection" value="${connection}">
<input type="hidden" name="recipient" value="${recipient}">
<button class="link">Send a new code</button>
<a href="${page.startUrl}">Sign in another way</a>
</form>`;
}

/** One button for each provider; which one was pressed says its value. */
function providerForm(page: SignInPage): Html {
  return html`<form class="fields" method="post" action="${page.providerAction}">
${identifiers(page)}
${page.choices.providers.map(({ connection, label }) => html`<button class="plain" name="connection" value="${connection}">Continue with <bdi>${label}</bdi></button>`)}
</form>`;
}

const identifiers = ({ interaction, csrf }: SignInPage): Html =>
  html`<input type="hidden" name="interaction" value="${interaction}">
<input type="hidden" name="csrf" value="${csrf}">`;
