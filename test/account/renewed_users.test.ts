import { describe, expect, it, onTestFinished } from 'vitest';
import { createGoneUsers } from '../../src/account/gone_users.ts';
import { systemClock } from '../../src/model/clock.ts';
import type { Identity } from '../../src/model/token.ts';
import { STANDARD_TOKENS } from '../../src/model/token_policy.ts';
import { inSeconds } from '../../src/model/units.ts';
import type { TokenStore } from '../../src/stores/token_store.ts';
import { newFamilyRef } from '../../src/tokens/families.ts';
import { refOf } from '../../src/tokens/format.ts';
import { createIssuer } from '../../src/tokens/issuing.ts';
import { realStores, storeWith } from '../console/real_stores.ts';
import { settings } from '../oauth/core_under_test.ts';

/** Personal tokens live for months: what the upstream is told of their user must not be what was so when they were made. */

const ALICE: Identity = {
  ...{ subject: 'u-alice', username: 'alice', name: 'Alice Liddell', email: 'alice@example.com' },
  ...{ connection: 'users', roles: ['reader'] },
};
const MARRIED: Identity = {
  ...{ subject: 'u-alice', username: 'alice.h', name: 'Alice Hargreaves', connection: 'users' },
  ...{ roles: ['reader', 'editor'], attributes: { 'x-team': 'tea' } },
};

describe.each(realStores())('on %s, a personal token', (_store, open) => {
  async function start(change: (store: TokenStore) => Partial<TokenStore> = () => ({})) {
    const backend = await open();
    onTestFinished(() => backend.close());
    const store = storeWith(backend.tokens, change(backend.tokens));
    let today: Identity = ALICE;
    let asked = true;
    const issuer = createIssuer({ store, clock: systemClock, settings });
    const family = newFamilyRef(STANDARD_TOKENS);
    const { accessToken } = await issuer.issue({
      ...{ family, policy: STANDARD_TOKENS, scopes: ['read'], refreshable: false, device: 'backup' },
      authorization: {
        ...{ client: 'personal-access-token', user: ALICE, scopes: ['read'], audience: [] },
        authenticatedAt: inSeconds(systemClock.now()),
      },
    });
    const ref = refOf(accessToken);
    if (!ref) throw new Error('no token');
    const desk = { current: async () => today, asks: () => asked };
    const look = createGoneUsers({ store, clock: systemClock, note: () => {}, desk });
    return {
      ...{ store: backend.tokens, ref, family, look },
      is: (user: Identity) => (today = user),
      nobodyIsAsked: () => (asked = false),
      token: async () => backend.tokens.get('access', ref),
    };
  }

  it('tells who its user is today, and keeps everything else', async () => {
    const { is, look, token, store, family } = await start();
    const before = await token();
    is(MARRIED);
    expect(await look()).toBe(0);
    expect(await token()).toEqual({ ...before, user: MARRIED });
    expect((await store.get('family', family))?.user).toEqual(MARRIED);
    expect(await store.families({ of: 'user', id: 'u-alice' }, 10)).toHaveLength(1);
    expect(await store.revoke(family)).toBe(true);
    expect(await token()).toBeUndefined();
  });

  it('is written anew only when something has changed', async () => {
    let written = 0;
    const { is, look } = await start((store) => ({
      rotate: (...change) => {
        written++;
        return store.rotate(...change);
      },
    }));
    await look();
    expect(written).toBe(0);
    is({ ...MARRIED, phoneNumber: undefined });
    await look();
    await look();
    is(MARRIED);
    await look();
    expect(written).toBe(1);
  });

  it('stays as it was made where the connection cannot tell', async () => {
    const { is, look, token, nobodyIsAsked } = await start();
    is(MARRIED);
    nobodyIsAsked();
    await look();
    expect((await token())?.user).toEqual(ALICE);
  });

  it('stays dead when it was revoked at the same moment', async () => {
    const { is, look, token, store, family } = await start((store) => ({
      async rotate(family, ...change) {
        await store.revoke(family);
        return store.rotate(family, ...change);
      },
    }));
    is(MARRIED);
    await look();
    expect(await token()).toBeUndefined();
    expect(await store.get('family', family)).toBeUndefined();
  });
});
