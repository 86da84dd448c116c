import { dirname, resolve } from 'node:path';
import type { Client } from '../model/client.ts';
import type { AccountSettings, Config } from '../model/config.ts';
import type { CorsPolicy, IdentityHeaders, Route, Upstream } from '../model/route.ts';
import { DEFAULT_BREAKER } from './schema/upstream.ts';
import { secretHash } from './secret_hash.ts';
import type { ClientFields, RouteFields, Sections } from './sections.ts';
import { connectionUsers } from './users.ts';
import type { VariantEntry } from './variants.ts';

/** Turns sections without problems into the model's words. The only place that knows both. */
export function buildConfig(file: string, sections: Sections): Config {
  const listen = whole(sections.listen);
  const admin = whole(sections.admin);
  const cache = whole(sections.cache);
  const tokens = whole(sections.tokens);
  const tracing = whole(sections.tracing);
  return frozen<Config>({
    file,
    listen: {
      host: listen.host,
      port: listen.port,
      workers: listen.workers,
      path: listen.path && beside(file, listen.path),
      tls: listen.tls && { cert: beside(file, listen.tls.cert), key: beside(file, listen.tls.key) },
      http2: listen.http2,
      maxConnections: listen.max_connections,
      maxConnectionsPerAddress: listen.max_connections_per_address,
      maxDelay: listen.max_delay,
      minBodyRate: listen.min_body_rate,
      fastLane: listen.fast_lane,
      trustedProxies: listen.trusted_proxies,
      publicUrl: listen.public_url,
    },
    forwardAuth: whole(sections.top).forward_auth,
    admin: {
      host: admin.host,
      port: admin.port,
      tls: admin.tls && { cert: beside(file, admin.tls.cert), key: beside(file, admin.tls.key) },
      publicUrl: admin.public_url,
      console: admin.console,
      sessionTtl: admin.session_ttl,
      bearerScope: admin.bearer_scope,
      termsUrl: admin.terms_url,
    },
    account: account(sections),
    store: variantOf(sections.store),
    cache: {
      maxTokens: cache.max_tokens,
      ttl: cache.ttl,
      staleness: cache.staleness,
      negativeTtl: cache.negative_ttl,
    },
    tokens: {
      accessTtl: tokens.access_ttl,
      refreshTtl: tokens.refresh_ttl,
      codeTtl: tokens.code_ttl,
      refreshGrace: tokens.refresh_grace,
    },
    idTokens: { ttl: tokens.id_token_ttl, keyRotation: tokens.key_rotation },
    dialects: sections.dialects.map((it) => ({ ...variantOf(it), ...whole(it.frame) })),
    routes: sections.routes.map((it) => route(file, whole(it))),
    clients: sections.clients.map((it) => client(whole(it))),
    connections: sections.connections.map((it) => ({ ...variantOf(it), ...whole(it.frame) })),
    users: sections.connections.flatMap((it) => connectionUsers(it).map(({ user }) => user)),
    identityHeaders: identityHeaders(sections),
    serverSecret: whole(sections.top).server_secret,
    log: whole(sections.log),
    audit: whole(sections.audit),
    tracing: { otlp: tracing.otlp, sample: tracing.sample, serviceName: tracing.service_name },
  });
}

/** Relative paths in the file start from its folder. */
export const beside = (file: string, path: string): string => resolve(dirname(file), path);

function route(file: string, it: RouteFields): Route {
  return {
    name: it.name,
    path: it.path,
    host: it.host,
    methods: it.methods,
    upstream: upstream(file, it),
    stripPrefix: it.strip_prefix,
    addPrefix: it.add_prefix,
    auth: it.auth,
    scopes: it.scopes,
    audience: it.audience,
    connections: it.connections,
    dialect: it.dialect,
    limits: it.limits && {
      ...{ perToken: it.limits.per_token, perClient: it.limits.per_client },
      ...{ concurrent: it.limits.concurrent, status: it.limits.status },
    },
    serveCached: it.on_store_outage,
    forwardAuthorization: it.forward_authorization,
    maxBody: it.max_body,
    requestHeaders: it.request_headers,
    responseHeaders: it.response_headers,
    cors: it.cors && corsPolicy(it, it.cors),
  };
}

function upstream(file: string, { upstream: it }: RouteFields): Upstream {
  const { health, tls } = it;
  const pem = (path: string | undefined) => path && beside(file, path);
  // One target alone gets every call whatever becomes of it, unless the file says otherwise: there is nothing better to do.
  const breaker = it.breaker ?? (it.targets.length > 1 && DEFAULT_BREAKER);
  return {
    targets: it.targets,
    balance: it.balance,
    retries: it.retries,
    connectTimeout: it.connect_timeout,
    timeout: it.timeout,
    idleTimeout: it.idle_timeout,
    totalTimeout: it.total_timeout,
    maxConnections: it.max_connections,
    queue: it.queue,
    tls: tls && { ca: pem(tls.ca), cert: pem(tls.cert), key: pem(tls.key), serverName: tls.server_name },
    health: health && {
      path: health.path,
      interval: health.interval,
      timeout: health.timeout,
      healthyAfter: health.healthy_after,
      unhealthyAfter: health.unhealthy_after,
      expect: health.expect,
    },
    breaker: breaker
      ? { maxFailures: breaker.max_failures, retryAfter: breaker.retry_after, statuses: breaker.statuses }
      : undefined,
  };
}

const USUAL_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

function corsPolicy({ methods }: RouteFields, it: NonNullable<RouteFields['cors']>): CorsPolicy {
  return {
    origins: it.origins,
    methods: it.methods ?? methods ?? USUAL_METHODS,
    headers: it.headers,
    expose: it.expose,
    credentials: it.credentials,
    maxAge: it.max_age,
  };
}

function client(it: ClientFields): Client {
  const hash = it.secret === undefined ? it.secret_hash : secretHash(it.secret);
  const client: Client = {
    id: it.id,
    name: it.name ?? it.id,
    description: it.description,
    secrets: hash === undefined ? [] : [{ hash }],
    public: it.public,
    grants: it.grants,
    redirectUris: it.redirect_uris,
    scopes: it.scopes,
    audience: it.audience,
    connections: it.connections,
    dialects: it.dialects,
    disabled: it.disabled,
  };
  // Not enumerable: whatever lists, copies or prints a client (JSON of a log line, of a store) leaves the secret behind.
  if (it.secret !== undefined) Object.defineProperty(client, 'signingSecret', { value: it.secret });
  return client;
}

function account({ account: section }: Sections): AccountSettings | undefined {
  if (section === false) return undefined;
  const { path, personal_tokens: tokens } = whole(section);
  return { path, personalTokens: { scopes: tokens.scopes, audience: tokens.audience, maxTtl: tokens.max_ttl } };
}

function identityHeaders(sections: Sections): IdentityHeaders {
  const it = whole(sections.identityHeaders);
  return {
    userId: it.user_id,
    userName: it.user_name,
    userEmail: it.user_email,
    clientId: it.client_id,
    scopes: it.scopes,
    connection: it.connection,
    requestId: it.request_id,
    ...(it.attributes && { attributes: it.attributes }),
  };
}

function variantOf({ type, options }: VariantEntry<object>): { type: string; options: unknown } {
  return { type: type ?? unread(), options };
}

const whole = <Whole extends object>(it: { readonly whole?: Whole | undefined }): Whole => it.whole ?? unread();

function unread(): never {
  throw new Error('a configuration was built although it has problems');
}

/** Freezes plain objects and lists all the way down; what else options hold belongs to their variant. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) return value;
  for (const inner of Object.values(value)) frozen(inner);
  return Object.freeze(value);
}
