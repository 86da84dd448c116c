import { type Html, html } from './html.ts';
import { layout } from './layout.ts';

export interface SignInPage {
  /** Where the forms go: paths of ours. */
  readonly action: string;
  readonly providerAction: string;
  readonly interaction: string;
  readonly csrf: string;
  readonly clientName: string;
  /** The ways to sign in that are offered. */
  readonly choices: {
    readonly password: boolean;
    readonly providers: readonly { readonly connection: string; readonly label: string }[];
  };
  /** What was wrong with the last try, and the name that was typed then. */
  readonly problem?: string | undefined;
  readonly username?: string | undefined;
}

/** Asks who the user is, in every way the client offers. After a failed try the name is kept and the password field has the focus. */
export function signInPage(page: SignInPage): string {
  const { interaction, csrf, clientName, choices, problem } = page;
  const identifiers = html`<input type="hidden" name="interaction" value="${interaction}">
<input type="hidden" name="csrf" value="${csrf}">`;
  const none = !choices.password && choices.providers.length === 0;
  return layout({
    title: problem === undefined ? 'Sign in' : 'Problem: Sign in',
    content: html`<h1>Sign in</h1>
<p class="quiet">to continue to <strong><bdi>${clientName}</bdi></strong></p>
${problem !== undefined && html`<div class="problem" role="alert" id="problem"><p>${problem}</p></div>`}
${choices.password && passwordForm(page, identifiers)}
${choices.password && choices.providers.length > 0 && html`<p class="or">or</p>`}
${choices.providers.length > 0 && providerForm(page, identifiers)}
${none && html`<p>This app has no way to sign in. Tell its makers.</p>`}`,
  });
}

function passwordForm({ action, problem, username }: SignInPage, identifiers: Html): Html {
  // A problem without a name that was typed came from elsewhere: a provider did not let the user in.
  const failed = problem !== undefined && username !== undefined;
  return html`<form class="fields" method="post" action="${action}">
${identifiers}
<div>
<label for="username">User name</label>
<input id="username" name="username" value="${username}" autocomplete="username" autocapitalize="none" autocorrect="off" spellcheck="false" maxlength="256" required${!failed && html` autofocus`}>
</div>
<div>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="1024" required${failed && html` autofocus aria-invalid="true" aria-describedby="problem"`}>
</div>
<button>Sign in</button>
</form>`;
}

/** One button for each provider; which one was pressed says its value. */
function providerForm({ providerAction, choices }: SignInPage, identifiers: Html): Html {
  return html`<form class="fields" method="post" action="${providerAction}">
${identifiers}
${choices.providers.map(({ connection, label }) => html`<button class="plain" name="connection" value="${connection}">Continue with <bdi>${label}</bdi></button>`)}
</form>`;
}
