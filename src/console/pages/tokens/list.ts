import { AdminProblem } from '../../../admin/problem.ts';
import { listGrants, revokeGrants } from '../../../admin/tokens.ts';
import { type Html, html } from '../../../http/pages/html.ts';
import { type ConsolePage, type Shown, to, type Visit } from '../page.ts';
import { confirmation } from '../parts/confirmation.ts';
import { card } from '../parts/facts.ts';
import { inputField, summaryOf, type Trouble, troubleOf } from '../parts/forms.ts';
import { pages } from '../parts/listing.ts';
import { grantTable } from './grant_table.ts';
import { inspectForm } from './inspect.ts';

export const TOKENS = { title: 'Tokens and sessions', to: '/tokens' };

const LABELS = { user: 'User', client: 'Consumer key', device: 'Device' } as const;

/** Whose grants are looked for. */
interface Sought {
  readonly user?: string | undefined;
  readonly client?: string | undefined;
  readonly device?: string | undefined;
}

const soughtIn = (fields: Visit['query']): Sought => ({
  user: fields.text('user'),
  client: fields.text('client'),
  device: fields.text('device'),
});

const isNothing = ({ user, client, device }: Sought): boolean =>
  user === undefined && client === undefined && device === undefined;

/** Finds grants by user, client or device; and tells what a token stands for. */
export const grantList: ConsolePage = {
  method: 'GET',
  path: '/tokens',
  async answer(visit) {
    const { query, perform } = visit;
    const sought = soughtIn(query);
    if (isNothing(sought)) return page(visit, sought);
    const after = query.text('after');
    try {
      const user = await userIdOf(visit, sought.user);
      const { items, next } = await perform(listGrants, { ...sought, user, after });
      return page(visit, sought, found(visit, { ...sought, user }, items, after, next));
    } catch (error) {
      if (!(error instanceof AdminProblem) || error.type !== 'invalid') throw error;
      return { ...page(visit, sought, undefined, troubleOf(error, Object.keys(LABELS))), status: 422 };
    }
  },
};

/** People know usernames, grants know ids. */
async function userIdOf({ admin }: Visit, typed: string | undefined): Promise<string | undefined> {
  if (typed === undefined || (await admin.users.find(typed))) return typed;
  for (const connection of admin.choices.databases) {
    const user = await admin.users.findByUsername(connection, typed);
    if (user) return user.id;
  }
  return typed;
}

function page(visit: Visit, sought: Sought, results?: Html, trouble?: Trouble): Shown {
  const field = (name: keyof Sought, hint: string) =>
    inputField({ name, label: LABELS[name], value: sought[name], placeholder: hint, trouble, code: true });
  return {
    title: TOKENS.title,
    intro:
      'What was granted, by user, client or device. A grant is everything that came from one sign-in; ending it ends all of its tokens, on all nodes.',
    content: html`${summaryOf(trouble, LABELS)}<form class="search" role="search" method="get" action="/tokens">
${field('user', 'Id or username')}
${field('client', 'Id of the client')}
${field('device', 'Name, beside one of these')}
<button class="plain">Find</button>
</form>
${results}
${inspectForm(visit)}`,
  };
}

function found(
  { isAdmin }: Visit,
  sought: Sought,
  items: Parameters<typeof grantTable>[0],
  after?: string,
  next?: string,
): Html {
  const query = { user: sought.user, client: sought.client, device: sought.device };
  return html`${card(
    {
      title: 'Grants',
      intro:
        sought.user !== undefined &&
        html`Browser sessions are on <a href="${to('/users/details', { id: sought.user })}">the page of the user</a>.`,
      actions:
        isAdmin &&
        items.length > 0 &&
        html`<a class="button danger" href="${to('/tokens/end-all', query)}">End all of these</a>`,
    },
    grantTable(items, 'There are no grants like this.'),
    true,
  )}
${pages({ path: '/tokens', query, after, next })}`;
}

export const endAllForm: ConsolePage = {
  method: 'GET',
  path: '/tokens/end-all',
  role: 'admin',
  async answer({ query, csrf }) {
    const sought = soughtIn(query);
    return {
      title: 'End all of these grants',
      above: [TOKENS],
      content: confirmation({
        action: '/tokens/end-all',
        csrf,
        hidden: { ...sought },
        says: html`<p>Every grant ${describe(sought)} ends now, with every token, on all nodes.</p>`,
        button: 'End these grants',
        back: to('/tokens', { ...sought }),
      }),
    };
  },
};

const describe = ({ user, client, device }: Sought): Html =>
  html`${user !== undefined && html`of the user <strong><bdi>${user}</bdi></strong> `}${client !== undefined && html`of the client <strong><bdi>${client}</bdi></strong> `}${device !== undefined && html`on the device <strong><bdi>${device}</bdi></strong> `}`;

export const endAllDone: ConsolePage = {
  method: 'POST',
  path: '/tokens/end-all',
  role: 'admin',
  async answer({ form, perform }) {
    const sought = soughtIn(form);
    const { ended_grants } = await perform(revokeGrants, sought);
    return { to: to('/tokens', { ...sought }), notice: ended_grants > 0 ? 'grants_ended' : 'nothing_there' };
  },
};
