import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { DependencyUnavailable } from '../../src/model/failure.ts';
import { milliseconds } from '../../src/model/units.ts';
import { cached } from '../../src/stores/lru.ts';
import type { TokenStore } from '../../src/stores/token_store.ts';
import { refOf } from '../../src/tokens/format.ts';
import { ManualClock } from '../support/manual_clock.ts';
import { CALLBACK, type Core, firstPair, getCode, newPkce, request, startCore } from './core_under_test.ts';

/** A store that can be taken away: then it does nothing and says so. */
function breakable(store: TokenStore) {
  const state = { down: false };
  const unlessDown = <A extends readonly unknown[], R>(run: (...args: A) => R) => {
    return (...args: A): R => {
      if (state.down) throw new DependencyUnavailable('token store', 'no answer');
      return run(...args);
    };
  };
  const wrapped: TokenStore = {
    get: (kind, ref, staleness) => unlessDown(() => store.get(kind, ref, staleness))(),
    put: unlessDown((entries) => store.put(entries)),
    take: (kind, ref) => unlessDown(() => store.take(kind, ref))(),
    rotate: unlessDown((ref, from, entries) => store.rotate(ref, from, entries)),
    revoke: unlessDown((ref) => store.revoke(ref)),
    families: unlessDown((owner, limit) => store.families(owner, limit)),
    invalidation: {
      get up() {
        return !state.down;
      },
      lastHeard: milliseconds(0),
      subscribe: (listener) => store.invalidation.subscribe(listener),
    },
  };
  return { wrapped, state };
}

let core: Core;
let state: { down: boolean };
beforeEach(async () => {
  core = await startCore({
    store: (store) => {
      const broken = breakable(store);
      state = broken.state;
      return broken.wrapped;
    },
  });
});

describe('a revocation while the store is away (G5)', () => {
  it('denies the token here at once, however old the fact is that says whose it is', async () => {
    const clock = new ManualClock(0);
    const [ttl, staleness, negativeTtl] = [milliseconds(60_000), milliseconds(5_000), milliseconds(0)];
    const core = await startCore({
      store: (store) => {
        const broken = breakable(store);
        state = broken.state;
        const cache = cached(broken.wrapped, { maxTokens: 10, ttl, staleness, negativeTtl }, clock);
        onTestFinished(() => cache.close());
        return cache;
      },
    });
    const { access } = await firstPair(core);
    const ref = refOf(access);
    if (ref === undefined) throw new Error('a token has no place');
    // A route that serves cached tokens for a minute keeps answering.
    const onSuchARoute = async () => core.store.get('access', ref, milliseconds(60_000));
    await onSuchARoute();
    state.down = true;
    clock.advance(30_000);
    expect(await onSuchARoute()).toBeDefined();
    await expect(core.revoke({ token: access })).rejects.toThrow(DependencyUnavailable);
    expect(await onSuchARoute()).toBeUndefined();
  });
});

describe('while the store is away', () => {
  const pkce = newPkce();

  it('nothing is refused that may be right, and nothing is given', async () => {
    const { access, refresh } = await firstPair(core);
    state.down = true;
    const attempts = [
      () => core.token({ grant_type: 'client_credentials' }),
      () => core.token({ grant_type: 'password', username: 'alice', password: 'wonderland' }),
      () => core.token({ grant_type: 'refresh_token', refresh_token: refresh }),
      () => core.revoke({ token: access }),
      () => core.introspect({ token: access }),
      () => core.authorize(request(pkce.query)),
    ];
    for (const attempt of attempts) await expect(attempt()).rejects.toThrow(DependencyUnavailable);
  });

  it('neither a code nor a refresh token is used up', async () => {
    const { code } = await getCode(core, request(pkce.query));
    const { refresh } = await firstPair(core);
    const forms = [
      { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: pkce.verifier },
      { grant_type: 'refresh_token', refresh_token: refresh },
    ];
    for (const form of forms) {
      state.down = true;
      await expect(core.token(form)).rejects.toThrow(DependencyUnavailable);
      state.down = false;
      expect((await core.token(form)).status).toBe(200);
    }
  });
});
