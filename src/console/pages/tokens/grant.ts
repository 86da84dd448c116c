import { deleteGrant, getGrant } from '../../../admin/tokens.ts';
import { html } from '../../../http/pages/html.ts';
import { clientPath } from '../clients/list.ts';
import { type ConsolePage, to } from '../page.ts';
import { card, chips, facts } from '../parts/facts.ts';
import { actionButton } from '../parts/forms.ts';
import { moment } from '../parts/times.ts';
import { userPath } from '../users/list.ts';

const TOKENS = { title: 'Tokens and sessions', to: '/tokens' };

/** One grant: everything that came from one sign-in. */
export const grantDetails: ConsolePage = {
  method: 'GET',
  path: '/tokens/grant',
  async answer({ query, perform, isAdmin, csrf }) {
    const grant = await perform(getGrant, { grant: query.needed('id') });
    const { user } = grant;
    return {
      title: 'Grant',
      above: [TOKENS],
      actions:
        isAdmin &&
        actionButton({
          action: '/tokens/end',
          csrf,
          hidden: { id: grant.id, user: user?.id },
          label: 'End this grant',
          kind: 'danger',
        }),
      content: card(
        { title: 'What was granted' },
        facts([
          [
            'User',
            user === undefined
              ? 'None: the app acts for itself.'
              : html`<a href="${userPath(user.id)}"><bdi>${user.username}</bdi></a> <span class="quiet">of ${user.connection}</span>`,
          ],
          ['App', html`<a href="${clientPath(grant.client)}"><bdi>${grant.client}</bdi></a>`],
          ['Device', grant.device !== undefined && html`<bdi>${grant.device}</bdi>`],
          ['Scopes', chips(grant.scopes, 'none')],
          ['Audience', grant.audience.length > 0 && chips(grant.audience)],
          ['Signed in', grant.authenticated_at !== undefined && moment(grant.authenticated_at)],
          ['Issued', moment(grant.issued_at)],
          ['Ends', moment(grant.expires_at)],
          ['Live access tokens', grant.live_access_tokens],
          ['Refresh token', grant.refreshable ? 'There is one.' : 'There is none that is good now.'],
          ['Id', html`<code>${grant.id}</code>`],
        ]),
      ),
    };
  },
};

export const endGrant: ConsolePage = {
  method: 'POST',
  path: '/tokens/end',
  role: 'admin',
  async answer({ form, perform }) {
    await perform(deleteGrant, { grant: form.needed('id') });
    return { to: to('/tokens', { user: form.text('user') }), notice: 'grant_ended' };
  },
};
