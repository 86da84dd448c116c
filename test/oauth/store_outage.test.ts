import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { DependencyUnavailable } from '../../src/model/failure.ts';
import { milliseconds } from '../../src/model/units.ts';
import { type CachedTokenStore, cached } from '../../src/stores/lru.ts';
import type { TokenStore } from '../../src/stores/token_store.ts';
import { refOf } from '../../src/tokens/format.ts';
import { ManualClock } from '../support/manual_clock.ts';
import { basic, CALLBACK, type Core, firstPair, getCode, newPkce, request, startCore } from './core_under_test.ts';

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
    sessions: unlessDown((subject, limit) => store.sessions(subject, limit)),
    claim: unlessDown((ref, record) => store.claim(ref, record)),
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
  const [ttl, staleness, negativeTtl] = [milliseconds(60_000), milliseconds(5_000), milliseconds(0)];
  /** A route that serves cached tokens for a minute keeps answering. */
  const SERVE_CACHED = milliseconds(60_000);

  /** With a cache in front of the store. @param countersToo whether what counts wrong secrets goes away with it. */
  async function startCached({ countersToo }: { countersToo: boolean }) {
    const clock = new ManualClock(0);
    let cache: CachedTokenStore | undefined;
    const core = await startCore({
      store: (store) => {
        const broken = breakable(store);
        state = broken.state;
        cache = cached(broken.wrapped, { maxTokens: 10, ttl, staleness, negativeTtl }, clock);
        return cache;
      },
      denials: () => {
        if (cache === undefined) throw new Error('the store comes first');
        return cache;
      },
      counters: (counters) => ({
        forgive: (key) => counters.forgive(key),
        reset: (key) => counters.reset(key),
        hit: (key, window) => counters.hit(key, window),
        peek: (key) => {
          if (state.down && countersToo) throw new DependencyUnavailable('counters', 'no answer');
          return counters.peek(key);
        },
      }),
    });
    onTestFinished(() => cache?.close());
    const serving = async (token: string) => {
      const ref = refOf(token);
      if (ref === undefined) throw new Error('a token has no place');
      return core.store.get('access', ref, SERVE_CACHED);
    };
    return { core, clock, serving };
  }

  it.each([false, true])(
    'denies an access token here at once, however old what is known of it (counters too: %s)',
    async (countersToo) => {
      const { core, clock, serving } = await startCached({ countersToo });
      const { access } = await firstPair(core);
      await serving(access);
      state.down = true;
      clock.advance(30_000);
      expect(await serving(access)).toBeDefined();
      await expect(core.revoke({ token: access })).rejects.toThrow(DependencyUnavailable);
      expect(await serving(access)).toBeUndefined();
    },
  );

  it.each([false, true])(
    'lets nothing pass that a refresh token gave, and ends it when the store is back (counters too: %s)',
    async (countersToo) => {
      const { core, serving } = await startCached({ countersToo });
      const [pair, other] = [await firstPair(core), await firstPair(core)];
      await serving(pair.access);
      await serving(other.access);
      state.down = true;
      expect(await serving(pair.access)).toBeDefined();
      await expect(core.revoke({ token: pair.refresh })).rejects.toThrow(DependencyUnavailable);
      // Not 401: whether the refresh token was a good one nobody can say.
      await expect(serving(pair.access)).rejects.toThrow(DependencyUnavailable);
      expect(await serving(other.access)).toBeDefined();
      state.down = false;
      await expect.poll(() => serving(pair.access).catch(() => 'still denied'), { timeout: 3_000 }).toBeUndefined();
      expect(await serving(other.access)).toBeDefined();
      expect((await core.token({ grant_type: 'refresh_token', refresh_token: pair.refresh })).status).toBe(400);
    },
  );

  it('is of no use to a client that the token is not for, or that cannot say who it is', async () => {
    const { core, serving } = await startCached({ countersToo: true });
    const { access, refresh } = await firstPair(core);
    await serving(access);
    state.down = true;
    await expect(core.revoke({ token: refresh }, basic('other', 'app-secret'))).rejects.toThrow(DependencyUnavailable);
    expect(await serving(access)).toBeDefined();
    expect((await core.revoke({ token: refresh }, basic('app', 'wrong'))).status).toBe(401);
    expect(await serving(access)).toBeDefined();
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
