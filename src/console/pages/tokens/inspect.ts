import { AdminProblem } from '../../../admin/problem.ts';
import type { TokenReport } from '../../../admin/token_view.ts';
import { inspectToken, revokeToken } from '../../../admin/tokens.ts';
import { type Html, html } from '../../../http/pages/html.ts';
import { clientPath } from '../clients/list.ts';
import type { ConsolePage, Visit } from '../page.ts';
import { badge, card, chips, facts, note } from '../parts/facts.ts';
import { form, inputField, type Trouble, troubleOf } from '../parts/forms.ts';
import { moment } from '../parts/times.ts';
import { userPath } from '../users/list.ts';
import { grantPath } from './grant_table.ts';

const PATH = '/tokens/inspect';
const TOKENS = { title: 'Tokens and sessions', to: '/tokens' };

/** Takes a token that somebody has. It travels in the body of a form, and no page and no address has it afterwards. */
export const inspectForm = ({ csrf, isAdmin }: Visit, trouble?: Trouble): Html =>
  card(
    { title: 'Inspect a token', intro: 'Paste an access or refresh token. It is not kept, and not shown again.' },
    form({
      action: PATH,
      csrf,
      content: inputField({
        name: 'token',
        label: 'Token',
        type: 'password',
        trouble,
        required: true,
        longest: 4096,
        code: true,
      }),
      submit: html`<button class="plain" name="do" value="inspect">Inspect</button>${isAdmin && html`<button class="danger" name="do" value="revoke">Revoke this token</button>`}`,
    }),
  );

/** What a token stands for; or its end. */
export const inspectDone: ConsolePage = {
  method: 'POST',
  path: PATH,
  async answer(visit) {
    const { form: sent, perform } = visit;
    const token = sent.exact('token').trim();
    try {
      if (sent.exact('do') === 'revoke') {
        const { revoked } = await perform(revokeToken, { token });
        return { to: '/tokens', notice: revoked ? 'token_ended' : 'nothing_there' };
      }
      const report = await perform(inspectToken, { token });
      return {
        title: 'What the token stands for',
        above: [TOKENS],
        content: html`${told(report)}${inspectForm(visit)}`,
      };
    } catch (error) {
      if (!(error instanceof AdminProblem) || error.type !== 'invalid') throw error;
      const trouble = troubleOf(error, ['token']);
      return { title: 'Inspect a token', above: [TOKENS], status: 422, content: inspectForm(visit, trouble) };
    }
  },
};

function told(report: TokenReport): Html {
  if (!report.active) {
    return note(
      'warn',
      html`<p><strong>It is good for nothing.</strong> It has expired, was revoked, or never was a token of ours.</p>`,
    );
  }
  const { user, client, grant, issued_at, expires_at, authenticated_at } = report;
  return card(
    {
      title: report.kind === 'refresh_token' ? 'Refresh token' : 'Access token',
      actions: report.live === false ? badge('replaced already', 'warn') : badge('active', 'good'),
    },
    facts([
      [
        'User',
        user === undefined
          ? 'None: the app acts for itself.'
          : html`<a href="${userPath(user.id)}"><bdi>${user.username}</bdi></a> <span class="quiet">of ${user.connection}</span>`,
      ],
      ['Roles', user !== undefined && user.roles.length > 0 && chips(user.roles)],
      ['App', client !== undefined && html`<a href="${clientPath(client)}"><bdi>${client}</bdi></a>`],
      ['Device', report.device !== undefined && html`<bdi>${report.device}</bdi>`],
      ['Scopes', chips(report.scopes ?? [], 'none')],
      ['Audience', (report.audience ?? []).length > 0 && chips(report.audience ?? [])],
      ['Signed in', authenticated_at !== undefined && moment(authenticated_at)],
      ['Issued', issued_at !== undefined && moment(issued_at)],
      ['Ends', expires_at !== undefined && moment(expires_at)],
      [
        'Grant',
        grant !== undefined && html`<a href="${grantPath(grant)}">All tokens that came from the same sign-in</a>`,
      ],
    ]),
  );
}
