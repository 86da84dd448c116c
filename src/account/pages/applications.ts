import { type Html, html } from '../../http/pages/html.ts';
import type { Application } from '../applications.ts';
import { accountPage, csrfField, type Frame } from './layout.ts';
import { day, scopeTags } from './words.ts';

/** The clients that act for the user, or may without asking again. */
export function applicationsPage(frame: Frame, applications: readonly Application[]): string {
  const { paths } = frame;
  return accountPage(frame, {
    title: 'Apps',
    at: paths.applications,
    content: html`<h1>Apps</h1>
<p class="lead">These apps may act for you, or may without asking you again. Take access away from those that you do not use: they must ask you when they want it back.</p>
${
  applications.length === 0
    ? html`<p class="empty">No app has access to your account.</p>`
    : html`<table>
<thead><tr><th scope="col">App</th><th scope="col">It may</th><th scope="col">Since</th><th scope="col">Last signed in</th><th scope="col"><span class="quiet">Action</span></th></tr></thead>
<tbody>${applications.map((each) => row(frame, each))}</tbody>
</table>`
}`,
  });
}

function row({ paths, csrf }: Frame, { client, name, description, scopes, since, last, grants }: Application): Html {
  return html`<tr>
<td><bdi>${name}</bdi>${description !== undefined && html`<p class="quiet"><bdi>${description}</bdi></p>`}</td>
<td data-label="It may">${scopeTags(scopes)}</td>
<td data-label="Since">${day(since)}</td>
<td data-label="Last signed in">${last === undefined ? html`<span class="quiet">not signed in now</span>` : day(last)}</td>
<td class="do"><details><summary aria-label="Remove access of ${name}">Remove access</summary>
<form method="post" action="${paths.removeApplication}">
${csrfField(csrf)}
<input type="hidden" name="client" value="${client}">
<p>${grants > 0 ? 'It is signed out at once, and' : 'It'} must ask you again.</p>
<button class="bad" aria-label="Remove access of ${name} now">Remove access</button>
</form></details></td>
</tr>`;
}
