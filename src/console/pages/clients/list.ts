import type { ClientView } from '../../../admin/client_view.ts';
import { getClient, listClients } from '../../../admin/clients.ts';
import { type Html, html } from '../../../http/pages/html.ts';
import { type ConsolePage, to } from '../page.ts';
import type { Kind } from '../parts/asked.ts';
import { badge } from '../parts/facts.ts';
import { pages, searchForm } from '../parts/listing.ts';
import { table } from '../parts/table.ts';
import { momentIfAny } from '../parts/times.ts';

export const CLIENTS = { title: 'API Clients', to: '/clients' };

export const clientPath = (id: string): string => to('/clients/details', { id });

export const CLIENT: Kind<ClientView> = {
  list: CLIENTS,
  pathOf: clientPath,
  load: ({ perform }, fields) => perform(getClient, { id: fields.needed('id') }),
  nameOf: ({ name }) => name,
  nameLabel: 'Name',
};

/** The tab "API Clients". */
export const clientList: ConsolePage = {
  method: 'GET',
  path: '/clients',
  async answer({ query, perform, isAdmin }) {
    const [search, after] = [query.text('search'), query.text('after')];
    const { items, next } = await perform(listClients, { search, after });
    return {
      title: 'API Clients',
      intro: 'The applications that may ask for tokens.',
      actions: isAdmin && html`<a class="button" href="/clients/create">Create a New API Client</a>`,
      content: html`${searchForm('/clients', 'Find a client', search, 'Name or consumer key')}
<div class="card">${table({
        caption: 'API clients',
        columns: [{ label: 'Name' }, { label: 'Kind' }, { label: 'Grants' }, { label: 'Last use' }],
        rows: items.map((client) => [
          html`<a href="${clientPath(client.id)}"><bdi>${client.name}</bdi></a><p><code>${client.id}</code></p>`,
          badgesOf(client),
          html`<span class="small">${client.grants.map(shortGrant).join(', ')}</span>`,
          momentIfAny(client.last_used_at, 'never'),
        ]),
        empty:
          search === undefined
            ? 'There are no clients yet.'
            : html`No client is called anything that begins with “<bdi>${search}</bdi>”.`,
      })}</div>
${pages({ path: '/clients', query: { search }, after, next })}`,
    };
  },
};

export const badgesOf = ({ disabled, source, ...client }: ClientView): Html =>
  html`${client.public ? badge('public') : badge('confidential')}${disabled && html` ${badge('disabled', 'bad')}`}${source === 'configuration' && html` ${badge('in the configuration file', 'warn')}`}`;

/** Grants that are extensions are URIs: their last part says enough. */
export const shortGrant = (grant: string): string => grant.slice(grant.lastIndexOf(':') + 1);
