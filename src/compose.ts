/**
 * The composition root: which variants there are, and how those that a configuration names are made. All wiring, no logic. What a
 * configuration makes of them is joined in `rules.ts`, what outlives it in `core.ts`.
 */
import type { ConfigVariants } from './config/variants.ts';
import { adfs } from './connections/adfs.ts';
import type { Connection, ConnectionDependencies, ConnectionVariant } from './connections/connection.ts';
import { database } from './connections/database.ts';
import { email } from './connections/email.ts';
import { ldap } from './connections/ldap.ts';
import { oidc } from './connections/oidc.ts';
import { sms } from './connections/sms.ts';
import { auth0 } from './dialects/auth0.ts';
import type { DialectVariant } from './dialects/dialect.ts';
import { locus } from './dialects/locus.ts';
import { oauth2 } from './dialects/oauth2.ts';
import { roambi } from './dialects/roambi.ts';
import { type Clock, systemClock } from './model/clock.ts';
import type { Config } from './model/config.ts';
import { inMilliseconds } from './model/units.ts';
import * as authorizationCode from './oauth/grants/authorization_code.ts';
import * as clientCredentials from './oauth/grants/client_credentials.ts';
import type { Grant, GrantDependencies } from './oauth/grants/grant.ts';
import * as jwtBearer from './oauth/grants/jwt_bearer.ts';
import * as password from './oauth/grants/password.ts';
import * as refreshToken from './oauth/grants/refresh_token.ts';
import type { Log } from './observe/log.ts';
import type { Backend, BackendVariant } from './stores/backend.ts';
import { embedded } from './stores/embedded.ts';
import { memory } from './stores/memory.ts';
import { redis } from './stores/redis.ts';

/** The stores, by the `type` of `store:`. */
const stores: Readonly<Record<string, BackendVariant>> = { embedded, redis, memory };
/** The connections, by the `type` of each of `connections:`. */
const connections: Readonly<Record<string, ConnectionVariant>> = { adfs, database, email, ldap, oidc, sms };
/** The dialects, by the `type` of each of `dialects:`. */
const dialects: Readonly<Record<string, DialectVariant>> = { oauth2, roambi, locus, auth0 };
/** The grants, by the wire value of `grant_type`. */
export const grants: Readonly<Record<string, (deps: GrantDependencies) => Grant>> = {
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
export const standardDialect = oauth2.create({}, { prefix: oauth2.prefix });

/** The dialects of a configuration, and which one words what. */
export function spokenDialects(config: Config) {
  const speaking = config.dialects.map(({ type, prefix, host, options }) => ({
    type,
    host,
    dialect: named(dialects, type).create(options, { prefix: prefix ?? named(dialects, type).prefix }),
  }));
  const dialectOf = (type: string) => speaking.find((each) => each.type === type)?.dialect ?? standardDialect;
  return { speaking, dialectOf };
}

export type SpokenDialects = ReturnType<typeof spokenDialects>;

/** Makes a connection of a configuration: it may prove users in several ways. */
export function createConnection(
  { type, options }: Pick<Config['connections'][number], 'type' | 'options'>,
  deps: ConnectionDependencies,
): readonly Connection[] {
  return named(connections, type).create(options, deps);
}

/** The names of the connections of a configuration whose users the registry keeps. */
export function databasesOf({ connections }: Pick<Config, 'connections'>): readonly string[] {
  return connections.filter(({ type }) => type === database.type).map(({ name }) => name);
}

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
