import { beforeEach, describe, expect, it } from 'vitest';
import { createUsers, type UserRegistry } from '../../src/registry/users.ts';
import type { Backend } from '../../src/stores/backend.ts';
import type { DocumentStore } from '../../src/stores/document_store.ts';
import { memory } from '../../src/stores/memory.ts';
import { alice } from '../oauth/core_under_test.ts';
import { ManualClock } from '../support/manual_clock.ts';

let documents: DocumentStore;
let users: UserRegistry;
beforeEach(async () => {
  const clock = new ManualClock();
  documents = (await (memory.create({}, { clock, directory: '/', report: () => {} }) as Promise<Backend>)).documents;
  users = createUsers({ configured: [alice], documents, clock });
});

const bob = { connection: 'users', username: 'Bob', passwordHash: alice.passwordHash };

describe('findByUsername', () => {
  it('folds case and composition', async () => {
    await users.add({ ...bob, username: 'Zoë' });
    expect((await users.findByUsername('users', 'ALICE'))?.id).toBe('u-alice');
    expect((await users.findByUsername('users', 'ZOE\u0308'))?.username).toBe('Zoë');
  });

  it('keeps connections apart', async () => {
    expect(await users.findByUsername('other', 'alice')).toBeUndefined();
    await users.add({ ...bob, connection: 'other', username: 'alice' });
    expect((await users.findByUsername('users', 'alice'))?.id).toBe('u-alice');
  });

  it('lets a configured user win by name and by id', async () => {
    await documents.put('user', 'u-alice', { ...alice, username: 'mallory', roles: ['admin'] });
    await documents.put('username', 'users:mallory', { id: 'u-alice' });
    expect((await users.find('u-alice'))?.username).toBe('alice');
    expect(await users.findByUsername('users', 'mallory')).toBeUndefined();
  });

  it('follows no pointer to somebody else', async () => {
    const { id } = await users.add(bob);
    await documents.put('username', 'users:admin', { id });
    expect(await users.findByUsername('users', 'admin')).toBeUndefined();
  });
});

describe('add and remove', () => {
  it('refuses a name that is taken, in any case, and leaves nothing behind', async () => {
    await users.add(bob);
    for (const username of ['bob', 'BOB', 'Alice']) {
      await expect(users.add({ ...bob, username })).rejects.toThrow('choose another');
    }
    expect((await users.list(10)).items).toHaveLength(2);
  });

  it('of 10 adding the same name at once, one wins', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => users.add(bob)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await users.findByUsername('users', 'bob')).toBeDefined();
  });

  it('frees the name with the user', async () => {
    const { id } = await users.add(bob);
    expect(await users.remove(id)).toBe(true);
    expect(await users.remove(id)).toBe(false);
    await users.add(bob);
  });

  it('leaves configured users alone', async () => {
    await expect(users.remove('u-alice')).rejects.toThrow('configuration file');
    await expect(users.add({ ...bob, id: 'u-alice' })).rejects.toThrow('choose another');
  });
});

it('refuses to start with two configured users that cannot be told apart', () => {
  const configured = [alice, { ...alice, id: 'u-2', username: 'ALICE' }];
  expect(() => createUsers({ configured, documents, clock: new ManualClock() })).toThrow('case');
});
