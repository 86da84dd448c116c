import { afterAll, beforeAll, expect, it } from 'vitest';
import { createClient, getClient, listClients, rotateSecret, updateClient } from '../../src/admin/clients.ts';
import { inspectToken, listGrants } from '../../src/admin/tokens.ts';
import { listConsents, listDevices, listSessions, signOutEverywhere } from '../../src/admin/user_belongings.ts';
import { createUser, deleteUser, listUsers, lockUser, updateUser } from '../../src/admin/users.ts';
import { systemClock } from '../../src/model/clock.ts';
import { redis } from '../../src/stores/redis.ts';
import { dependencies } from '../contract/backend_under_test.ts';
import { type RedisServer, startRedis } from '../support/redis_server.ts';
import {
  type AdministrationUnderTest,
  identity,
  startAdministration,
  WONDERLAND,
} from './administration_under_test.ts';

/** The operations once more where several nodes are at work on one Redis: what must hold there beyond what each store promises. */

let server: RedisServer;
let one: AdministrationUnderTest;
let other: AdministrationUnderTest;
beforeAll(async () => {
  server = await startRedis();
  const open = async () => {
    const backend = await redis.create(redis.options.parse({ url: server.url }), dependencies(systemClock));
    return { backend, clock: systemClock, stop: () => backend.close() };
  };
  [one, other] = await Promise.all([startAdministration(open), startAdministration(open)]);
});
afterAll(async () => {
  await Promise.all([one.close(), other.close()]);
  await server.stop();
});

it('lets two nodes change one client at once, and loses nothing', async () => {
  await one.ask(createClient, { id: 'orders', name: 'Orders of All', grants: ['password'] });
  await Promise.all([
    one.ask(updateClient, { id: 'orders', name: 'New' }),
    other.ask(updateClient, { id: 'orders', scopes: ['write'] }),
    other.ask(rotateSecret, { id: 'orders' }),
  ]);
  const now = await one.ask(getClient, { id: 'orders' });
  expect(now).toMatchObject({ name: 'New', scopes: ['write'] });
  expect(now.secrets).toHaveLength(2);
  expect((await other.ask(listClients, { search: 'new' })).items.map(({ id }) => id)).toEqual(['orders']);
  expect((await other.ask(listClients, { search: 'all' })).items).toEqual([]);
});

it('gives a username to one of two who want it on two nodes', async () => {
  for (const id of ['u-1', 'u-2']) await one.ask(createUser, { id, username: id, password_hash: WONDERLAND });
  const outcomes = await Promise.allSettled([
    one.ask(updateUser, { id: 'u-1', username: 'wanted' }),
    other.ask(updateUser, { id: 'u-2', username: 'Wanted' }),
  ]);
  expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBeLessThanOrEqual(1);
  for (const id of ['u-1', 'u-2']) {
    const user = await one.admin.users.find(id);
    expect((await other.admin.users.findByUsername('users', user?.username ?? ''))?.id).toBe(id);
  }
  expect((await one.ask(listUsers, { search: 'want' })).items.length).toBeLessThanOrEqual(1);
});

it('shows on one node what is held, and ends it for the other', async () => {
  await one.ask(createUser, { id: 'u-alice', username: 'alice', password_hash: WONDERLAND });
  const user = identity('u-alice');
  const { access } = await one.grant({ client: 'orders', user, device: 'Phone' });
  await one.session(user, { userAgent: 'Firefox' });
  await one.admin.consents.remember('u-alice', 'orders', ['write']);
  const id = { id: 'u-alice' };
  expect((await other.ask(listGrants, { user: 'u-alice' })).items).toMatchObject([{ device: 'Phone' }]);
  expect((await other.ask(listDevices, id)).items).toMatchObject([{ name: 'Phone', grants: 1 }]);
  expect((await other.ask(listSessions, id)).items).toMatchObject([{ user_agent: 'Firefox' }]);
  expect((await other.ask(listConsents, id)).items).toMatchObject([{ client: 'orders', client_name: 'New' }]);
  expect(await other.ask(signOutEverywhere, id)).toEqual({ ended_grants: 1, ended_sessions: 1 });
  expect(await one.ask(inspectToken, { token: access })).toEqual({ active: false });
  expect(await other.ask(lockUser, id)).toMatchObject({ disabled: true });
  expect(await one.ask(deleteUser, id)).toMatchObject({ ended_grants: 0 });
  expect((await other.ask(listConsents, id)).items).toEqual([]);
  expect((await one.audited()).map(({ action }) => action)).toContain('users.sign_out');
});
