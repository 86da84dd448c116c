import { afterEach, describe, expect, it } from 'vitest';
import { deleteGrant, getGrant, inspectToken, listGrants, revokeGrants, revokeToken } from '../../src/admin/tokens.ts';
import {
  deleteDevice,
  deleteSession,
  forgetConsent,
  listConsents,
  listDevices,
  listSessions,
  signOutEverywhere,
} from '../../src/admin/user_belongings.ts';
import {
  type AdministrationUnderTest,
  identity,
  openEmbedded,
  openMemory,
  startAdministration,
} from './administration_under_test.ts';

const ALICE = identity('u-alice');

describe.each([
  ['memory', openMemory],
  ['embedded', openEmbedded],
])('what is held, in %s', (_name, open) => {
  let current: AdministrationUnderTest | undefined;
  const start = async () => {
    current = await startAdministration(open);
    return current;
  };
  afterEach(() => current?.close());

  it('is listed by user, by client, by both, and by device, in pages', async () => {
    const { ask, grant, problem } = await start();
    for (let count = 0; count < 7; count++)
      await grant({ client: count % 2 === 0 ? 'even' : 'odd', user: ALICE, device: count < 3 ? 'Phone' : undefined });
    await grant({ client: 'even', user: identity('u-bob') });
    await grant({ client: 'even' });
    const all = async (filter: object, limit: number) => {
      const found: string[] = [];
      let after: string | undefined;
      do {
        const page = await ask(listGrants, { ...filter, limit, ...(after !== undefined && { after }) });
        found.push(...page.items.map(({ id }) => id));
        after = page.next;
      } while (after !== undefined);
      expect(new Set(found).size).toBe(found.length);
      return found.length;
    };
    for (const limit of [1, 3, 200]) {
      expect(await all({ user: 'u-alice' }, limit)).toBe(7);
      expect(await all({ client: 'even' }, limit)).toBe(6);
      expect(await all({ user: 'u-alice', client: 'odd' }, limit)).toBe(3);
      expect(await all({ user: 'u-alice', device: 'Phone' }, limit)).toBe(3);
    }
    expect(await problem(listGrants, { device: 'Phone' })).toMatchObject({ fields: [{ path: 'user' }] });
    for (const after of ['x', '1.2.3', '12.__proto__'])
      expect(await problem(listGrants, { user: 'u-alice', after })).toMatchObject({ fields: [{ path: 'after' }] });
  });

  it('is shown without a token, and ends by its id', async () => {
    const { ask, grant, problem } = await start();
    const { access } = await grant({ client: 'app', user: ALICE, scopes: ['read'], device: 'Phone' });
    const [found] = (await ask(listGrants, { client: 'app' })).items;
    expect(found).toMatchObject({
      ...{ client: 'app', user: { id: 'u-alice', username: 'alice', connection: 'users' } },
      ...{ scopes: ['read'], device: 'Phone', live_access_tokens: 1, refreshable: true },
    });
    const id = found?.id ?? '';
    expect(await ask(getGrant, { grant: id })).toEqual(found);
    expect(await ask(deleteGrant, { grant: id })).toEqual({ id });
    expect(await ask(inspectToken, { token: access })).toEqual({ active: false });
    for (const grantId of [id, 'nonsense', `${id}x`, '__proto__']) {
      expect(await problem(deleteGrant, { grant: grantId })).toMatchObject({ type: 'not_found' });
      expect(await problem(getGrant, { grant: grantId })).toMatchObject({ type: 'not_found' });
    }
  });

  it('is told of a token, which ends alone or with its grant', async () => {
    const { ask, grant } = await start();
    const one = await grant({ client: 'app', user: ALICE, scopes: ['read'] });
    const token = await ask(inspectToken, { token: one.access });
    expect(token).toMatchObject({ active: true, kind: 'access_token', client: 'app', user: { id: 'u-alice' } });
    expect(await ask(inspectToken, { token: one.refresh })).toMatchObject({
      ...{ active: true, kind: 'refresh_token', live: true, grant: token.grant },
    });
    expect(JSON.stringify(token)).not.toContain(one.access.slice(12));
    expect(await ask(revokeToken, { token: one.access })).toEqual({
      ...{ revoked: true, kind: 'access_token', grant: token.grant },
    });
    expect(await ask(inspectToken, { token: one.refresh })).toMatchObject({ active: true });
    expect(await ask(revokeToken, { token: one.refresh })).toMatchObject({ revoked: true, kind: 'refresh_token' });
    for (const gone of [one.access, one.refresh, 'gha_nonsense', 'x y']) {
      expect(await ask(revokeToken, { token: gone })).toEqual({ revoked: false });
      expect(await ask(inspectToken, { token: gone })).toEqual({ active: false });
    }
  });

  it('is listed no longer when its only token ended, and it can get no other', async () => {
    const { ask, grant, problem } = await start();
    const job = await grant({ client: 'app', refreshable: false });
    await grant({ client: 'app', refreshable: false });
    const revoked = await ask(revokeToken, { token: job.access });
    expect(revoked).toMatchObject({ revoked: true, kind: 'access_token' });
    expect(await problem(getGrant, { grant: revoked.grant ?? '' })).toMatchObject({ type: 'not_found' });
    expect((await ask(listGrants, { client: 'app' })).items).toHaveLength(1);
  });

  it('ends all together: of a user, of a client, of both, of a device', async () => {
    const { ask, grant, problem } = await start();
    const many = async () => {
      for (const client of ['app', 'other']) {
        await grant({ client, user: ALICE, device: 'Phone' });
        await grant({ client, user: ALICE, device: 'Laptop' });
        await grant({ client, user: identity('u-bob'), device: 'Phone' });
      }
    };
    for (const [which, ended] of [
      [{ user: 'u-alice', client: 'app', device: 'Phone' }, 1],
      [{ user: 'u-alice', client: 'app' }, 1],
      [{ user: 'u-alice' }, 2],
      [{ client: 'other', device: 'Phone' }, 1],
      [{ client: 'app' }, 1],
    ] as const) {
      if ('user' in which && 'device' in which) await many();
      expect(await ask(revokeGrants, which)).toEqual({ ended_grants: ended });
    }
    expect(await problem(revokeGrants, {})).toMatchObject({ type: 'invalid' });
    expect(await problem(revokeGrants, { device: 'Phone' })).toMatchObject({ type: 'invalid' });
  });

  it('is what a user agreed to, of which nothing is left once it is withdrawn', async () => {
    const { ask, admin, grant } = await start();
    const { consents } = admin;
    for (const client of ['a', 'b', 'c', 'fixed']) await consents.remember('u-alice', client, ['read']);
    await consents.remember('u-alice2', 'a', ['read']);
    await consents.remember('u-alic', 'a', ['read']);
    const first = await ask(listConsents, { id: 'u-alice', limit: 3 });
    expect(first.items.map(({ client }) => client)).toEqual(['a', 'b', 'c']);
    const second = await ask(listConsents, { id: 'u-alice', limit: 3, after: first.next });
    expect([second.items, second.next]).toEqual([
      [expect.objectContaining({ client: 'fixed', client_name: 'fixed' })],
      undefined,
    ]);
    await grant({ client: 'b', user: ALICE });
    await grant({ client: 'c', user: ALICE });
    expect(await ask(forgetConsent, { id: 'u-alice', client: 'b' })).toEqual({ forgotten: true, ended_grants: 1 });
    expect(await ask(forgetConsent, { id: 'u-alice', client: 'b' })).toEqual({ forgotten: false, ended_grants: 0 });
    expect((await ask(listConsents, { id: 'u-alice' })).items.map(({ client }) => client)).toEqual(['a', 'c', 'fixed']);
  });

  it('is browsers and devices of a user, each of which can be ended', async () => {
    const { ask, session, grant, problem, backend } = await start();
    const cookie = await session(ALICE, { userAgent: 'Firefox <b>', address: '192.0.2.9' });
    await session(ALICE, { purpose: 'console' });
    await session(identity('u-bob'));
    const { items } = await ask(listSessions, { id: 'u-alice' });
    expect(items).toHaveLength(2);
    expect(items).toContainEqual(
      expect.objectContaining({ user_agent: 'Firefox <b>', address: '192.0.2.9', purpose: 'sign_in' }),
    );
    expect(items).toContainEqual(expect.objectContaining({ purpose: 'console' }));
    expect(JSON.stringify(items)).not.toContain(cookie.slice(12));
    const { items: bobs } = await ask(listSessions, { id: 'u-bob' });
    // Somebody else's session, named as one of alice's.
    expect(await problem(deleteSession, { id: 'u-alice', session: bobs[0]?.id })).toMatchObject({ type: 'not_found' });
    expect(await ask(deleteSession, { id: 'u-alice', session: items[0]?.id })).toEqual({ id: items[0]?.id });
    expect((await ask(listSessions, { id: 'u-alice' })).items).toEqual([items[1]]);

    const strange = 'a/b?c=%2e%2e "💥"';
    await grant({ client: 'app', user: ALICE, device: strange });
    await grant({ client: 'other', user: ALICE, device: strange });
    await grant({ client: 'app', user: ALICE, device: 'Laptop' });
    await grant({ client: 'app', user: ALICE });
    const devices = (await ask(listDevices, { id: 'u-alice' })).items;
    expect(devices).toMatchObject([{ name: 'Laptop' }, { name: strange, clients: ['app', 'other'], grants: 2 }]);
    expect(devices[1]?.id).toMatch(/^[\w-]+$/);
    expect(await ask(deleteDevice, { id: 'u-alice', device: devices[1]?.id })).toEqual({ ended_grants: 2 });
    expect(await ask(signOutEverywhere, { id: 'u-alice' })).toEqual({ ended_grants: 2, ended_sessions: 1 });
    expect(await backend.tokens.sessions('u-bob', 10)).toHaveLength(1);
  });
});
