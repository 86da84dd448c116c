import type { UserView } from '../../../admin/user_view.ts';
import { getUser, listUsers } from '../../../admin/users.ts';
import { type Html, html } from '../../../http/pages/html.ts';
import { type ConsolePage, to } from '../page.ts';
import type { Kind } from '../parts/asked.ts';
import { badge, chips } from '../parts/facts.ts';
import { pages, searchForm } from '../parts/listing.ts';
import { table } from '../parts/table.ts';

export const USERS = { title: 'Users', to: '/users' };

export const userPath = (id: string): string => to('/users/details', { id });

export const USER: Kind<UserView> = {
  list: USERS,
  pathOf: userPath,
  load: ({ perform }, fields) => perform(getUser, { id: fields.needed('id') }),
  nameOf: ({ username }) => username,
  nameLabel: 'Username',
};

export const userList: ConsolePage = {
  method: 'GET',
  path: '/users',
  async answer({ query, perform, isAdmin, admin }) {
    const [search, after] = [query.text('search'), query.text('after')];
    const { items, next } = await perform(listUsers, { search, after });
    const mayCreate = isAdmin && admin.choices.databases.length > 0;
    return {
      title: 'Users',
      intro: 'The people whose passwords are kept here. Those of LDAP and the like stand in their own directories.',
      actions: mayCreate && html`<a class="button" href="/users/create">Create a user</a>`,
      content: html`${searchForm('/users', 'Find a user', search, 'Username, name, e-mail or id')}
<div class="card">${table({
        caption: 'Users',
        columns: [
          { label: 'Username' },
          { label: 'E-mail' },
          { label: 'Connection' },
          { label: 'Roles' },
          { label: 'State' },
        ],
        rows: items.map((user) => [
          html`<a href="${userPath(user.id)}"><bdi>${user.username}</bdi></a>${user.name !== undefined && html`<p><bdi>${user.name}</bdi></p>`}`,
          user.email !== undefined && html`<bdi>${user.email}</bdi>`,
          html`<bdi>${user.connection}</bdi>`,
          user.roles.length > 0 && chips(user.roles),
          stateOf(user),
        ]),
        empty:
          search === undefined
            ? 'There are no users yet.'
            : html`Nobody is called anything that begins with “<bdi>${search}</bdi>”. <a href="${userPath(search)}">Look it up as the id of a user of a directory</a>.`,
      })}</div>
${pages({ path: '/users', query: { search }, after, next })}`,
    };
  },
};

export const stateOf = ({ disabled, source }: UserView): Html =>
  html`${disabled ? badge('locked', 'bad') : badge('active', 'good')}${SOURCES[source] !== '' && html` ${badge(SOURCES[source], 'warn')}`}`;

const SOURCES = { store: '', configuration: 'in the configuration file', connection: 'in a directory' } as const;
