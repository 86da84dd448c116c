import { html } from './html.ts';
import { layout } from './layout.ts';

export interface ConsentPage {
  /** Where the decision goes, and where "use another account" goes: paths of ours. */
  readonly action: string;
  readonly signOutAction: string;
  readonly interaction: string;
  readonly csrf: string;
  readonly clientName: string;
  readonly clientDescription?: string | undefined;
  /** Who is signed in: the name people know, and what tells two people of that name apart. */
  readonly userName: string;
  readonly userDetail?: string | undefined;
  readonly scopes: readonly string[];
  /** The origin or scheme that gets the answer. */
  readonly destination: string;
}

const KEY = html`<svg viewBox="0 0 20 20" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><circle cx="6.5" cy="13.5" r="3.5"/><path d="m9 11 7.5-7.5M13 7l2.5 2.5"/></svg>`;

/** What the scopes mean that every app spells alike (OpenID Connect Core §5.4, §11); those of the APIs speak for themselves. */
const MEANINGS: Readonly<Record<string, string>> = {
  openid: 'who you are',
  profile: 'your name and username',
  name: 'your name',
  email: 'your e-mail address',
  phone: 'your phone number',
  offline_access: 'also while you are away',
};

const meaningOf = (scope: string) =>
  Object.hasOwn(MEANINGS, scope) && html`<br><span class="quiet small">${MEANINGS[scope]}</span>`;

/** Asks whether a client may act for the user: which client, what it may do, who is asked, and where the answer goes. */
export function consentPage(page: ConsentPage): string {
  const { interaction, csrf, clientName, clientDescription, userName, userDetail, scopes, destination } = page;
  const identifiers = html`<input type="hidden" name="interaction" value="${interaction}">
<input type="hidden" name="csrf" value="${csrf}">`;
  return layout({
    title: 'Allow access',
    content: html`<h1>Allow <bdi>${clientName}</bdi> to act for you?</h1>
${clientDescription && html`<p class="quiet"><bdi>${clientDescription}</bdi></p>`}
<form class="person" method="post" action="${page.signOutAction}">
${identifiers}
<p>Signed in as <strong><bdi>${userName}</bdi></strong>${userDetail && html`<br><span class="quiet"><bdi>${userDetail}</bdi></span>`}</p>
<button class="link">Not you? Sign out</button>
</form>
<h2 id="scopes">${scopes.length > 0 ? 'It asks for' : 'It asks for no permission beyond knowing who you are.'}</h2>
${scopes.length > 0 && html`<ul aria-labelledby="scopes">${scopes.map((scope) => html`<li>${KEY}<span><code>${scope}</code>${meaningOf(scope)}</span></li>`)}</ul>`}
<form method="post" action="${page.action}">
${identifiers}
<p class="quiet small">Your answer goes to <strong><bdi>${destination}</bdi></strong>.</p>
<div class="choices">
<button class="plain" name="decision" value="deny">Deny</button>
<button name="decision" value="allow">Allow</button>
</div>
</form>`,
  });
}
