import type { GrantEntry } from '../../../admin/token_view.ts';
import { type Html, html } from '../../../http/pages/html.ts';
import { clientPath } from '../clients/list.ts';
import { to } from '../page.ts';
import { chips } from '../parts/facts.ts';
import { table } from '../parts/table.ts';
import { moment } from '../parts/times.ts';
import { userPath } from '../users/list.ts';

export const grantPath = (id: string): string => to('/tokens/grant', { id });

/** What was granted to whom: one row for all tokens that came from one sign-in. */
export const grantTable = (grants: readonly GrantEntry[], empty: Html | string): Html =>
  table({
    caption: 'Grants',
    columns: [
      { label: 'Issued' },
      { label: 'User' },
      { label: 'App' },
      { label: 'Device' },
      { label: 'Scopes' },
      { label: 'Live tokens', kind: 'number' },
      { label: 'Ends' },
    ],
    rows: grants.map((grant) => [
      html`<a href="${grantPath(grant.id)}">${moment(grant.issued_at)}</a>`,
      grant.user === undefined
        ? html`<span class="quiet">the app itself</span>`
        : html`<a href="${userPath(grant.user.id)}"><bdi>${grant.user.username}</bdi></a>`,
      html`<a href="${clientPath(grant.client)}"><bdi>${grant.client}</bdi></a>`,
      grant.device !== undefined && html`<bdi>${grant.device}</bdi>`,
      chips(grant.scopes),
      grant.live_access_tokens,
      moment(grant.expires_at),
    ]),
    empty,
  });
