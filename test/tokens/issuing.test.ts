import { beforeEach, describe, expect, it } from 'vitest';
import { DependencyUnavailable } from '../../src/model/failure.ts';
import type { Family, TokenRef } from '../../src/model/token.ts';
import { STANDARD_TOKENS } from '../../src/model/token_policy.ts';
import { seconds } from '../../src/model/units.ts';
import type { Backend } from '../../src/stores/backend.ts';
import { memory } from '../../src/stores/memory.ts';
import type { TokenStore } from '../../src/stores/token_store.ts';
import { familyRef } from '../../src/tokens/families.ts';
import { refOf } from '../../src/tokens/format.ts';
import { createIssuer } from '../../src/tokens/issuing.ts';
import { ManualClock } from '../support/manual_clock.ts';

const settings = { accessTtl: seconds(60), refreshTtl: seconds(3600), codeTtl: seconds(60), refreshGrace: seconds(10) };
const policy = STANDARD_TOKENS;
const authorization = { client: 'app', scopes: ['read', 'write'], audience: ['api'] };

let clock: ManualClock;
let store: TokenStore;
beforeEach(async () => {
  clock = new ManualClock(1_000_000);
  store = (await (memory.create({}, { clock, directory: '/', report: () => {} }) as Promise<Backend>)).tokens;
});

const refFor = (token: string | undefined): TokenRef => {
  const ref = refOf(token ?? '');
  if (!ref) throw new Error('no token');
  return ref;
};

async function familyOf(refreshToken: string | undefined): Promise<{ ref: TokenRef; family: Family }> {
  const token = refFor(refreshToken);
  const record = await store.get('refresh', token);
  const ref = familyRef(token.tag, record?.family ?? '');
  const family = await store.get('family', ref);
  if (!family) throw new Error('no family');
  return { ref, family };
}

const order = { policy, authorization, scopes: ['read'], refreshable: true };

describe('issue', () => {
  it('writes family, access and refresh token under one tag, and nothing that is a token', async () => {
    const issuer = createIssuer({ store, clock, settings });
    const answer = await issuer.issue({ ...order, device: 'phone' });
    expect(answer).toMatchObject({ expiresIn: 60, issuedAt: 1000, scopes: ['read'] });
    const { family, ref } = await familyOf(answer.refreshToken);
    expect(family).toMatchObject({ client: 'app', scopes: ['read'], device: 'phone', generation: 0, expiresAt: 4600 });
    const access = await store.get('access', refFor(answer.accessToken));
    expect(access).toEqual({ ...authorization, scopes: ['read'], family: family.id, issuedAt: 1000, expiresAt: 1060 });
    const written = JSON.stringify([family, ref, access]);
    for (const token of [answer.accessToken, answer.refreshToken ?? '']) expect(written).not.toContain(token);
  });

  it('without a refresh token the family ends with the access token', async () => {
    const issuer = createIssuer({ store, clock, settings });
    const answer = await issuer.issue({ ...order, refreshable: false });
    expect(answer.refreshToken).toBeUndefined();
    expect(await store.families({ of: 'client', id: 'app' }, 10)).toMatchObject([{ expiresAt: 1060 }]);
  });
});

describe('refresh', () => {
  it('revokes the oldest access token when a family has too many at once', async () => {
    const issuer = createIssuer({ store, clock, settings });
    const first = await issuer.issue(order);
    let refreshToken = first.refreshToken ?? '';
    for (let count = 0; count < 64; count++) {
      expect(await store.get('access', refFor(first.accessToken))).toBeDefined();
      const answer = await issuer.refresh({
        policy,
        ...(await familyOf(refreshToken)),
        presented: refreshToken,
        scopes: ['read'],
      });
      refreshToken = answer.refreshToken ?? '';
    }
    expect(await store.get('access', refFor(first.accessToken))).toBeUndefined();
  });

  it('gives nothing when the family was ended between reading and writing', async () => {
    const issuer = createIssuer({ store, clock, settings });
    const { refreshToken = '' } = await issuer.issue(order);
    const found = await familyOf(refreshToken);
    await issuer.end(found.ref);
    const rotating = issuer.refresh({
      policy,
      ...found,
      presented: refreshToken,
      scopes: ['read'],
    });
    await expect(rotating).rejects.toMatchObject({ failure: { code: 'invalid_refresh_token' } });
  });

  it('gives up on a store that refuses every swap, without an endless loop', async () => {
    // As memory, but no compare-and-swap ever succeeds.
    const stubborn: TokenStore = {
      get: (kind, ref) => store.get(kind, ref),
      put: (entries) => store.put(entries),
      take: (kind, ref) => store.take(kind, ref),
      rotate: async () => false,
      revoke: (ref) => store.revoke(ref),
      families: (owner, limit) => store.families(owner, limit),
      sessions: (subject, limit) => store.sessions(subject, limit),
      claim: (ref, record) => store.claim(ref, record),
      invalidation: store.invalidation,
    };
    const issuer = createIssuer({ store: stubborn, clock, settings });
    const { refreshToken = '' } = await issuer.issue(order);
    const rotating = issuer.refresh({
      policy,
      ...(await familyOf(refreshToken)),
      presented: refreshToken,
      scopes: ['read'],
    });
    await expect(rotating).rejects.toThrow(DependencyUnavailable);
  });

  it('keeps the scopes of the family and writes the user of today', async () => {
    const issuer = createIssuer({ store, clock, settings });
    const user = { subject: 'u', username: 'u', connection: 'users', roles: [] };
    const { refreshToken = '' } = await issuer.issue({
      ...order,
      authorization: { ...authorization, user },
      scopes: ['read', 'write'],
    });
    const today = { ...user, name: 'New Name', roles: ['admin'] };
    const answer = await issuer.refresh({
      policy,
      ...(await familyOf(refreshToken)),
      presented: refreshToken,
      scopes: ['read'],
      user: today,
    });
    const { family } = await familyOf(answer.refreshToken);
    expect(family).toMatchObject({ scopes: ['read', 'write'], user: today, generation: 1 });
    expect(await store.get('access', refFor(answer.accessToken))).toMatchObject({ scopes: ['read'], user: today });
  });
});
