/*
 * An operator disables an app or locks a user, and is told that it is done. A token request that was under way at that moment, on this
 * node or another one, writes its tokens a moment later: nobody looks for them any more, and they live on, a personal token for a year.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient, deleteClient, updateClient } from '../../src/admin/clients.ts';
import { createUser, deleteUser, lockUser } from '../../src/admin/users.ts';
import { systemClock } from '../../src/model/clock.ts';
import { redis } from '../../src/stores/redis.ts';
import { type AdministrationUnderTest, startAdministration, WONDERLAND } from '../admin/administration_under_test.ts';
import { dependencies } from '../contract/backend_under_test.ts';
import { type HouseUnderTest, startHouse } from '../support/house.ts';
import { measured } from '../support/measured.ts';
import { type RedisServer, startRedis } from '../support/redis_server.ts';
import { call, post } from '../support/token_client.ts';

let server: RedisServer;
let house: HouseUnderTest;
let operator: AdministrationUnderTest;
beforeAll(async () => {
  server = await startRedis();
  house = await startHouse(`
listen: { host: 127.0.0.1, port: 0 }
store: { type: redis, url: "${server.url}" }
routes: [{ name: demo, path: /demo/*, upstream: demo }]
clients: [{ id: fixed, secret: fixed-secret-of-the-file-0123456789, grants: [refresh_token, password], scopes: [read] }]
connections: [{ name: users, type: database }]
`);
  const backend = await redis.create(redis.options.parse({ url: server.url }), dependencies(systemClock));
  operator = await startAdministration(async () => ({ backend, clock: systemClock, stop: () => backend.close() }));
});
afterAll(async () => {
  await house?.close();
  await operator?.close();
  await server?.stop();
});

const FIXED = `Basic ${btoa('fixed:fixed-secret-of-the-file-0123456789')}`;
const ROUNDS = 5;

/** Asks for tokens again and again until `end` is done and answered. @returns those that were given, and still pass afterwards. */
async function survivors(ask: () => Promise<Response>, end: () => Promise<unknown>) {
  let over = false;
  const given: string[] = [];
  const asking = Array.from({ length: 8 }, async () => {
    while (!over) {
      const answer = await ask();
      const { access_token: token } = (await answer.json()) as { access_token?: string };
      if (token !== undefined) given.push(token);
    }
  });
  await expect.poll(() => given.length, { interval: 1, timeout: 10_000 }).toBeGreaterThan(8);
  await end();
  over = true;
  await Promise.all(asking);
  // The cache of a gateway has a second to hear of it.
  await expect.poll(async () => (await call(house.url, given[0] ?? '')).status, { timeout: 5_000 }).toBe(401);
  const worth = await Promise.all(given.map((token) => operator.admin.tokens.inspect(token)));
  return { given: given.length, alive: worth.filter((view) => view !== undefined).length };
}

describe('no token lives on that was asked for', () => {
  const held = async (name: string, round: (at: number) => Promise<{ given: number; alive: number }>) => {
    let given = 0;
    let alive = 0;
    for (let at = 0; at < ROUNDS; at++) {
      const outcome = await round(at);
      given += outcome.given;
      alive += outcome.alive;
    }
    measured({ id: 'tokens after disable', what: `tokens of ${name}`, count: given, max: alive, unit: 'live on' });
    expect(alive).toBe(0);
  };

  it.each([
    ['disabled', (id: string) => operator.ask(updateClient, { id, disabled: true })],
    ['deleted', (id: string) => operator.ask(deleteClient, { id })],
  ])('while the app was %s', async (how, end) => {
    await held(`an app that is ${how}`, async (at) => {
      const id = `${how}-${at}`;
      const made = await operator.ask(createClient, { id, name: id, grants: ['client_credentials'] });
      const basic = `Basic ${btoa(`${id}:${made.client_secret}`)}`;
      return survivors(
        () => post(`${house.url}/oauth2/token`, { grant_type: 'client_credentials' }, basic),
        () => end(id),
      );
    });
  });

  it.each([
    ['locked', (id: string) => operator.ask(lockUser, { id })],
    ['deleted', (id: string) => operator.ask(deleteUser, { id })],
  ])('while the user was %s', async (how, end) => {
    await held(`a user who is ${how}`, async (at) => {
      const id = `u-${how}-${at}`;
      await operator.ask(createUser, { id, username: id, password_hash: WONDERLAND });
      // Each sign-in is the beginning of a row of refreshes: these come far more often.
      const sign = { grant_type: 'password', username: id, password: 'wonderland' };
      const rows: string[] = [];
      for (let row = 0; row < 2; row++) {
        const first = await post(`${house.url}/oauth2/token`, sign, FIXED);
        rows.push(((await first.json()) as { refresh_token: string }).refresh_token);
      }
      return survivors(
        async () => {
          const token = rows.shift();
          if (token === undefined) return delay(1, Response.json({}));
          const answer = await post(
            `${house.url}/oauth2/token`,
            { grant_type: 'refresh_token', refresh_token: token },
            FIXED,
          );
          const { refresh_token: next } = (await answer.clone().json()) as { refresh_token?: string };
          if (next !== undefined) rows.push(next);
          return answer;
        },
        () => end(id),
      );
    });
  });
});
