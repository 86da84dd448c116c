import type { ClientView } from '../../../admin/client_view.ts';
import { getClient } from '../../../admin/clients.ts';
import { type Html, html } from '../../../http/pages/html.ts';
import { type ConsolePage, to, type Visit } from '../page.ts';
import { card, chips, facts } from '../parts/facts.ts';
import { actionButton } from '../parts/forms.ts';
import { moment, momentIfAny } from '../parts/times.ts';
import { badgesOf, CLIENTS, shortGrant } from './list.ts';
import { copied } from './secret.ts';

/** Everything about one client. */
export const clientDetails: ConsolePage = {
  method: 'GET',
  path: '/clients/details',
  async answer(visit) {
    const client = await visit.perform(getClient, { id: visit.query.needed('id') });
    const isOurs = client.source === 'store' && visit.isAdmin;
    return {
      title: client.name,
      badge: badgesOf(client),
      above: [CLIENTS],
      intro: client.description !== undefined && html`<bdi>${client.description}</bdi>`,
      actions: isOurs && actionsOf(client, visit),
      content: html`<div class="columns"><div>${credentials(client, visit, isOurs)}${card(
        { title: 'Use' },
        facts([
          ['Last use', momentIfAny(client.last_used_at, 'never')],
          ['Created', client.source === 'configuration' ? 'in the configuration file' : momentIfAny(client.created_at)],
          [
            'Grants that it holds',
            html`<a href="${to('/tokens', { client: client.id })}">Tokens and sessions of this client</a>`,
          ],
        ]),
      )}</div>
<div>${settings(client)}</div></div>`,
    };
  },
};

function credentials(client: ClientView, { csrf }: Visit, isOurs: boolean): Html {
  const { id, secrets } = client;
  const previous = secrets.filter(({ expires_at }) => expires_at !== undefined);
  const secret = client.public
    ? 'None: the client is public and uses PKCE.'
    : html`<p>Shown once, when it was made; we keep nothing that it could be read from.</p>
${previous.map(({ expires_at }) => html`<p class="small quiet">A previous one works until ${expires_at !== undefined && moment(expires_at)}.</p>`)}
${
  isOurs &&
  html`<div class="actions spaced"><a class="button plain" href="${to('/clients/rotate-secret', { id })}">Rotate secret</a>
${previous.length > 0 && actionButton({ action: '/clients/end-previous-secret', csrf, hidden: { id }, label: 'End the previous one now', kind: 'danger' })}</div>`
}`;
  return card(
    { title: 'Credentials' },
    facts([
      ['Consumer Key', copied(id, 'the consumer key')],
      ['Consumer Secret', secret],
    ]),
  );
}

const settings = (client: ClientView): Html =>
  card(
    { title: 'What it may do' },
    facts([
      ['Grants', chips(client.grants.map(shortGrant))],
      ['Redirect URIs', chips(client.redirect_uris, 'none')],
      ['Scopes', chips(client.scopes, 'none')],
      ['Audience', chips(client.audience, 'none')],
      ['Dialects', chips(client.dialects ?? [], 'all')],
      ['Connections', chips(client.connections ?? [], 'all')],
    ]),
  );

const actionsOf = ({ id, disabled }: ClientView, { csrf }: Visit): Html =>
  html`<a class="button" href="${to('/clients/edit', { id })}">Edit</a>
${
  disabled
    ? actionButton({ action: '/clients/enable', csrf, hidden: { id }, label: 'Enable' })
    : html`<a class="button plain" href="${to('/clients/disable', { id })}">Disable</a>`
}
<a class="button danger" href="${to('/clients/delete', { id })}">Delete</a>`;
