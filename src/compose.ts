/**
 * The composition root: which variants there are, and how the rooms are joined. All wiring, no logic: a decision that seems to
 * belong here belongs in a room.
 */
import { randomBytes } from 'node:crypto';
import type { ConfigVariants } from './config/variants.ts';
import { adfs } from './connections/adfs.ts';
import type { ConnectionVariant } from './connections/connection.ts';
import { database } from './connections/database.ts';
import { email } from './connections/email.ts';
import { ldap } from './connections/ldap.ts';
import { oidc } from './connections/oidc.ts';
import { createPasswordVerifier } from './connections/password_hash.ts';
import { sms } from './connections/sms.ts';
import { startDemoApi } from './demo/demo_api.ts';
import { auth0 } from './dialects/auth0.ts';
import type { DialectVariant } from './dialects/dialect.ts';
import { locus } from './dialects/locus.ts';
import { oauth2 } from './dialects/oauth2.ts';
import { roambi } from './dialects/roambi.ts';
import { createFastLane } from './gateway/fast_lane.ts';
import { createForwardAuth } from './gateway/forward_auth.ts';
import { createFullLane } from './gateway/full_lane.ts';
import { createGateway } from './gateway/gateway.ts';
import { createLiveStreams } from './gateway/live_streams.ts';
import { createUpgrades } from './gateway/upgrade.ts';
import { createUpstreams } from './gateway/upstream/upstreams.ts';
import { createEndpoints } from './http/edge.ts';
import { createForwardAuthEndpoint } from './http/forward_auth_endpoint.ts';
import { type Clock, systemClock } from './model/clock.ts';
import type { Config } from './model/config.ts';
import type { Exchange } from './model/exchange.ts';
import type { ServerFacts } from './model/protocol.ts';
import type { PolicyOf } from './model/token_policy.ts';
import { createAttempts } from './oauth/attempts.ts';
import * as authorizationCode from './oauth/grants/authorization_code.ts';
import * as clientCredentials from './oauth/grants/client_credentials.ts';
import type { Grant, GrantDependencies } from './oauth/grants/grant.ts';
import * as jwtBearer from './oauth/grants/jwt_bearer.ts';
import * as password from './oauth/grants/password.ts';
import * as refreshToken from './oauth/grants/refresh_token.ts';
import { createIdTokens } from './oauth/id_tokens.ts';
import { createOneTimeCodes } from './oauth/one_time_codes.ts';
import { createProtocol } from './oauth/protocol.ts';
import { createSignInDesk } from './oauth/sign_in.ts';
import type { Log } from './observe/log.ts';
import type { Metrics } from './observe/metrics.ts';
import { createClients } from './registry/clients.ts';
import { createConsents } from './registry/consents.ts';
import { createUsers } from './registry/users.ts';
import type { Backend, BackendVariant } from './stores/backend.ts';
import { embedded } from './stores/embedded.ts';
import { cached } from './stores/lru.ts';
import { memory } from './stores/memory.ts';
import { redis } from './stores/redis.ts';
import { createIssuer } from './tokens/issuing.ts';
import { createSigningKeys, keyAlgorithms } from './tokens/signing_keys.ts';

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

export interface CoreDependencies {
  /** Where connections print what a developer asked to see. */
  readonly output: { write(text: string): unknown };
  readonly log: Log;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** The issuer (RFC 8414 §2); known only once the listener has its port. */
  readonly issuer: () => string;
}

/** Everything between the listeners and the store, joined. */
export async function composeCore(
  config: Config,
  { output, log, metrics, clock, issuer: issuerUrl }: CoreDependencies,
) {
  const report = (exchange: Exchange): void => {
    log.request(exchange);
    metrics.request(exchange);
  };

  const backend = await openStore(config, log, clock);
  const store = cached(backend.tokens, config.cache, clock);
  metrics.watch({ cache: () => store.stats(), store: () => backend.ping() });

  const { documents } = backend;
  const clients = createClients({ configured: config.clients, documents, clock });
  const users = createUsers({ configured: config.users, documents });
  const consents = createConsents({ documents, clock });

  const speaking = config.dialects.map(({ type, prefix, host, options }) => ({
    type,
    host,
    dialect: named(dialects, type).create(options, { prefix: prefix ?? named(dialects, type).prefix }),
  }));
  const dialectOf = (type: string) => speaking.find((each) => each.type === type)?.dialect ?? standardDialect;

  const passwords = createPasswordVerifier();
  const proving = config.connections.flatMap(({ type, name, options }) =>
    named(connections, type).create(options, {
      name,
      clock,
      users,
      passwords,
      report: (event, detail) => log.event('warn', event, { connection: name, ...detail }),
      print: (line) => output.write(`${line}\n`),
    }),
  );
  const issuer = createIssuer({ store, clock, settings: config.tokens });
  const policyOf: PolicyOf = (type) => dialectOf(type).tokens;
  const facts: ServerFacts = {
    get issuer() {
      return issuerUrl();
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
  const { counters } = backend;
  const attempts = createAttempts({ counters, clock });
  const secret = config.serverSecret ?? randomBytes(32).toString('base64url');
  const codes = createOneTimeCodes({ store, counters, clock, secret });
  const desk = createSignInDesk({ connections: proving, attempts, codes });
  const protocol = createProtocol({
    grants: Object.values(grants).map((create) => create({ store, desk, clock, idTokens, policyOf })),
    attempts,
    codes,
    desk,
    connections: proving,
    clients,
    consents,
    passwords,
    store,
    issuer,
    clock,
    settings: config.tokens,
    policyOf,
    facts,
    idTokens,
    signingKeys,
  });

  // What a route does not say of limits its dialect says, for all such routes together.
  const routes = config.routes.map((route) => {
    const limits = route.limits ?? dialectOf(route.dialect).limits;
    return limits === route.limits ? route : { ...route, limits: { ...limits, countedAs: route.dialect } };
  });
  const gateway = createGateway({
    routes,
    lookup: store,
    counters,
    clock,
    identityHeaders: config.identityHeaders,
    trustedProxies: config.listen.trustedProxies,
    refusalFor: (type) => {
      const dialect = dialectOf(type);
      return (failure) => dialect.fail(failure, 'route');
    },
  });
  const endpoints = createEndpoints({
    dialects: speaking,
    protocol,
    clock,
    trustedProxies: config.listen.trustedProxies,
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
    tokenIssued: (grant) => metrics.tokenIssued(grant),
    trouble: (level, event, detail) => log.event(level, event, detail),
  });

  const isDemo = config.routes.some(({ upstream }) => upstream.targets.includes('demo'));
  const demo = isDemo ? await startDemoApi() : undefined;
  const upstreams = createUpstreams({
    demoUrl: demo?.url,
    routes,
    clock,
    reportTarget: (event, detail) => log.event(event === 'upstream_healthy' ? 'info' : 'warn', event, detail),
  });
  const liveStreams = createLiveStreams({ lookup: store, clock, staleness: config.cache.staleness });
  const fullLane = createFullLane({ gateway, clock, report, upstreams, liveStreams });
  const upgrades = createUpgrades({ gateway, clock, report, upstreams, liveStreams });
  const isOwn = (target: string, host: string) => endpoints(target, host) !== undefined;
  const fastLane = createFastLane({ gateway, clock, report, upstreams, liveStreams, isOwn });
  metrics.watch({ fastLane: () => fastLane.stats(), upstreams: () => upstreams.status() });

  return {
    backend,
    report,
    endpoints,
    fullLane,
    fastLane,
    upgrades,
    upstreams,
    async close() {
      await upstreams.close();
      liveStreams.close();
      store.close();
      await backend.close();
      await demo?.close();
    },
  };
}

/** Opens the configured store. A server that is away does not keep it from opening. */
export function openStore(config: Config, log: Log, clock: Clock = systemClock): Promise<Backend> {
  const { type, options } = config.store;
  return named(stores, type).create(options, {
    clock,
    directory: '.',
    report: (event, detail) => log.event('warn', event, detail),
  });
}

function named<T>(map: Readonly<Record<string, T>>, type: string): T {
  const found = map[type];
  if (found === undefined) throw new Error(`there is no "${type}" among ${Object.keys(map).join(', ')}`);
  return found;
}
