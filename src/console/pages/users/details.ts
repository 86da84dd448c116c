import { listGrants } from '../../../admin/tokens.ts';
import { listConsents, listDevices, listSessions } from '../../../admin/user_belongings.ts';
import type { UserView } from '../../../admin/user_view.ts';
import { getUser } from '../../../admin/users.ts';
import { type Html, html } from '../../../http/pages/html.ts';
import { clientPath } from '../clients/list.ts';
import { type ConsolePage, to, type Visit } from '../page.ts';
import { card, chips, facts } from '../parts/facts.ts';
import { actionButton } from '../parts/forms.ts';
import { table } from '../parts/table.ts';
import { moment, momentIfAny } from '../parts/times.ts';
import { grantTable } from '../tokens/grant_table.ts';
import { stateOf, USERS } from './list.ts';

/** How many of each are on the profile; who has more is looked at in "Tokens and sessions", or through the API. */
const SHOWN = 50;

/** Everything about one user, of whichever connection: who they are, and what they hold. */
export const userDetails: ConsolePage = {
  method: 'GET',
  path: '/users/details',
  async answer(visit) {
    const { perform, isAdmin } = visit;
    const id = visit.query.needed('id');
    const user = await perform(getUser, { id });
    const [sessions, devices, consents, grants] = await Promise.all([
      perform(listSessions, { id, limit: SHOWN }),
      perform(listDevices, { id, limit: SHOWN }),
      perform(listConsents, { id, limit: SHOWN }),
      perform(listGrants, { user: id, limit: 5 }),
    ]);
    return {
      title: user.name ?? user.username,
      badge: stateOf(user),
      above: [USERS],
      actions: isAdmin && actionsOf(user, visit),
      content: html`${profile(user)}
${card({ title: 'Browser sessions', id: 'sessions', intro: more(sessions, 'Browsers that this user is signed in with.') }, sessionTable(user, sessions.items, visit), true)}
${card({ title: 'Devices', id: 'devices', intro: more(devices, 'Devices that hold grants of this user, by the names that apps gave them.') }, deviceTable(user, devices.items, visit), true)}
${card({ title: 'Consents', id: 'consents', intro: more(consents, 'What this user has agreed that apps may do.') }, consentTable(user, consents.items, visit), true)}
${card({ title: 'Tokens', id: 'tokens', actions: html`<a href="${to('/tokens', { user: id })}">All grants of this user</a>` }, grantTable(grants.items, 'This user holds no grants.'), true)}`,
    };
  },
};

const more = ({ next }: { readonly next?: string | undefined }, intro: string): string =>
  next === undefined ? intro : `${intro} These are the first ${SHOWN}.`;

const profile = (user: UserView): Html =>
  card(
    { title: 'Profile' },
    facts([
      ['Username', html`<bdi>${user.username}</bdi>`],
      ['Id', html`<code><bdi>${user.id}</bdi></code>`],
      ['Name', user.name !== undefined && html`<bdi>${user.name}</bdi>`],
      ['E-mail address', user.email !== undefined && html`<bdi>${user.email}</bdi>`],
      ['Phone number', user.phone_number],
      ['Connection', html`<bdi>${user.connection}</bdi>`],
      ['Roles', chips(user.roles, 'none')],
      ['Created', user.source === 'store' && momentIfAny(user.created_at)],
    ]),
  );

function actionsOf({ id, username, connection, source, disabled }: UserView, { csrf }: Visit): Html {
  const isOurs = source === 'store';
  return html`${
    isOurs &&
    html`<a class="button" href="${to('/users/edit', { id })}">Edit</a>
<a class="button plain" href="${to('/users/password', { id })}">Set password</a>`
  }
<a class="button plain" href="${to('/users/sign-out', { id })}">Sign out everywhere</a>
${
  isOurs && !disabled
    ? html`<a class="button plain" href="${to('/users/lock', { id })}">Lock</a>`
    : isOurs
      ? actionButton({ action: '/users/unlock', csrf, hidden: { id }, label: 'Unlock' })
      : ''
}
${actionButton({ action: '/users/reset-attempts', csrf, hidden: { id, username, connection }, label: 'Forget failed attempts' })}
${isOurs && html`<a class="button danger" href="${to('/users/delete', { id })}">Delete</a>`}`;
}

type Items<T extends { run(...given: never[]): Promise<{ items: unknown[] }> }> = Awaited<
  ReturnType<T['run']>
>['items'];

const sessionTable = ({ id }: UserView, sessions: Items<typeof listSessions>, { csrf, isAdmin }: Visit): Html =>
  table({
    caption: 'Browser sessions',
    columns: [
      { label: 'Signed in' },
      { label: 'Browser' },
      { label: 'Address' },
      { label: 'For' },
      { label: 'Ends' },
      { label: 'Action', kind: 'act' },
    ],
    rows: sessions.map((session) => [
      moment(session.authenticated_at),
      session.user_agent !== undefined && html`<span class="small"><bdi>${session.user_agent}</bdi></span>`,
      session.address,
      session.purpose === 'console' ? 'the console' : 'apps',
      moment(session.expires_at),
      isAdmin &&
        actionButton({
          action: '/users/end-session',
          csrf,
          hidden: { id, session: session.id },
          label: 'End',
          of: `the session of ${session.authenticated_at}`,
          kind: 'link danger',
        }),
    ]),
    empty: 'This user is signed in with no browser.',
  });

const deviceTable = ({ id }: UserView, devices: Items<typeof listDevices>, { csrf, isAdmin }: Visit): Html =>
  table({
    caption: 'Devices',
    columns: [
      { label: 'Device' },
      { label: 'Apps' },
      { label: 'Grants', kind: 'number' },
      { label: 'Latest' },
      { label: 'Ends' },
      { label: 'Action', kind: 'act' },
    ],
    rows: devices.map((device) => [
      html`<bdi>${device.name}</bdi>`,
      html`${device.clients.map((client, index) => html`${index > 0 && ', '}<a href="${clientPath(client)}"><bdi>${client}</bdi></a>`)}`,
      device.grants,
      moment(device.issued_at),
      moment(device.expires_at),
      isAdmin &&
        actionButton({
          action: '/users/end-device',
          csrf,
          hidden: { id, device: device.id },
          label: 'Sign out',
          of: `the device ${device.name}`,
          kind: 'link danger',
        }),
    ]),
    empty: 'No device holds a grant of this user.',
  });

const consentTable = ({ id }: UserView, consents: Items<typeof listConsents>, { csrf, isAdmin }: Visit): Html =>
  table({
    caption: 'Consents',
    columns: [{ label: 'App' }, { label: 'Scopes' }, { label: 'Agreed' }, { label: 'Action', kind: 'act' }],
    rows: consents.map((consent) => [
      html`<a href="${clientPath(consent.client)}"><bdi>${consent.client_name ?? consent.client}</bdi></a>`,
      chips(consent.scopes),
      moment(consent.granted_at),
      isAdmin &&
        actionButton({
          action: '/users/withdraw-consent',
          csrf,
          hidden: { id, client: consent.client },
          label: 'Withdraw',
          of: `the consent to ${consent.client_name ?? consent.client}`,
          kind: 'link danger',
        }),
    ]),
    empty: 'This user has agreed to nothing that is remembered.',
  });
