import { expect, it } from 'vitest';
import { createClient, deleteClient, getClient } from '../../src/admin/clients.ts';
import { createUser, deleteUser, getUser } from '../../src/admin/users.ts';
import { DependencyUnavailable } from '../../src/model/failure.ts';
import { identity, startAdministration } from './administration_under_test.ts';

/** The store is away when it is asked to end a grant, as often as `failures` says. */
async function startBreaking() {
  const house = await startAdministration();
  const { tokens } = house.backend;
  const revoke = tokens.revoke.bind(tokens);
  const store = { failures: 1 };
  tokens.revoke = async (family) => {
    if (store.failures-- > 0) throw new DependencyUnavailable('store', 'gone');
    return revoke(family);
  };
  return house;
}

it('a client whose deletion breaks off gets no more tokens, and can be deleted again with what it holds', async () => {
  const { ask, grant, backend, close } = await startBreaking();
  await ask(createClient, { id: 'orders', name: 'Orders', grants: ['client_credentials'], scopes: ['read'] });
  await grant({ client: 'orders' });
  await expect(ask(deleteClient, { id: 'orders' })).rejects.toThrow(DependencyUnavailable);
  expect(await ask(getClient, { id: 'orders' })).toMatchObject({ disabled: true });
  expect((await ask(deleteClient, { id: 'orders' })).ended_grants).toBe(1);
  expect(await backend.tokens.families({ of: 'client', id: 'orders' }, 10)).toEqual([]);
  await close();
});

it('a user whose removal breaks off is locked out, and can be removed again with what they hold', async () => {
  const { ask, grant, backend, close } = await startBreaking();
  await ask(createUser, { id: 'u-bob', username: 'bob', connection: 'users', password: 'a long enough password' });
  await grant({ client: 'orders', user: identity('u-bob') });
  await expect(ask(deleteUser, { id: 'u-bob' })).rejects.toThrow(DependencyUnavailable);
  expect(await ask(getUser, { id: 'u-bob' })).toMatchObject({ disabled: true });
  expect((await ask(deleteUser, { id: 'u-bob' })).ended_grants).toBe(1);
  expect(await backend.tokens.families({ of: 'user', id: 'u-bob' }, 10)).toEqual([]);
  await close();
});
