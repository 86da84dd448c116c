/**
 * The composition root: which variants there are, and how the rooms are joined into what a configuration makes. All wiring, no
 * logic: a decision that seems to belong here belongs in a room. What outlives a configuration is joined in `core.ts`.
 */
import { createAccount } from './account/account.ts';
import type { ConfigVariants } from './config/variants.ts';
import { adfs } from './connections/adfs.ts';
import type { ConnectionVariant, PasswordVerifier } from './connections/connection.ts';
import { database } from './connections/database.ts';
import { email } from './connections/email.ts';
import { ldap } from './connections/ldap.ts';
import { oidc } from './connections/oidc.ts';
import { hashPassword } from './connections/password_hash.ts';
import { sms } from './connections/sms.ts';
import { auth0 } from './dialects/auth0.ts';
import type { DialectVariant } from './dialects/dialect.ts';
import { locus } from './dialects/locus.ts';
import { oauth2 } from './dialects/oauth2.ts';
import { roambi } from './dialects/roambi.ts';
import { createForwardAuth } from './gateway/forward_auth.ts';
import { createGateway, type Gateway } from './gateway/gateway.ts';
import type { Limits } from './gateway/limits.ts';
import { createTakeNotes, notingGateway } from './gateway/noting_gateway.ts';
import { callbackBeside } from './http/browser_flow.ts';
import { createEndpoints } from './http/edge.ts';
import { createForwardAuthEndpoint } from './http/forward_auth_endpoint.ts';
import type { FindEndpoint } from './http/own_endpoints.ts';
import type { AuditEntry } from './model/audit.ts';
import { type Clock, systemClock } from './model/clock.ts';
import type { Config } from './model/config.ts';
import type { Exchange, Tracer } from './model/exchange.ts';
import type { ServerFacts } from './model/protocol.ts';
import type { Route } from './model/route.ts';
import type { Family, TokenRef } from './model/token.ts';
import type { PolicyOf } from './model/token_policy.ts';
import { inMilliseconds } from './model/units.ts';
import type { Attempts } from './oauth/attempts.ts';
import * as authorizationCode from './oauth/grants/authorization_code.ts';
import * as clientCredentials from './oauth/grants/client_credentials.ts';
import type { Grant, GrantDependencies } from './oauth/grants/grant.ts';
import * as jwtBearer from './oauth/grants/jwt_bearer.ts';
import * as password from './oauth/grants/password.ts';
import * as refreshToken from './oauth/grants/refresh_token.ts';
import { createIdTokens } from './oauth/id_tokens.ts';
import { createMayHold } from './oauth/may_hold.ts';
import { createOneTimeCodes } from './oauth/one_time_codes.ts';
import { createProtocol } from './oauth/protocol.ts';
import { createSignInDesk, type SignInDesk } from './oauth/sign_in.ts';
import type { SignInNotes } from './oauth/sign_in_notes.ts';
import type { Log } from './observe/log.ts';
import { createClients } from './registry/clients.ts';
import { createConsents } from './registry/consents.ts';
import { createUsers } from './registry/users.ts';
import type { Backend, BackendVariant } from './stores/backend.ts';
import { embedded } from './stores/embedded.ts';
import type { CachedTokenStore } from './stores/lru.ts';
import { memory } from './stores/memory.ts';
import { redis } from './stores/redis.ts';
import type { TokenStore } from './stores/token_store.ts';
import { createIssuer } from './tokens/issuing.ts';
import { createSigningKeys, keyAlgorithms } from './tokens/signing_keys.ts';
import { isMarked, type TokenMarks } from './tokens/token_marks.ts';

/** The stores, by the `type` of `store:`. */
const stores: Readonly<Record<string, BackendVariant>> = { embedded, redis, memory };
/** The connections, by the `type` of each of `connections:`. */
const connections: Readonly<Record<string, ConnectionVariant>> = { adfs, database, email, ldap, oidc, sms };
/** The dialects, by the `type` of each of `dialects:`. */
const dialects: Readonly<Record<string, DialectVariant>> = { oauth2, roambi, locus, auth0 };
/** The grants, by the wire value of `grant_type`. */
const grants: Readonly<Record<string, (deps: GrantDependencies) => Grant>> = {
  authorization_code: authorizationCode.create,
  refresh_token: refreshToken.create,
  password: password.create,
  client_credentials: clientCredentials.create,
  [jwtBearer.JWT_BEARER]: jwtBearer.create,
};

/** Everything a configuration can name. */
export const variants: ConfigVariants = {
  stores,
  connections,
  dialects: Object.fromEntries(Object.entries(dialects).map(([type, dialect]) => [type, placed(dialect)])),
  grants: Object.keys(grants),
};

/** A dialect that also tells where its endpoints would be. */
function placed(dialect: DialectVariant) {
  const paths = (options: unknown, prefix: string) =>
    dialect.create(options, { prefix }).endpoints.map(({ path }) => path);
  return { ...dialect, paths };
}

/** Words failures where a route names no dialect that is configured, and where there is no route. */
const standardDialect = oauth2.create({}, { prefix: oauth2.prefix });

/** What outlives a configuration: a reload takes none of it away. */
export interface Ground {
  readonly documents: Backend['documents'];
  readonly counters: Backend['counters'];
  /** The store of tokens, behind its cache. */
  readonly store: CachedTokenStore;
  readonly marks: TokenMarks;
  readonly clock: Clock;
  readonly passwords: PasswordVerifier;
  readonly attempts: Attempts;
  /** As `attempts`, counted on this node alone, for what must go on without the store. */
  readonly attemptsHere: Attempts;
  readonly limits: Limits;
  /** The key of one-time codes where the configuration names none. */
  readonly secret: string;
  /** Where the main listener can be reached; known only once it has its port. */
  readonly url: () => string;
  /** Where connections print what a developer asked to see. */
  readonly print: (line: string) => void;
  readonly report: (exchange: Exchange) => void;
  /** Absent: nothing is traced. */
  readonly tracer?: Tracer | undefined;
  readonly tokenIssued: (grant: string) => void;
  /** Writes an event into the audit log, without anybody waiting for it. */
  readonly note: (entry: AuditEntry) => void;
  readonly signIns: SignInNotes;
  readonly log: Pick<Log, 'event'>;
}

/** What a configuration makes: the rules that requests are handled by. Nothing in it needs to be closed. */
export interface Rules {
  /** Those of the configuration, with the limits of their dialects. */
  readonly routes: readonly Route[];
  readonly gateway: Gateway;
  readonly endpoints: FindEndpoint;
  /** Where passwords are evaluated, for whoever signs in to what is no app. */
  readonly desk: SignInDesk;
}

/** Joins everything between the listeners and the ground. Changes nothing outside, so that what throws here has done no harm. */
export function composeRules(config: Config, ground: Ground): Rules {
  const { documents, store, marks, clock, passwords, attempts, report, log } = ground;
  const clients = createClients({ configured: config.clients, documents, clock });
  const consents = createConsents({ documents, clock });
  const { users, proving, codes, desk } = composePeople(config, ground);

  const { speaking, dialectOf } = spoken(config);
  const reused = reuseNotes(ground);
  const databases = config.connections.filter(({ type }) => type === database.type).map(({ name }) => name);
  const mayHold = createMayHold({ clients, users, databases });
  const settings = config.tokens;
  const issuer = createIssuer({ store, clock, settings, marks, reused: reused('refresh_token'), mayHold });
  const policyOf: PolicyOf = (type) => dialectOf(type).tokens;
  const isForged = forgedBy(marks, speaking);
  const facts: ServerFacts = {
    get issuer() {
      return config.listen.publicUrl ?? ground.url();
    },
    grantTypes: Object.keys(grants),
    scopes: [...new Set(config.clients.flatMap((client) => client.scopes))],
  };
  const signingKeys = createSigningKeys({
    documents,
    clock,
    algorithms: keyAlgorithms(speaking.map(({ dialect }) => dialect.tokens)),
    rotation: config.idTokens.keyRotation,
    tokenTtl: config.idTokens.ttl,
    serverSecret: config.serverSecret,
  });
  const idTokens = createIdTokens({ keys: signingKeys, clock, settings: config.idTokens, facts });
  const notes = ground.signIns;
  const protocol = createProtocol({
    grants: Object.values(grants).map((create) =>
      create({ store, isForged, reused: reused('code'), desk, clock, idTokens, policyOf }),
    ),
    notes,
    attempts,
    codes,
    desk,
    connections: proving,
    clients,
    consents,
    passwords,
    store,
    isForged,
    issuer,
    clock,
    settings: config.tokens,
    policyOf,
    facts,
    idTokens,
    signingKeys,
    alone: { denials: store, attempts: ground.attemptsHere },
  });

  const { routes, gateway: decides } = composeGateway(config, ground);
  const take = createTakeNotes({
    tracer: ground.tracer,
    callers: config.log.access === 'combined',
    trustedProxies: config.listen.trustedProxies,
  });
  const gateway = take ? notingGateway(decides, take) : decides;
  const account =
    config.account &&
    createAccount({
      settings: config.account,
      // Outside providers know one URL, and it is that of a dialect if there is one on every host.
      callback: speaking.flatMap(({ dialect, host }) => (host ? [] : (callbackBeside(dialect) ?? [])))[0],
      flow: protocol.authorization,
      desk,
      store,
      clients,
      consents,
      users,
      issuer,
      clock,
      hashPassword,
      placeOf: ({ subject, connection }) => {
        if (!databases.includes(connection)) return 'connection';
        return users.isConfigured(subject) ? 'configuration' : 'store';
      },
      note: ground.note,
      tokenIssued: ground.tokenIssued,
    });
  const endpoints = createEndpoints({
    dialects: speaking,
    pages: account && { actions: account, words: standardDialect },
    protocol,
    clock,
    trustedProxies: config.listen.trustedProxies,
    notes: take,
    forwardAuth: config.forwardAuth
      ? createForwardAuthEndpoint({
          forwardAuth: createForwardAuth({
            gateway,
            identityHeaders: config.identityHeaders,
            trustedProxies: config.listen.trustedProxies,
          }),
          clock,
          report,
        })
      : undefined,
    report,
    tokenIssued: ground.tokenIssued,
    trouble: (level, event, detail) => log.event(level, event, detail),
  });

  return { routes, gateway, endpoints, desk };
}

/** What signing in takes of the ground. */
export type PeopleGround = Pick<
  Ground,
  'documents' | 'counters' | 'clock' | 'passwords' | 'attempts' | 'secret' | 'print' | 'signIns' | 'log'
> & { readonly store: TokenStore };

/** Joins what proves who people are: the connections of a configuration, and the desk in front of them. */
export function composePeople(config: Config, ground: PeopleGround) {
  const { documents, counters, store, clock, passwords, attempts, log, signIns: notes } = ground;
  const users = createUsers({ configured: config.users, documents, clock });
  const proving = config.connections.flatMap(({ type, name, options }) =>
    named(connections, type).create(options, {
      name,
      clock,
      users,
      passwords,
      report: (event, detail) => log.event('warn', event, { connection: name, ...detail }),
      print: ground.print,
    }),
  );
  const codes = createOneTimeCodes({ store, counters, clock, secret: config.serverSecret ?? ground.secret });
  const whose = async (connections: readonly string[], username: string) => {
    const found = await Promise.all(connections.map((name) => users.findByUsername(name, username)));
    return found.find((user) => user !== undefined);
  };
  const desk = createSignInDesk({ connections: proving, attempts, codes, notes, whose });
  return { users, proving, codes, desk };
}

/** What the decision about calls takes of the ground. */
export type GatewayGround = Pick<Ground, 'marks' | 'counters' | 'limits' | 'clock'> & {
  readonly store: TokenStore & Pick<CachedTokenStore, 'remembers'>;
};

/** Joins what decides about calls: routes with the limits of their dialects, and the words of each dialect. */
export function composeGateway(config: Config, { store, marks, counters, limits, clock }: GatewayGround) {
  const { speaking, dialectOf } = spoken(config);
  const isForged = forgedBy(marks, speaking);
  // What a route does not say of limits its dialect says, for all such routes together.
  const routes = config.routes.map((route) => {
    const limits = route.limits ?? dialectOf(route.dialect).limits;
    return limits === route.limits ? route : { ...route, limits: { ...limits, countedAs: route.dialect } };
  });
  const gateway = createGateway({
    routes,
    lookup: store,
    isForged: (token, ref) => !store.remembers(ref) && isForged(token),
    counters,
    limits,
    clock,
    identityHeaders: config.identityHeaders,
    trustedProxies: config.listen.trustedProxies,
    refusalFor: (type) => {
      const dialect = dialectOf(type);
      return (failure) => dialect.fail(failure, 'route');
    },
  });
  return {
    routes,
    gateway,
    isForged,
    dialects: speaking.map(({ type, host, dialect }) => ({
      ...{ type, host, tokens: dialect.tokens },
      paths: dialect.endpoints.map(({ path }) => path),
    })),
  };
}

/** The dialects of a configuration, and which one words what. */
function spoken(config: Config) {
  const speaking = config.dialects.map(({ type, prefix, host, options }) => ({
    type,
    host,
    dialect: named(dialects, type).create(options, { prefix: prefix ?? named(dialects, type).prefix }),
  }));
  const dialectOf = (type: string) => speaking.find((each) => each.type === type)?.dialect ?? standardDialect;
  return { speaking, dialectOf };
}

type Speaking = ReturnType<typeof spoken>['speaking'];

function forgedBy(marks: TokenMarks, speaking: Speaking): (token: string) => boolean {
  const unmarked = speaking
    .flatMap(({ dialect }) => [dialect.tokens.access, dialect.tokens.refresh])
    .filter((shape) => !isMarked(shape));
  return (token) => marks.isForged(token, unmarked);
}

/** A refresh token or a code that comes a second time was seen by somebody else: operators are to know. */
const reuseNotes =
  ({ note, clock }: Pick<Ground, 'note' | 'clock'>) =>
  (what: 'refresh_token' | 'code') =>
  ({ client, user }: Family, { tag, hash }: TokenRef): void =>
    note({
      at: clock.now(),
      actor: { kind: 'system', id: 'gatehouse' },
      via: 'system',
      action: 'token.reuse_detected',
      target: { kind: 'grant', id: `${tag}.${hash}` },
      outcome: 'done',
      detail: { presented: what, client, ...(user && { user: user.subject }) },
    });

/** Opens the configured store. A server that is away does not keep it from opening. */
export function openStore(config: Config, log: Log, clock: Clock = systemClock): Promise<Backend> {
  const { type, options } = config.store;
  return named(stores, type).create(options, {
    clock,
    directory: '.',
    keepAudit: inMilliseconds(config.audit.keep),
    report: (event, detail) => log.event('warn', event, detail),
  });
}

function named<T>(map: Readonly<Record<string, T>>, type: string): T {
  const found = map[type];
  if (found === undefined) throw new Error(`there is no "${type}" among ${Object.keys(map).join(', ')}`);
  return found;
}
