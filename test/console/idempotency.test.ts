import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type AnyOperation, operation } from '../../src/admin/operation.ts';
import { AdminProblem } from '../../src/admin/problem.ts';
import { DependencyUnavailable } from '../../src/model/failure.ts';
import type { Backend } from '../../src/stores/backend.ts';
import type { Entry, TokenStore } from '../../src/stores/token_store.ts';
import { ADMIN, AUDITOR, basic, SECOND_ADMIN, startConsole, WONDERLAND } from './console_under_test.ts';
import { realStores, storeWith } from './real_stores.ts';

/** An operation that counts how often it is done, and answers with a secret. */
function counting() {
  let count = 0;
  let next: () => Promise<void> = async () => {};
  const make = operation({
    id: 'things.create',
    summary: 'Make a thing',
    role: 'admin',
    method: 'POST',
    path: '/things',
    creates: true,
    input: z.strictObject({ name: z.string().default('thing') }),
    output: z.object({ id: z.string(), secret: z.string() }),
    audit: () => undefined,
    async run() {
      await next();
      count++;
      return { id: `thing-${count}`, secret: `canary-secret-${count}` };
    },
  });
  const remove = operation({
    id: 'things.delete',
    summary: 'Take a thing away',
    role: 'admin',
    method: 'DELETE',
    path: '/things/{id}',
    input: z.strictObject({ id: z.string() }),
    output: z.object({ id: z.string() }),
    audit: () => undefined,
    async run(_admin, { id }) {
      count++;
      return { id };
    },
  });
  return {
    operations: [make, remove],
    count: () => count,
    before: (act: () => Promise<void>) => (next = act),
  };
}

const stores = realStores();

const keyed = (key: string = randomUUID()) => ({ 'idempotency-key': key });

describe.each(stores)('on %s, a request with an idempotency key', (_store, open) => {
  /** The console over this store. @param change does some things of it in another way. */
  const start = async (operations: readonly AnyOperation[], change: (backend: Backend) => Backend = (it) => it) => {
    const backend = await open();
    return startConsole({ operations, backend: () => change(backend) });
  };

  it('is done once, and answered the same again', async () => {
    const things = counting();
    const gate = await start(things.operations);
    const headers = keyed();
    const first = await gate.call('POST', '/things', { body: { name: 'a' }, headers });
    expect(first).toMatchObject({ status: 201, body: { id: 'thing-1', secret: 'canary-secret-1' } });
    expect(first.headers.has('idempotency-replayed')).toBe(false);
    const again = await gate.call('POST', '/things', { body: { name: 'a' }, headers });
    expect(again).toMatchObject({ status: 201, body: first.body });
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    expect(again.headers.get('x-request-id')).not.toBe(first.headers.get('x-request-id'));
    expect(things.count()).toBe(1);
  });

  it('is done each time without one, and each time with another', async () => {
    const things = counting();
    const gate = await start(things.operations);
    for (const headers of [{}, {}, keyed(), keyed()]) await gate.call('POST', '/things', { headers });
    expect(things.count()).toBe(4);
  });

  it.each([
    ['another body', 'POST', '/things', { name: 'b' }],
    ['no body', 'POST', '/things', undefined],
    ['another method and path', 'DELETE', '/things/a', undefined],
  ])('may not stand for %s', async (_name, method, path, body) => {
    const things = counting();
    const gate = await start(things.operations);
    const headers = keyed();
    await gate.call('POST', '/things', { body: { name: 'a' }, headers });
    const other = await gate.call(method, path, { body, headers });
    expect(other).toMatchObject({ status: 422, body: { type: '/problems/key_reused' } });
    expect(things.count()).toBe(1);
  });

  it('is told that the first one is under way', async () => {
    const things = counting();
    const gate = await start(things.operations);
    const began = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    things.before(() => {
      began.resolve();
      return goOn.promise;
    });
    const headers = keyed();
    const first = gate.call('POST', '/things', { headers });
    await began.promise;
    const second = await gate.call('POST', '/things', { headers });
    expect(second).toMatchObject({ status: 409, body: { type: '/problems/under_way' } });
    expect(second.headers.get('retry-after')).toBe('1');
    goOn.resolve();
    expect((await first).status).toBe(201);
    expect(await gate.call('POST', '/things', { headers })).toMatchObject({ status: 201, body: { id: 'thing-1' } });
    expect(things.count()).toBe(1);
  });

  it('is done once, however many come at once', async () => {
    const things = counting();
    const gate = await start(things.operations);
    const as = await gate.token({});
    const headers = keyed();
    const answers = await Promise.all(Array.from({ length: 30 }, () => gate.call('POST', '/things', { headers, as })));
    expect(things.count()).toBe(1);
    for (const { status, body } of answers) {
      if (status === 201) expect(body.id).toBe('thing-1');
      else expect([status, body.type]).toEqual([409, '/problems/under_way']);
    }
    expect(answers.filter(({ status }) => status === 201).length).toBeGreaterThan(0);
  });

  it.each([
    ['is refused', () => new AdminProblem('conflict', 'It is taken.'), 409],
    ['fails because a server is away', () => new DependencyUnavailable('redis', 'no answer'), 503],
  ])('may be sent again when it %s', async (_name, error, status) => {
    const things = counting();
    const gate = await start(things.operations);
    things.before(() => Promise.reject(error()));
    const headers = keyed();
    expect((await gate.call('POST', '/things', { headers })).status).toBe(status);
    things.before(async () => {});
    const again = await gate.call('POST', '/things', { headers });
    expect(again.status).toBe(201);
    expect(again.headers.has('idempotency-replayed')).toBe(false);
    expect(things.count()).toBe(1);
  });

  it('is not done twice when its answer cannot be kept', async () => {
    const things = counting();
    const gate = await start(things.operations, (backend) => {
      const { tokens } = backend;
      const put = async (entries: readonly Entry[]) => {
        if (entries.some(({ kind }) => kind === 'answer')) throw new DependencyUnavailable('redis', 'no answer');
        await tokens.put(entries);
      };
      // Made of several parts, of which only the store itself is another one.
      return Object.assign(Object.create(backend), { tokens: storeWith(tokens, { put }) });
    });
    const headers = keyed();
    expect((await gate.call('POST', '/things', { headers })).status).toBe(201);
    expect((await gate.call('POST', '/things', { headers })).status).toBe(409);
    expect(things.count()).toBe(1);
  });

  it.each(['short', 'a'.repeat(129), 'with spaces in the middle', 'ümlaut-ümlaut-ümlaut'])(
    'is refused if the key is none: %s',
    async (key) => {
      const things = counting();
      const gate = await start(things.operations);
      const headers = keyed(Buffer.from(key).toString('latin1'));
      expect((await gate.call('POST', '/things', { headers })).status).toBe(400);
      expect(things.count()).toBe(0);
    },
  );
});

// Threat: somebody who reads the store, or another operator who learns a key, gets the secret that an answer held.
describe('the answer that is kept', () => {
  it('is for the actor who got it alone', async () => {
    const things = counting();
    const gate = await startConsole({ operations: things.operations });
    const headers = keyed();
    const first = await gate.call('POST', '/things', { headers });
    // Another administrator with the same key has another request, which is done.
    const second = await gate.call('POST', '/things', { headers, as: SECOND_ADMIN });
    expect(second).toMatchObject({ status: 201, body: { id: 'thing-2', secret: 'canary-secret-2' } });
    expect(second.headers.has('idempotency-replayed')).toBe(false);
    // Whoever may not do it gets nothing of it either.
    for (const [as, status] of [
      [await gate.token({ subject: 'u-auditor' }), 403],
      [AUDITOR, 403],
      [basic('admin', 'wrong'), 401],
    ] as const) {
      const refused = await gate.call('POST', '/things', { headers, as });
      expect(refused.status).toBe(status);
      expect(JSON.stringify(refused.body)).not.toContain('canary');
    }
    expect((await gate.call('POST', '/things', { headers, as: ADMIN })).body).toEqual(first.body);
    expect(things.count()).toBe(2);
  });

  it('is nothing to somebody who may not do it any more', async () => {
    const things = counting();
    const gate = await startConsole({ operations: things.operations });
    const { users } = gate.administration;
    const bob = { connection: 'users', username: 'bob' };
    await users.add({ id: 'u-bob', ...bob, passwordHash: WONDERLAND, roles: ['admin'] });
    const as = await gate.token({ subject: 'u-bob', ...bob });
    const headers = keyed();
    expect((await gate.call('POST', '/things', { headers, as })).status).toBe(201);
    await users.update('u-bob', () => ({ roles: ['auditor'] }));
    const refused = await gate.call('POST', '/things', { headers, as });
    expect(refused.status).toBe(403);
    expect(JSON.stringify(refused.body)).not.toContain('canary');
  });

  it('holds nothing that can be read, nor the key, nor what the body could be guessed by', async () => {
    const things = counting();
    const written: unknown[] = [];
    const gate = await startConsole({
      operations: things.operations,
      backend: (backend) => {
        const { tokens } = backend;
        const put = (entries: readonly Entry[]) => {
          written.push(entries);
          return tokens.put(entries);
        };
        const claim = (...claim: Parameters<TokenStore['claim']>) => {
          written.push(claim);
          return tokens.claim(...claim);
        };
        return { ...backend, tokens: storeWith(tokens, { put, claim }) };
      },
    });
    const key = randomUUID();
    await gate.call('POST', '/things', { body: { name: 'typed-name' }, headers: keyed(key) });
    const other = randomUUID();
    await gate.call('POST', '/things', { body: { name: 'typed-name' }, headers: keyed(other) });
    const text = JSON.stringify(written);
    expect(written).toHaveLength(4);
    for (const secret of [key, 'canary', 'typed-name', 'thing-1']) expect(text).not.toContain(secret);
    const fingerprints = [...text.matchAll(/"fingerprint":"([^"]+)"/g)].map(([, it]) => it);
    // The same request under two keys: nobody can see that it is the same, or try out bodies.
    expect(new Set(fingerprints).size).toBe(2);
  });
});
