import { createHash, hash, randomBytes } from 'node:crypto';
import type { Connection, PasswordVerifier, UserDirectory } from '../../src/connections/connection.ts';
import { database } from '../../src/connections/database.ts';
import { createPasswordVerifier, hashPassword } from '../../src/connections/password_hash.ts';
import type { Dialect } from '../../src/dialects/dialect.ts';
import { oauth2 } from '../../src/dialects/oauth2.ts';
import type { Client, User } from '../../src/model/client.ts';
import type { TokenSettings } from '../../src/model/config.ts';
import { ProtocolError } from '../../src/model/failure.ts';
import type { AuthorizationRequest, Caller, OperationName } from '../../src/model/protocol.ts';
import { STANDARD_TOKENS, type TokenPolicy } from '../../src/model/token_policy.ts';
import { seconds } from '../../src/model/units.ts';
import type { Pair, WireRequest, WireResponse } from '../../src/model/wire.ts';
import { createAttempts } from '../../src/oauth/attempts.ts';
import type { Browser, Step } from '../../src/oauth/authorization_flow.ts';
import { create as authorizationCode } from '../../src/oauth/grants/authorization_code.ts';
import { create as clientCredentials } from '../../src/oauth/grants/client_credentials.ts';
import { create as jwtBearer } from '../../src/oauth/grants/jwt_bearer.ts';
import { create as password } from '../../src/oauth/grants/password.ts';
import { create as refreshToken } from '../../src/oauth/grants/refresh_token.ts';
import { createIdTokens } from '../../src/oauth/id_tokens.ts';
import { createOneTimeCodes } from '../../src/oauth/one_time_codes.ts';
import { createProtocol, type Protocol } from '../../src/oauth/protocol.ts';
import { createSignInDesk } from '../../src/oauth/sign_in.ts';
import { createClients } from '../../src/registry/clients.ts';
import { createConsents } from '../../src/registry/consents.ts';
import { createUsers } from '../../src/registry/users.ts';
import type { Backend } from '../../src/stores/backend.ts';
import type { CounterStore } from '../../src/stores/counter_store.ts';
import { memory } from '../../src/stores/memory.ts';
import { MemoryCounters } from '../../src/stores/memory_counters.ts';
import type { Denials, TokenStore } from '../../src/stores/token_store.ts';
import { createIssuer } from '../../src/tokens/issuing.ts';
import { createSigningKeys, keyAlgorithms } from '../../src/tokens/signing_keys.ts';
import { ManualClock } from '../support/manual_clock.ts';

/** The protocol core behind the standard dialect, over a memory store and a clock that tests move: everything but HTTP. */

export const ISSUER = 'https://auth.example.com';
/** Where every request of these tests comes from, unless it says otherwise. */
export const CALLER = '192.0.2.1';
export const caller: Caller = { address: CALLER };
export const CALLBACK = 'https://app.example.com/callback';
export const SERVER_SECRET = 'a secret of thirty-two characters';
const WONDERLAND = await hashPassword('wonderland');

export const settings: TokenSettings = {
  accessTtl: seconds(3600),
  refreshTtl: seconds(30 * 86_400),
  codeTtl: seconds(60),
  refreshGrace: seconds(10),
};

export const app: Client = {
  id: 'app',
  name: 'The App',
  secrets: [{ hash: `sha256:${hash('sha256', 'app-secret', 'base64url')}` }],
  public: false,
  grants: ['authorization_code', 'refresh_token', 'password', 'client_credentials'],
  redirectUris: [CALLBACK],
  scopes: ['read', 'write'],
  audience: ['api'],
  disabled: false,
};
export const otherApp: Client = { ...app, id: 'other', name: 'Another App' };
export const spa: Client = { ...app, id: 'spa', name: 'A Page', secrets: [], public: true };

export const alice: User = {
  id: 'u-alice',
  connection: 'users',
  username: 'alice',
  name: 'Alice Liddell',
  email: 'alice@example.com',
  passwordHash: WONDERLAND,
  roles: [],
  disabled: false,
};

const idTokenSettings = { ttl: seconds(3600), keyRotation: seconds(30 * 86_400) };

export interface CoreOptions {
  readonly clients?: readonly Client[];
  readonly users?: readonly User[];
  readonly settings?: Partial<TokenSettings>;
  /** Wraps the store, to count or to break what passes. */
  readonly store?: (store: TokenStore) => TokenStore;
  /** What revocations fall back on while the store is away: the cache that `store` made. */
  readonly denials?: () => Denials;
  /** In place of a memory store: one that several nodes share. The clock must say the real time then. */
  readonly backend?: Backend;
  readonly now?: number;
  /** Wraps the counters, to break them. */
  readonly counters?: (counters: CounterStore) => CounterStore;
  /** Further connections, behind the database `users`. */
  readonly connections?: (users: UserDirectory) => readonly Connection[];
  /** In place of real hashing, where only the count of evaluations matters. */
  readonly passwords?: PasswordVerifier;
  readonly requirePkce?: boolean;
  readonly idTokens?: TokenPolicy['idTokens'];
}

export type Core = Awaited<ReturnType<typeof startCore>>;

export async function startCore(options: CoreOptions = {}) {
  const clock = new ManualClock(options.now ?? Date.UTC(2026, 0, 1));
  const backend =
    options.backend ??
    (await (memory.create({}, { clock, directory: '/nowhere', report: () => {} }) as Promise<Backend>));
  const store = options.store?.(backend.tokens) ?? backend.tokens;
  const { documents } = backend;
  const clients = createClients({ configured: options.clients ?? [app, otherApp, spa], documents, clock });
  const users = createUsers({ configured: options.users ?? [], documents, clock });
  if (!options.users) await users.add(alice);
  const consents = createConsents({ documents, clock });
  const passwords = countingPasswords(options.passwords);
  const connections = [
    ...database.create({ users: [] }, { name: 'users', clock, users, passwords, report: () => {} }),
    ...(options.connections?.(users) ?? []),
  ];
  const merged = { ...settings, ...options.settings };
  const issuer = createIssuer({ store, clock, settings: merged });
  const policy = { ...STANDARD_TOKENS, idTokens: options.idTokens ?? ('ES256' as const) };
  const policyOf = () => policy;
  const signingKeys = createSigningKeys({
    ...{ documents, clock, algorithms: keyAlgorithms([policy]) },
    ...{ rotation: idTokenSettings.keyRotation, tokenTtl: idTokenSettings.ttl },
  });
  const idTokens = createIdTokens({ keys: signingKeys, clock, settings: idTokenSettings, facts: { issuer: ISSUER } });
  const counters = options.counters?.(backend.counters) ?? backend.counters;
  const attempts = createAttempts({ counters, clock });
  const codes = createOneTimeCodes({ store, counters, clock, secret: SERVER_SECRET });
  const desk = createSignInDesk({ connections, attempts, codes });
  const grants = [
    authorizationCode({ store }),
    refreshToken({ store }),
    password({ desk, clock }),
    clientCredentials(),
    jwtBearer({ store, idTokens, policyOf }),
  ];
  const facts = { issuer: ISSUER, grantTypes: grants.map(({ type }) => type), scopes: ['read', 'write'] };
  const deps = {
    attempts,
    codes,
    desk,
    grants,
    clients,
    consents,
    connections,
    passwords,
    store,
    issuer,
    clock,
    settings: merged,
    facts,
    policyOf,
    signingKeys,
    idTokens,
    alone: options.denials && {
      denials: options.denials(),
      attempts: createAttempts({ counters: new MemoryCounters(clock), clock }),
    },
  };
  const protocol = createProtocol(deps);
  const dialect = oauth2.create({ require_pkce: options.requirePkce ?? true }, { prefix: oauth2.prefix });
  const wire = wireOf(dialect, protocol);
  return {
    clock,
    backend,
    attempts,
    codes,
    desk,
    store,
    documents,
    clients,
    users,
    consents,
    connections,
    passwords,
    signingKeys,
    idTokens,
    protocol,
    dialect,
    ...wire,
  };
}

/** As the real one, and counts: timing tests compare how often it was asked, not how long it took. */
function countingPasswords(real = createPasswordVerifier()): PasswordVerifier & { count: number } {
  return {
    count: 0,
    verify(stored, attempt) {
      this.count++;
      return real.verify(stored, attempt);
    },
  };
}

export interface Reply {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  // Tests look at any member of an answer that they expect to be there.
  readonly body: Readonly<Record<string, unknown>>;
}

export type Form = Readonly<Record<string, string>> | readonly Pair[];

export const basic = (id: string, secret: string): string =>
  `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`;

const pairs = (form: Form): readonly Pair[] => (Array.isArray(form) ? form : Object.entries(form));

/** Sends what an app would send, as far as that can be done without a socket. */
function wireOf(dialect: Dialect, protocol: Protocol) {
  async function send(operation: OperationName, request: Partial<WireRequest>): Promise<Reply> {
    const endpoint = dialect.endpoints.find(
      (it) => it.operation === operation && (request.path ?? it.path) === it.path,
    );
    if (!endpoint || endpoint.operation === 'authorize') throw new Error(`no endpoint for ${operation}`);
    const whole = {
      method: endpoint.method,
      path: endpoint.path,
      query: [],
      body: [],
      callerAddress: CALLER,
      ...request,
    };
    try {
      // One endpoint at a time has matching types; over the union TypeScript cannot follow that.
      const run = protocol.operations[operation] as (input: unknown) => Promise<never>;
      return reply(endpoint.encode(await run(endpoint.decode(whole))));
    } catch (error) {
      if (error instanceof ProtocolError) return reply(dialect.fail(error.failure, 'endpoint'));
      throw error;
    }
  }

  const post =
    (operation: 'token' | 'revoke' | 'introspect') =>
    (form: Form, authorization: string | null = basic('app', 'app-secret')): Promise<Reply> =>
      send(operation, { body: pairs(form), ...(authorization !== null && { authorization }) });

  function decodeAuthorize(query: Form): AuthorizationRequest {
    const endpoint = dialect.endpoints.find((it) => it.operation === 'authorize');
    if (endpoint?.operation !== 'authorize') throw new Error('no authorization endpoint');
    return endpoint.decode({
      method: 'GET',
      path: endpoint.path,
      query: pairs(query),
      body: [],
      callerAddress: CALLER,
    });
  }

  const authorize = async (query: Form, browser: Browser = {}): Promise<Step> =>
    protocol.authorization.begin(decodeAuthorize(query), browser);

  return { send, token: post('token'), revoke: post('revoke'), introspect: post('introspect'), authorize };
}

function reply({ status, headers, body }: WireResponse): Reply {
  return { status, headers: new Map(headers), body: body === '' ? {} : (JSON.parse(body) as Reply['body']) };
}

export function newPkce() {
  const verifier = randomBytes(32).toString('base64url');
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  return { verifier, query: { code_challenge: challenge, code_challenge_method: 'S256' } };
}

/** What an app asks for, complete and right; `change` breaks or adds what a test is about. */
export const request = (change: Readonly<Record<string, string>> = {}) => ({
  response_type: 'code',
  client_id: 'app',
  redirect_uri: CALLBACK,
  scope: 'read',
  state: 'xyz',
  ...change,
});

/** The step that was expected, or an error that says which one came. */
export function expectStep<D extends Step['do']>(step: Step, wanted: D): Extract<Step, { do: D }> {
  if (step.do !== wanted) throw new Error(`expected ${wanted}, got ${JSON.stringify(step)}`);
  // Checked one line above.
  return step as Extract<Step, { do: D }>;
}

export const parametersOf = (step: Step): URLSearchParams => new URL(expectStep(step, 'redirect').to).searchParams;

/** A browser that goes through the pages as alice. */
export async function signIn(core: Core, query: Form, browser: Browser = {}) {
  const page = expectStep(await core.authorize(query, browser), 'sign_in');
  const form = { csrf: page.csrf, caller, username: 'alice', password: 'wonderland' };
  const flow = core.protocol.authorization;
  const resumed = expectStep(await flow.signIn(page.interaction, { ...browser, id: page.browser }, form), 'resume');
  const signedIn: Browser = { id: page.browser, session: resumed.session };
  return { browser: signedIn, step: await flow.resume(resumed.interaction, signedIn) };
}

/** The whole way to a code. */
export async function getCode(
  core: Core,
  query: Form,
): Promise<{ code: string; browser: Browser; answer: URLSearchParams }> {
  const { browser, step } = await signIn(core, query);
  const page = expectStep(step, 'consent');
  const done = await core.protocol.authorization.consent(page.interaction, browser, { csrf: page.csrf, allow: true });
  const answer = parametersOf(done);
  return { code: answer.get('code') ?? '', browser, answer };
}

/** The first pair of a family, by the password grant. */
export async function firstPair(core: Core, form: Readonly<Record<string, string>> = {}) {
  const { body } = await core.token({ grant_type: 'password', username: 'alice', password: 'wonderland', ...form });
  return { access: String(body['access_token']), refresh: String(body['refresh_token']) };
}
