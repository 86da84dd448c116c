import type { ConnectionOptions } from 'node:tls';
import { type RedisOptions as AnyRedisOptions, Cluster, type ClusterOptions, Redis } from 'ioredis';
import type { BackendDependencies } from './backend.ts';
import { commandTimeoutFor } from './redis_budget.ts';
import type { RedisStoreOptions } from './redis_options.ts';
import { RedisSentinelWatch } from './redis_sentinel_watch.ts';

/**
 * What a connection is for. They are apart so that a slow write never delays a look-up, and waiting for replicas never delays
 * either. Only `validating` may send a command twice: reading again changes nothing, writing again would replay a rotation.
 */
export type Role = 'validating' | 'mutating' | 'revoking' | 'listening';
export type Connection = Redis | Cluster;

/** Without the option that changes the types of all replies. */
type RedisOptions = Omit<AnyRedisOptions, 'replyMapping'>;

const RECONNECT_MS = 250;
const backOff = (attempt: number): number => Math.min(attempt * 50, RECONNECT_MS);

/** All connections of one store. They fail fast while Redis is away and come back by themselves, for ever. */
export interface Connections {
  readonly validating: Connection;
  readonly mutating: Connection;
  readonly revoking: Connection;
  /** Listens by itself; or a Cluster, whose nodes are listened to one by one, with `listenAt`. */
  readonly listening: Connection;
  listenAt(node: Address): Redis;
  close(): void;
}

export function openConnections(options: RedisStoreOptions, report: BackendDependencies['report']): Connections {
  const open = (role: Role): Connection => supervised(connect(role, options), role, report);
  const [validating, mutating, revoking] = [open('validating'), open('mutating'), open('revoking')];
  const listening = mutating instanceof Cluster ? mutating : open('listening');
  const all = new Set([validating, mutating, revoking, listening]);
  const watch = watchSentinels(options, () => {
    report('store_failover');
    for (const connection of all) if (connection instanceof Redis) reconnect(connection);
  });
  return {
    ...{ validating, mutating, revoking, listening },
    listenAt: (node) => quiet(connectTo(node, { ...behaviour('listening', options), ...access(options) })),
    close: () => {
      watch?.close();
      for (const connection of all) connection.disconnect();
    },
  };
}

/** Without a listener ioredis writes errors to the console. They say nothing that `supervised` does not report. */
function quiet<C extends Connection>(connection: C): C {
  connection.on('error', () => {});
  return connection;
}

function supervised(connection: Connection, role: Role, report: BackendDependencies['report']): Connection {
  quiet(connection);
  // Otherwise a node of a Cluster is connected to by the first command for it, which then waits instead of failing fast.
  if (connection instanceof Cluster) connection.on('+node', (node: Redis) => void node.connect().catch(() => {}));
  let ready = false;
  connection.on('ready', () => {
    ready = true;
    report('store_connected', { connection: role });
  });
  connection.on('close', () => {
    if (ready) report('store_disconnected', { connection: role });
    ready = false;
  });
  return connection;
}

/** Leaves the server it is connected to, now or as soon as it is: it may have been told the address before the failover. */
function reconnect(connection: Redis): void {
  if (connection.status === 'ready') connection.disconnect(true);
  else connection.once('ready', () => connection.disconnect(true));
}

function connect(role: Role, options: RedisStoreOptions): Connection {
  const shared = { ...behaviour(role, options), ...access(options) };
  if (options.cluster !== undefined) return new Cluster(options.cluster.map(parseAddress), clusterOptions(shared));
  if (options.sentinels !== undefined) return new Redis({ ...shared, ...sentinelOptions(options) });
  return connectTo(parseUrl(options.url ?? ''), shared);
}

/** ioredis's defaults wait without limit and send again what may have been done; see the fault policy in SECURITY.md. */
function behaviour(role: Role, { command_timeout: budget }: RedisStoreOptions): RedisOptions {
  const mayResend = role === 'validating';
  return {
    connectionName: `gatehouse-${role}`,
    commandTimeout: commandTimeoutFor(budget),
    // A peer that is gone without a word: the socket is given up, and the next attempt begins.
    connectTimeout: 1_000,
    socketTimeout: Math.max(1_000, 2 * budget),
    disconnectTimeout: 100,
    maxLoadingRetryTime: RECONNECT_MS,
    enableOfflineQueue: false,
    maxRetriesPerRequest: mayResend ? 1 : 0,
    autoResendUnfulfilledCommands: mayResend,
    autoResubscribe: false,
    retryStrategy: backOff,
    // A master that was made a replica: find the new one. The command itself has failed and is not sent again.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  };
}

function access({ username, password, tls }: Pick<RedisStoreOptions, 'username' | 'password' | 'tls'>): RedisOptions {
  const secure = tls === true ? {} : tls || undefined;
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(secure && { tls: secure satisfies ConnectionOptions }),
  };
}

function sentinelOptions({
  sentinels = [],
  master = '',
  sentinel_password,
  tls,
  command_timeout,
}: RedisStoreOptions): RedisOptions {
  return {
    sentinels: sentinels.map(parseAddress),
    name: master,
    sentinelCommandTimeout: command_timeout,
    sentinelRetryStrategy: backOff,
    enableTLSForSentinelMode: Boolean(tls),
    ...(sentinel_password !== undefined && { sentinelPassword: sentinel_password }),
  };
}

function watchSentinels(options: RedisStoreOptions, switched: () => void): RedisSentinelWatch | undefined {
  const { sentinels, master = '', sentinel_password, tls } = options;
  if (sentinels === undefined) return undefined;
  const secure = tls === undefined ? {} : access({ tls });
  const password = sentinel_password === undefined ? {} : { password: sentinel_password };
  const open = (address: string): Redis =>
    quiet(
      connectTo(parseAddress(address), {
        ...behaviour('listening', options),
        ...secure,
        ...password,
        enableReadyCheck: false,
      }),
    );
  return new RedisSentinelWatch({ sentinels: sentinels.map(open), master, switched });
}

function clusterOptions({ retryStrategy, enableOfflineQueue, ...redisOptions }: RedisOptions) {
  return {
    redisOptions,
    enableOfflineQueue: enableOfflineQueue ?? false,
    // Ready once the slots are known; a node that is not yet connected fails its own commands, fast.
    enableReadyCheck: false,
    clusterRetryStrategy: backOff,
    clusterNodeRetryStrategy: backOff,
    slotsRefreshTimeout: 500,
    slotsRefreshInterval: 1_000,
    maxRedirections: 3,
    // Each of these would send a command again long after its caller has been told 503. MOVED and ASK are still followed.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    retryDelayOnTryAgain: 10,
  } satisfies ClusterOptions;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

function parseAddress(text: string): Address {
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
}

function parseUrl(text: string): RedisOptions & Address {
  const url = new URL(text);
  const database = Number(url.pathname.slice(1) || 0);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || 6379),
    db: Number.isInteger(database) ? database : 0,
    ...(url.username !== '' && { username: decodeURIComponent(url.username) }),
    ...(url.password !== '' && { password: decodeURIComponent(url.password) }),
    ...(url.protocol === 'rediss:' && { tls: {} }),
  };
}

function connectTo(where: RedisOptions & Address, options: RedisOptions): Redis {
  return new Redis({ ...where, ...options });
}
