import { html } from '../../http/pages/html.ts';
import { LONGEST_PASSWORD, SHORTEST_PASSWORD } from '../../model/password_rules.ts';
import type { PasswordPlace } from '../password_change.ts';
import { accountPage, csrfField, type Frame, type Problem, wrong } from './layout.ts';

export interface PasswordPage {
  readonly username: string;
  readonly place: PasswordPlace;
  readonly connection: string;
  /** The boxes as they were ticked. */
  readonly others: boolean;
  readonly revoke: boolean;
  /** How many personal tokens there are. */
  readonly tokens: number;
  readonly problems: readonly Problem[];
}

/** Asks for the current password and a new one. Passwords never come back in a refused form. */
export function passwordPage(frame: Frame, page: PasswordPage): string {
  const { paths } = frame;
  return accountPage(frame, {
    title: 'Password',
    at: paths.password,
    problems: page.problems,
    content: html`<div class="narrow"><h1>Password</h1>
${page.place === 'store' ? form(frame, page) : elsewhere(page)}</div>`,
  });
}

const elsewhere = ({ place, connection }: PasswordPage) =>
  place === 'configuration'
    ? html`<p class="lead">Your password is in the configuration file of this gateway: ask its operator to change it there.</p>`
    : html`<p class="lead">You sign in with <strong><bdi>${connection}</bdi></strong>, which keeps your password: change it there.</p>`;

function form({ paths, csrf }: Frame, { username, others, revoke, tokens, problems }: PasswordPage) {
  const [current, next, repeated] = (['current', 'next', 'repeated'] as const).map((field) => wrong(problems, field));
  return html`<form class="fields" method="post" action="${paths.password}">
${csrfField(csrf)}
<input type="text" name="username" value="${username}" autocomplete="username" readonly hidden>
<div>
<label for="current">Current password</label>
<input id="current" name="current" type="password" autocomplete="current-password" maxlength="${LONGEST_PASSWORD}" required${current?.attributes}>
${current?.words}
</div>
<div>
<label for="next">New password</label>
<input id="next" name="next" type="password" autocomplete="new-password" minlength="${SHORTEST_PASSWORD}" maxlength="${LONGEST_PASSWORD}" required${next?.attributes}>
${next?.words}
<p class="hint">At least ${SHORTEST_PASSWORD} characters. A few words that do not belong together are good, and easy to remember.</p>
</div>
<div>
<label for="repeated">New password again</label>
<input id="repeated" name="repeated" type="password" autocomplete="new-password" maxlength="${LONGEST_PASSWORD}" required${repeated?.attributes}>
${repeated?.words}
</div>
<div>
<label class="tick"><input type="checkbox" name="others" value="yes"${others && html` checked`}> Sign out all other browsers, and all apps</label>
${tokens > 0 && html`<label class="tick"><input type="checkbox" name="revoke" value="yes"${revoke && html` checked`}> Revoke my ${tokens === 1 ? 'personal token' : `${tokens} personal tokens`} too</label>`}
</div>
<button>Change password</button>
</form>`;
}
