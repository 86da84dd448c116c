import { afterEach, describe, expect, it } from 'vitest';
import {
  createClient,
  deleteClient,
  endPreviousSecret,
  getClient,
  listClients,
  rotateSecret,
  updateClient,
} from '../../src/admin/clients.ts';
import { createLastUse } from '../../src/registry/last_use.ts';
import {
  type AdministrationUnderTest,
  identity,
  openEmbedded,
  openMemory,
  startAdministration,
} from './administration_under_test.ts';

const DRAFT = {
  name: 'Orders',
  grants: ['authorization_code', 'refresh_token'],
  redirect_uris: ['https://orders.example.com/callback'],
  scopes: ['read'],
};

describe.each([
  ['memory', openMemory],
  ['embedded', openEmbedded],
])('clients in %s', (_name, open) => {
  let current: AdministrationUnderTest | undefined;
  const start = async () => (current = await startAdministration(open));
  afterEach(() => current?.close());

  it('are made with a secret that is shown once, and read without it', async () => {
    const { ask, clock } = await start();
    const made = await ask(createClient, { ...DRAFT, id: 'orders', description: 'All of them' });
    expect(made).toEqual({
      ...{ id: 'orders', name: 'Orders', description: 'All of them', public: false, disabled: false },
      ...{ grants: DRAFT.grants, redirect_uris: DRAFT.redirect_uris, scopes: ['read'], audience: [] },
      ...{ source: 'store', secrets: [{}], revision: expect.stringMatching(/^[\w-]{16}$/) },
      created_at: new Date(clock.now()).toISOString().replace('.000', ''),
      client_secret: expect.stringMatching(/^ghk_[\w-]{43}$/),
    });
    const { client_secret: _secret, ...rest } = made;
    expect(await ask(getClient, { id: 'orders' })).toEqual(rest);
  });

  it('are listed with those of the configuration, in pages, and found by the beginning of a word', async () => {
    const { ask } = await start();
    for (const id of ['a', 'b', 'c', 'x', 'y']) await ask(createClient, { ...DRAFT, id, name: `Client ${id} of Many` });
    const ids: string[] = [];
    let after: string | undefined;
    do {
      const page = await ask(listClients, { limit: 2, ...(after !== undefined && { after }) });
      expect(page.items.length).toBeLessThanOrEqual(2);
      ids.push(...page.items.map(({ id }) => id));
      after = page.next;
    } while (after !== undefined);
    expect(ids).toEqual(['a', 'b', 'c', 'fixed', 'x', 'y']);
    expect((await ask(listClients, { search: 'FIX' })).items).toMatchObject([{ id: 'fixed', source: 'configuration' }]);
    const found = await ask(listClients, { search: 'many', limit: 3 });
    expect(found.items.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    const more = await ask(listClients, { search: 'many', limit: 3, after: found.next });
    expect([more.items.map(({ id }) => id), more.next]).toEqual([['x', 'y'], undefined]);
    expect((await ask(listClients, { search: 'nobody' })).items).toEqual([]);
  });

  it('change as they are asked to, and null takes away', async () => {
    const { ask } = await start();
    await ask(createClient, {
      ...DRAFT,
      id: 'orders',
      description: 'Old',
      dialects: ['roambi'],
      connections: ['staff'],
    });
    const changed = await ask(updateClient, {
      ...{ id: 'orders', name: 'New', description: null, dialects: null, connections: ['users'] },
    });
    expect(changed).toMatchObject({ name: 'New', connections: ['users'], scopes: ['read'] });
    expect(changed).not.toHaveProperty('description');
    expect(changed).not.toHaveProperty('dialects');
    const { ended_grants: _ended, ...rest } = changed;
    expect(await ask(getClient, { id: 'orders' })).toEqual(rest);
  });

  it('do not lose one of two changes at once; whoever began with what is no more is told', async () => {
    const { ask, problem } = await start();
    const { revision } = await ask(createClient, { ...DRAFT, id: 'orders' });
    await Promise.all([
      ask(updateClient, { id: 'orders', name: 'New' }),
      ask(updateClient, { id: 'orders', scopes: ['write'] }),
      ask(updateClient, { id: 'orders', audience: ['api'] }),
      ask(rotateSecret, { id: 'orders' }),
    ]);
    const now = await ask(getClient, { id: 'orders' });
    expect(now).toMatchObject({ name: 'New', scopes: ['write'], audience: ['api'] });
    expect(now.secrets).toHaveLength(2);
    expect(await problem(updateClient, { id: 'orders', revision, name: 'Late' })).toMatchObject({ type: 'conflict' });
    expect(await ask(updateClient, { id: 'orders', revision: now.revision, name: 'In time' })).toMatchObject({
      name: 'In time',
    });
    const outcomes = await Promise.allSettled(
      ['one', 'other'].map(async (name) => {
        const { revision } = await ask(getClient, { id: 'orders' });
        return ask(updateClient, { id: 'orders', revision, name });
      }),
    );
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('do not change a revision with their secret, so that no editor is in the way of a rotation', async () => {
    const { ask } = await start();
    const { revision } = await ask(createClient, { ...DRAFT, id: 'orders' });
    await ask(rotateSecret, { id: 'orders' });
    await ask(updateClient, { id: 'orders', revision, name: 'New' });
  });

  it('lose what they hold when they are disabled or deleted', async () => {
    const { ask, grant, backend, problem } = await start();
    await ask(createClient, { ...DRAFT, id: 'orders' });
    for (const each of ['disable', 'delete'] as const) {
      await grant({ client: 'orders', user: identity('u-alice') });
      await grant({ client: 'orders' });
      await grant({ client: 'others' });
      const done =
        each === 'disable'
          ? await ask(updateClient, { id: 'orders', disabled: true })
          : await ask(deleteClient, { id: 'orders' });
      expect(done.ended_grants).toBe(2);
      expect(await backend.tokens.families({ of: 'client', id: 'orders' }, 10)).toEqual([]);
    }
    expect(await backend.tokens.families({ of: 'client', id: 'others' }, 10)).toHaveLength(2);
    expect(await problem(getClient, { id: 'orders' })).toMatchObject({ type: 'not_found' });
    expect(await problem(deleteClient, { id: 'orders' })).toMatchObject({ type: 'not_found' });
  });

  it('get a new secret beside the old one, which ends with the overlap or when somebody says so', async () => {
    const { ask, admin, clock } = await start();
    await ask(createClient, { ...DRAFT, id: 'orders' });
    const rotated = await ask(rotateSecret, { id: 'orders', overlap: '2h' });
    const ends = new Date(clock.now() + 7_200_000).toISOString().replace('.000', '');
    expect(rotated).toMatchObject({ client_secret: expect.stringMatching(/^ghk_/), previous_expires_at: ends });
    expect((await ask(getClient, { id: 'orders' })).secrets).toEqual([{}, { expires_at: ends }]);
    expect((await ask(endPreviousSecret, { id: 'orders' })).secrets).toEqual([{}]);
    expect((await admin.clients.find('orders'))?.secrets).toHaveLength(1);
    expect(await ask(rotateSecret, { id: 'orders', overlap: '0' })).not.toHaveProperty('previous_expires_at');
    expect((await ask(getClient, { id: 'orders' })).secrets).toEqual([{}]);
  });

  it('tell when they were used last', async () => {
    const { ask, backend, clock } = await start();
    await ask(createClient, { ...DRAFT, id: 'orders' });
    const uses = createLastUse({ documents: backend.documents, clock });
    for (let count = 0; count < 3; count++) uses.note('orders');
    uses.note('fixed');
    await uses.close();
    const used = new Date(clock.now()).toISOString().replace('.000', '');
    expect(await ask(getClient, { id: 'orders' })).toMatchObject({ last_used_at: used });
    expect((await ask(listClients)).items).toMatchObject([{ id: 'fixed', last_used_at: used }, { last_used_at: used }]);
  });

  it('do not believe what users agreed to for another client that had the id before', async () => {
    const { ask, admin, clock } = await start();
    const { consents, clients } = admin;
    await ask(createClient, { ...DRAFT, id: 'orders' });
    const since = async () => (await clients.find('orders'))?.createdAt;
    await consents.remember('u-alice', 'orders', ['read'], await since());
    expect(await consents.covers('u-alice', 'orders', ['read'], await since())).toBe(true);
    await ask(deleteClient, { id: 'orders' });
    (clock as unknown as { advance(time: number): void }).advance(5_000);
    await ask(createClient, { ...DRAFT, id: 'orders', name: 'Somebody else' });
    expect(await consents.covers('u-alice', 'orders', ['read'], await since())).toBe(false);
    await consents.remember('u-alice', 'orders', ['write'], await since());
    expect(await consents.covers('u-alice', 'orders', ['read'], await since())).toBe(false);
  });
});

describe('what is not right', () => {
  it.each<[object, string]>([
    [{ ...DRAFT, grants: [] }, 'grants'],
    [{ ...DRAFT, grants: ['telepathy'] }, 'grants.0'],
    [{ ...DRAFT, redirect_uris: [] }, 'redirect_uris'],
    [{ ...DRAFT, redirect_uris: ['https://a.example.com/cb', 'http://example.com/cb'] }, 'redirect_uris.1'],
    [{ ...DRAFT, redirect_uris: ['javascript:alert(1)'] }, 'redirect_uris.0'],
    [{ ...DRAFT, scopes: ['a', 'a'] }, 'scopes.1'],
    [{ ...DRAFT, public: true, grants: ['client_credentials'] }, 'grants.0'],
    [{ ...DRAFT, connections: ['nowhere'] }, 'connections.0'],
    [{ ...DRAFT, dialects: ['locus'] }, 'dialects.0'],
    [{ ...DRAFT, name: 'two\nlines' }, 'name'],
    [{ ...DRAFT, name: '' }, 'name'],
    [{ ...DRAFT, id: 'with space' }, 'id'],
    [{ ...DRAFT, secret: 'mine' }, 'secret'],
    [{ grants: ['client_credentials'] }, 'name'],
  ])('is told with its place: %j', async (input, path) => {
    const { problem, close } = await startAdministration();
    const { type, fields } = await problem(createClient, input);
    expect(type).toBe('invalid');
    expect(fields.map((field) => field.path)).toContain(path);
    for (const { message } of fields) expect(message).not.toMatch(/Invalid|expected/);
    await close();
  });

  it('in a change is judged together with what stays', async () => {
    const { ask, problem, close } = await startAdministration();
    await ask(createClient, { ...DRAFT, id: 'orders' });
    await ask(createClient, { id: 'page', name: 'Page', public: true, grants: ['password'] });
    expect(await problem(updateClient, { id: 'orders', redirect_uris: [] })).toMatchObject({ type: 'invalid' });
    expect(await problem(updateClient, { id: 'page', grants: ['client_credentials'] })).toMatchObject({
      fields: [{ path: 'grants.0' }],
    });
    expect(await problem(updateClient, { id: 'page', public: false })).toMatchObject({ fields: [{ path: 'public' }] });
    expect(await problem(rotateSecret, { id: 'page' })).toMatchObject({ type: 'invalid' });
    expect(await problem(rotateSecret, { id: 'orders', overlap: 'a while' })).toMatchObject({
      fields: [{ path: 'overlap' }],
    });
    await close();
  });

  it('is what stands in the configuration, or there already, or not at all', async () => {
    const { ask, problem, close } = await startAdministration();
    await ask(createClient, { ...DRAFT, id: 'orders' });
    for (const operation of [updateClient, deleteClient, rotateSecret, endPreviousSecret]) {
      expect(await problem(operation as typeof deleteClient, { id: 'fixed' })).toMatchObject({ type: 'configured' });
      expect(await problem(operation as typeof deleteClient, { id: 'nobody' })).toMatchObject({ type: 'not_found' });
    }
    for (const id of ['orders', 'fixed'])
      expect(await problem(createClient, { ...DRAFT, id })).toMatchObject({
        type: 'conflict',
        fields: [{ path: 'id' }],
      });
    await close();
  });
});
