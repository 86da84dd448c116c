import { type Html, html } from '../../http/pages/html.ts';
import type { Seconds } from '../../model/units.ts';
import type { HeldGrant } from '../holdings.ts';
import type { Created, TokenWish } from '../personal_tokens.ts';
import { accountPage, csrfField, type Frame, type Problem, wrong } from './layout.ts';
import { day, lifetime, scopeTags } from './words.ts';

/** The tokens that the user made. */
export function tokensPage(frame: Frame, tokens: readonly HeldGrant[]): string {
  const { paths, csrf } = frame;
  return accountPage(frame, {
    title: 'Personal tokens',
    at: paths.tokens,
    content: html`<h1>Personal tokens</h1>
<p class="lead">A personal token lets a script or a tool of yours call the API in your name. It stands for you, so keep it like a password.</p>
<div class="row"><a class="button" href="${paths.newToken}">Make a new token</a></div>
${
  tokens.length === 0
    ? html`<p class="empty">You have no tokens.</p>`
    : html`<table>
<thead><tr><th scope="col">Name</th><th scope="col">It may</th><th scope="col">Made</th><th scope="col">Until</th><th scope="col"><span class="quiet">Action</span></th></tr></thead>
<tbody>${tokens.map(
        ({ id, device = '', scopes, issuedAt, expiresAt }) => html`<tr>
<td><bdi>${device}</bdi></td>
<td data-label="It may">${scopeTags(scopes)}</td>
<td data-label="Made">${day(issuedAt)}</td>
<td data-label="Until">${day(expiresAt)}</td>
<td class="do"><details><summary aria-label="Revoke ${device}">Revoke</summary>
<form method="post" action="${paths.revokeToken}">
${csrfField(csrf)}
<input type="hidden" name="token" value="${id}">
<p>Whatever uses it stops working at once.</p>
<button class="bad" aria-label="Revoke ${device} now">Revoke</button>
</form></details></td>
</tr>`,
      )}</tbody>
</table>`
}`,
  });
}

export interface TokenForm {
  readonly offered: readonly string[];
  readonly lifetimes: readonly Seconds[];
  readonly wish: TokenWish;
  readonly problems: readonly Problem[];
}

/** Asks for what the new token is to be. The problems are those of the fields `name`, `scopes` and `lifetime`. */
export function newTokenPage(frame: Frame, { offered, lifetimes, wish, problems }: TokenForm): string {
  const { paths, csrf } = frame;
  const [name, scopes, ends] = (['name', 'scopes', 'lifetime'] as const).map((field) =>
    wrong(problems, field, field === 'scopes'),
  );
  return accountPage(frame, {
    title: 'Make a new token',
    at: paths.tokens,
    problems,
    content: html`<div class="narrow"><h1>Make a new token</h1>
${
  offered.length === 0
    ? html`<p class="lead">There is nothing that a token of yours could be allowed to do. Ask your administrator.</p>`
    : html`<form class="fields" method="post" action="${paths.newToken}">
${csrfField(csrf)}
<div>
<label for="name">Name</label>
<input id="name" name="name" value="${wish.name}" maxlength="64" autocomplete="off" required${name?.attributes}>
${name?.words}
<p class="hint">What you need it for, such as: nightly backup.</p>
</div>
<fieldset id="scopes" tabindex="-1"${scopes?.attributes}>
<legend>What it may do</legend>
${offered.map((scope) => html`<label class="tick"><input type="checkbox" name="scope" value="${scope}"${wish.scopes.includes(scope) && html` checked`}> <code>${scope}</code></label>`)}
${scopes?.words}
</fieldset>
<div>
<label for="lifetime">How long it lives</label>
<select id="lifetime" name="lifetime"${ends?.attributes}>
${lifetimes.map((time) => html`<option value="${time}"${String(time) === wish.lifetime && html` selected`}>${lifetime(time)}</option>`)}
</select>
${ends?.words}
</div>
<div class="row"><button>Make token</button> <a href="${paths.tokens}">Cancel</a></div>
</form>`
}</div>`,
  });
}

/** Shows a new token, this once. */
export function createdTokenPage(frame: Frame, { token, name, scopes, expiresAt }: Created): string {
  const { paths } = frame;
  return accountPage(frame, {
    title: 'Your new token',
    at: paths.tokens,
    content: html`<h1>Your new token</h1>
<p class="lead">Copy it now and keep it like a password: it cannot be shown again.</p>
<div class="card">
<h2><bdi>${name}</bdi></h2>
<code class="secret" tabindex="0" role="textbox" aria-readonly="true" aria-label="The token">${token}</code>
<p class="quiet small">It may ${scopeTags(scopes)}</p>
<p class="quiet small">It lives until ${day(expiresAt)}. Send it with each call:</p>
<pre>Authorization: Bearer ${shortened(token)}</pre>
</div>
<div class="row"><a class="button" href="${paths.tokens}">I have copied it</a></div>`,
  });
}

const shortened = (token: string): Html => html`${token.slice(0, 8)}…`;
