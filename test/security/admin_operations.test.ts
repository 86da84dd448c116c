/**
 * The threat: somebody who may look (an auditor, an app that reads the API) wants to change something, or to learn a secret; somebody
 * who may change things wants to change more than the operation is for, to do it without a trace, or to have a name do harm later.
 */
import { afterEach, expect, it } from 'vitest';
import { clientChange, clientDraft } from '../../src/admin/client_inputs.ts';
import { createClient, getClient, rotateSecret, updateClient } from '../../src/admin/clients.ts';
import { operations } from '../../src/admin/operations.ts';
import { createUser, getUser, resetPassword, updateUser } from '../../src/admin/users.ts';
import {
  type AdministrationUnderTest,
  identity,
  startAdministration,
  WONDERLAND,
} from '../admin/administration_under_test.ts';

let current: AdministrationUnderTest | undefined;
afterEach(() => current?.close());
const start = async (): Promise<AdministrationUnderTest> => {
  current = await startAdministration();
  return current;
};

const DRAFT = { id: 'orders', name: 'Orders', grants: ['client_credentials'] };
const ALICE = { id: 'u-alice', username: 'alice', password_hash: WONDERLAND };

/** Something right for each operation. */
function inputsOf(held: { readonly grant: string; readonly token: string; readonly session: string }) {
  const call = { method: 'GET', target: '/orders/7', token: held.token };
  const user = { id: 'u-alice' };
  const client = { id: 'orders' };
  return {
    'clients.create': { ...DRAFT, id: 'another' },
    'clients.get': client,
    'clients.update': { ...client, name: 'New' },
    'clients.rotate_secret': client,
    'clients.end_previous_secret': client,
    'users.create': { username: 'bob', password: 'canary-password-of-bob' },
    'users.get': user,
    'users.update': { ...user, name: 'New' },
    'users.set_password': { ...user, password: 'canary-new-password', keep_sessions: true },
    'users.unlock': user,
    'users.consents': user,
    'users.forget_consent': { ...user, client: 'none' },
    'users.sessions': user,
    'users.end_session': { ...user, session: held.session },
    'users.devices': user,
    'users.end_device': { ...user, device: 'UGhvbmU' },
    'attempts.reset': { username: 'alice' },
    'tokens.list': { user: 'u-alice' },
    'tokens.get': { grant: held.grant },
    'tokens.inspect': { token: held.token },
    'routes.get': { name: 'orders' },
    'routes.explain': call,
    'routes.try': call,
    'tokens.revoke': { token: held.token },
    'tokens.end': { grant: held.grant },
    'tokens.revoke_all': { user: 'u-alice' },
    'users.lock': user,
    'users.sign_out': user,
    'users.delete': user,
    'clients.delete': client,
  } as Readonly<Record<string, object>>;
}

async function everything(of: AdministrationUnderTest) {
  const made = await of.ask(createClient, DRAFT);
  await of.ask(createUser, ALICE);
  const user = identity('u-alice');
  const tokens = await of.grant({ client: 'orders', user, device: 'Phone' });
  const cookie = await of.session(user);
  const { grant = '' } = (await of.ask(operationOf('tokens.inspect'), { token: tokens.access })) as { grant?: string };
  const sessions = (await of.ask(operationOf('users.sessions'), { id: 'u-alice' })) as { items: { id: string }[] };
  const inputs = inputsOf({ grant, token: tokens.access, session: sessions.items[0]?.id ?? '' });
  return { inputs, secrets: [made.client_secret ?? '', tokens.access, tokens.refresh, cookie] };
}

function operationOf(id: string) {
  const found = operations.find((operation) => operation.id === id);
  if (!found) throw new Error(`there is no operation ${id}`);
  return found;
}

it('changes nothing for an auditor, and writes down that they tried', async () => {
  const gate = await start();
  const { inputs } = await everything(gate);
  const changing = operations.filter(({ audit }) => audit !== undefined);
  expect(changing.length).toBeGreaterThan(15);
  // Whatever is written down changes something, and whatever changes something is not for auditors.
  expect(operations.filter(({ role, audit }) => (role === 'admin') !== (audit !== undefined))).toEqual([]);
  const before = JSON.stringify([
    await gate.ask(getClient, { id: 'orders' }),
    await gate.ask(getUser, { id: 'u-alice' }),
  ]);
  const earlier = (await gate.audited()).length;
  for (const operation of changing) {
    expect(await gate.problem(operation, inputs[operation.id] ?? {}, 'auditor')).toMatchObject({ type: 'forbidden' });
    // What they sent is not even judged.
    expect(await gate.problem(operation, { nonsense: true }, 'auditor')).toMatchObject({ type: 'forbidden' });
  }
  expect(
    JSON.stringify([await gate.ask(getClient, { id: 'orders' }), await gate.ask(getUser, { id: 'u-alice' })]),
  ).toBe(before);
  const tried = (await gate.audited()).slice(earlier);
  expect(tried).toHaveLength(2 * changing.length);
  for (const event of tried)
    expect(event).toMatchObject({ outcome: 'refused', actor: { id: 'u-auditor' }, address: '192.0.2.7' });
});

it('tells no secret in any answer or event: no password, no hash, no token, no cookie', async () => {
  const gate = await start();
  const { inputs, secrets } = await everything(gate);
  const answers: string[] = [];
  const shown: string[] = [];
  // In their order, for the last ones take away what the others look at.
  const order = [...Object.keys(inputs), 'me.get', 'clients.list', 'users.list', 'routes.list', 'audit.list'];
  for (const id of order) {
    const answer = await gate.ask(operationOf(id), inputs[id] ?? {}).catch((error: unknown) => {
      expect(error).toMatchObject({ name: 'AdminProblem' });
      return String(error);
    });
    // The two that give a secret give it under this name, once.
    const { client_secret: given, ...rest } = Object(answer) as { client_secret?: string };
    if (given !== undefined) shown.push(given);
    answers.push(JSON.stringify(rest) + (typeof answer === 'string' ? answer : ''));
    const output = operationOf(id).output.safeParse(answer);
    if (typeof answer !== 'string') expect([id, output.error?.issues ?? []]).toEqual([id, []]);
  }
  expect(shown).toHaveLength(2);
  const left = operations.filter(({ id }) => !order.includes(id)).map(({ id }) => id);
  expect(left.sort()).toEqual(['overview.get', 'overview.refusals']);
  const everythingTold = [...answers, JSON.stringify(await gate.audited())].join('\n');
  for (const secret of [...secrets, ...shown, WONDERLAND]) expect(everythingTold).not.toContain(secret);
  expect(everythingTold).not.toMatch(/canary|argon2|sha256:|ghk_|gha_[\w-]{20}|ghr_[\w-]{20}|ghs_/);
});

it.each([
  ['secrets', [{ hash: 'sha256:mine' }]],
  ['secret', 'mine'],
  ['source', 'configuration'],
  ['created_at', '2020-01-01T00:00:00Z'],
  ['signingSecret', 'mine'],
  ['constructor', {}],
  ['terms_accepted', true],
])('does not let %s be assigned by sending it along', async (name, value) => {
  const gate = await start();
  await gate.ask(createClient, DRAFT);
  for (const [operation, input] of [
    [createClient, { ...DRAFT, id: 'more' }],
    [updateClient, { id: 'orders' }],
    [createUser, ALICE],
    [updateUser, { id: 'u-fixed' }],
  ] as const) {
    const problem = await gate.problem(operation as typeof createClient, { ...input, [name]: value });
    expect(problem).toMatchObject({ type: 'invalid', fields: [{ path: name }] });
  }
  expect(clientDraft.safeParse({ ...DRAFT, disabled: true }).success).toBe(false);
  expect(clientChange.safeParse({ id: 'orders', public: true }).success).toBe(false);
});

it('takes no prototype for a member', async () => {
  const gate = await start();
  const sent = JSON.parse(`{ "id": "x", "name": "X", "grants": ["password"], "__proto__": { "disabled": true } }`);
  expect(await gate.problem(createClient, sent)).toMatchObject({ type: 'invalid' });
  expect(Object.getPrototypeOf(JSON.parse('{}'))).toBe(Object.prototype);
  expect(({} as { disabled?: boolean }).disabled).toBeUndefined();
});

it.each(['__proto__', 'constructor', 'toString', '..', 'a/b', '%2e%2e', '💥', "'; DROP TABLE", 'x'.repeat(256)])(
  'finds nothing under the id %j, and breaks nothing',
  async (id) => {
    const gate = await start();
    for (const operation of operations) {
      if (!operation.path.includes('{id}')) continue;
      const more = { client: id, session: id, device: id, password: 'a new password', name: 'New' };
      const taken = Object.entries(more).filter(([name]) => operation.path.includes(`{${name}}`));
      const input = { id, ...Object.fromEntries(taken) };
      const answer = await gate.ask(operation, input).catch((error: unknown) => error);
      if (answer instanceof Error) expect(answer).toMatchObject({ name: 'AdminProblem' });
      else expect(JSON.stringify(answer)).toMatch(/"items":\[\]|"ended_grants":0/);
    }
  },
);

it.each(['a\0b', 'a\nb', 'a\u2028b', '\ud800', '', 'x'.repeat(257)])('refuses %j as an id', async (id) => {
  const gate = await start();
  for (const operation of [getClient, getUser]) {
    const problem = await gate.problem(operation as typeof getClient, { id });
    expect(['invalid', 'not_found']).toContain(problem.type);
  }
});

it('keeps scripts, quotes and other writing as the text that they are', async () => {
  const gate = await start();
  const name = `<script>alert("1")</script>' OR 1=1 -- {{7*7}} \${x} ‮txt`;
  expect(await gate.ask(createClient, { ...DRAFT, name, description: name })).toMatchObject({
    name,
    description: name,
  });
  expect(await gate.ask(createUser, { ...ALICE, name, username: name })).toMatchObject({ name, username: name });
  expect((await gate.ask(getUser, { id: 'u-alice' })).name).toBe(name);
  expect((await gate.audited()).map(({ target }) => target?.name)).toEqual([name, name]);
});

it('writes down who changed what, and by which names, but no value', async () => {
  const gate = await start();
  await gate.ask(createClient, DRAFT);
  await gate.ask(updateClient, { id: 'orders', name: 'Very New', scopes: ['canary'] });
  await gate.ask(rotateSecret, { id: 'orders', overlap: '1h' });
  await gate.ask(createUser, ALICE);
  await gate.ask(resetPassword, { id: 'u-alice', password: 'canary in a mine' });
  await gate.problem(updateClient, { id: 'fixed', name: 'Mine' });
  const events = await gate.audited();
  expect(events.map(({ action, outcome }) => [action, outcome])).toEqual([
    ['clients.create', 'done'],
    ['clients.update', 'done'],
    ['clients.rotate_secret', 'done'],
    ['users.create', 'done'],
    ['users.set_password', 'done'],
    ['clients.update', 'refused'],
  ]);
  expect(events[1]).toMatchObject({
    ...{ actor: { kind: 'user', id: 'u-admin' }, via: 'api', requestId: 'r-1', detail: { changed: 'name scopes' } },
    target: { kind: 'client', id: 'orders', name: 'Very New' },
  });
  expect(events[5]).toMatchObject({ target: { id: 'fixed' }, detail: { problem: 'configured' } });
  expect(JSON.stringify(events)).not.toContain('canary');
});

it('does what was asked although the audit log cannot be written: the secret is shown once', async () => {
  const gate = await start();
  const { close } = gate;
  current = await startAdministration(undefined, {
    audit: { append: () => Promise.reject(new Error('full')), page: async () => ({ items: [] }) },
  });
  await close();
  expect(await current.ask(createClient, DRAFT)).toHaveProperty('client_secret');
});
