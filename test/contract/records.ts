import { randomBytes } from 'node:crypto';
import type { AccessToken, Authorization, Away, Family, RecordOf, TokenHash, TokenRef } from '../../src/model/token.ts';
import { seconds } from '../../src/model/units.ts';
import type { Entry } from '../../src/stores/token_store.ts';

/** Records as the token rooms make them, for the contract suites of the stores. */

const random = (bytes: number): string => randomBytes(bytes).toString('base64url');
export const newHash = (): TokenHash => random(32) as TokenHash; // the one place of a test that names random text a hash
export const newRef = (tag: string = random(6)): TokenRef => ({ tag, hash: newHash() });

export const ALICE: Authorization = {
  client: 'demo-app',
  user: {
    subject: 'u-alice',
    username: 'alice',
    name: 'Alice Liddell',
    email: 'alice@example.com',
    connection: 'users',
    roles: [],
  },
  scopes: ['demo:read', 'demo:write'],
  audience: [],
  authenticatedAt: seconds(1_750_000_000),
};

/** One grant: a family, its live access tokens and its refresh token, as they are put together. */
export interface Grant {
  readonly ref: TokenRef;
  readonly family: Family;
  readonly access: readonly TokenRef[];
  readonly refresh: TokenRef;
  readonly entries: readonly Entry[];
}

/** @param now in milliseconds. @param life of everything, in seconds. */
export function newGrant(
  now: number,
  how: { life?: number; tokens?: number; authorization?: Authorization } = {},
): Grant {
  const { life = 3600, tokens = 1, authorization = ALICE } = how;
  const tag = random(6);
  const ref: TokenRef = { tag, hash: random(16) as TokenHash };
  const issuedAt = seconds(Math.floor(now / 1000));
  const expiresAt = seconds(issuedAt + life);
  const access = Array.from({ length: tokens }, () => newRef(tag));
  const refresh = newRef(tag);
  const family: Family = {
    ...authorization,
    id: ref.hash,
    generation: 0,
    live: access.map(({ hash }) => [hash, expiresAt] as const),
    refresh: [[refresh.hash, expiresAt]],
    issuedAt,
    expiresAt,
  };
  const entries: Entry[] = [
    { kind: 'family', ref, record: family },
    ...access.map((it): Entry => ({ kind: 'access', ref: it, record: accessOf(family) })),
    { kind: 'refresh', ref: refresh, record: { family: family.id, generation: 0, expiresAt } },
  ];
  return { ref, family, access, refresh, entries };
}

export function accessOf(family: Family): AccessToken {
  const { client, user, scopes, audience, authenticatedAt, issuedAt, expiresAt } = family;
  return { family: family.id, client, user, scopes, audience, authenticatedAt, issuedAt, expiresAt };
}

/** What a rotation of a grant writes: the next generation with one new access token and one new refresh token. */
export function rotationOf(grant: Grant, generation = 1): Grant {
  const { tag } = grant.ref;
  const { expiresAt } = grant.family;
  const [access, refresh] = [newRef(tag), newRef(tag)];
  const family: Family = {
    ...grant.family,
    generation,
    live: [[access.hash, expiresAt]],
    refresh: [...grant.family.refresh, [refresh.hash, expiresAt]],
    replay: { sealed: random(60), until: seconds(expiresAt - 1) },
  };
  const entries: Entry[] = [
    { kind: 'family', ref: grant.ref, record: family },
    { kind: 'access', ref: access, record: accessOf(family) },
    { kind: 'refresh', ref: refresh, record: { family: family.id, generation, expiresAt } },
  ];
  return { ref: grant.ref, family, access: [access], refresh, entries };
}

const AWAY: Away = {
  connection: 'corp',
  nonce: 'n',
  codeVerifier: 'v',
  callback: 'https://gatehouse.example/oauth2/callback',
};

/** One record of every kind, with every optional member present or with none of them. */
export function oneOfEach(now: number, how: 'full' | 'bare', life = 3600): RecordOf {
  const issuedAt = seconds(Math.floor(now / 1000));
  const expiresAt = seconds(issuedAt + life);
  const bare = { client: 'c', scopes: [], audience: [] };
  const user = {
    subject: 'u-"\u{1F600}\u0000',
    username: 'b',
    name: 'Bé',
    email: 'b@example.com',
    phoneNumber: '+15550100',
    connection: 'users',
    roles: ['admin'],
  };
  const shared: Authorization =
    how === 'bare' ? bare : { ...bare, scopes: ['a', 'b'], audience: ['https://api'], user, authenticatedAt: issuedAt };
  const full = how === 'full';
  const pair = [newHash(), expiresAt] as const;
  return {
    access: { ...shared, family: newHash(), issuedAt, expiresAt },
    refresh: { family: newHash(), generation: full ? 7 : 0, expiresAt },
    family: {
      ...shared,
      ...(full && { device: 'phone', replay: { sealed: 'sealed', until: expiresAt } }),
      id: newHash(),
      generation: full ? 2 ** 40 : 0,
      live: full ? [pair, pair] : [],
      refresh: full ? [pair] : [],
      issuedAt,
      expiresAt,
    },
    code: {
      ...shared,
      ...(full && { redirectUri: 'http://127.0.0.1/', codeChallenge: newHash(), nonce: 'n' }),
      expiresAt,
    },
    session: {
      user: full ? user : { subject: 's', username: 'u', connection: 'c', roles: [] },
      authenticatedAt: issuedAt,
      ...(full && { userAgent: 'Browser/1.0 <script>', address: '::1', purpose: 'console' }),
      expiresAt,
    },
    interaction: {
      ...(full && { state: '', codeChallenge: newHash(), nonce: '', away: AWAY }),
      ...(full && { staleSession: newHash(), askConsent: true, visit: '/account' }),
      dialect: 'oauth2',
      client: 'c',
      redirectUri: 'http://127.0.0.1/',
      redirectUriSent: full,
      scopes: [],
      browser: newHash(),
      csrf: 'x',
      expiresAt,
    },
    otp: { mac: newHash(), expiresAt },
    answer: { fingerprint: full ? newHash() : '', sealed: full ? 'sealed' : '', expiresAt },
  };
}

/** Ids that try to leave their place in a key, a pattern, a hash tag, a line or a prototype. */
export const HOSTILE_IDS: readonly string[] = [
  ...[
    '}',
    '{',
    '{}',
    '}{',
    'a}b',
    '{a}',
    'a\nb',
    'a\r\nDEL x',
    '\0',
    'a\0b',
    '*',
    '?',
    '[a]',
    ':',
    'a:b',
    'c:demo-app',
  ],
  ...['%', '%7D', '%257D', ' ', '', '.', '..', '/', '\\', "'", '"', "'; DROP TABLE records; --", '__proto__'],
  ...['constructor', 'toString', 'u:x', '日本語', '\u00e9', 'e\u0301', '\u{1F600}', '\ufeff', 'x'.repeat(10_000)],
];
