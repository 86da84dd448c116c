import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './ports.ts';
import { type RedisServer, startRedis, startServer } from './redis_server.ts';

/** A master, one replica and three Sentinels that watch them and fail over within about two seconds. */
export interface Sentinel {
  readonly master: string;
  /** `host:port` of each Sentinel, as the configuration takes them. */
  readonly sentinels: readonly string[];
  readonly servers: { readonly master: RedisServer; readonly replica: RedisServer };
  readonly watchers: readonly RedisServer[];
  /** A planned failover. Resolves when the Sentinels name the other server as master and it takes writes. */
  failover(): Promise<void>;
  stop(): Promise<void>;
}

/** Three masters that share the slots, without replicas. */
export interface Cluster {
  /** `host:port` of each node, as the configuration takes them. */
  readonly nodes: readonly string[];
  readonly servers: readonly RedisServer[];
  stop(): Promise<void>;
}

const MASTER_NAME = 'gatehouse';
const SETTLED_MS = 15_000;
const SLOTS = 16_384;

const address = (server: RedisServer): string => `${server.host}:${server.port}`;
const stopAll = async (servers: readonly RedisServer[]): Promise<void> => {
  await Promise.all(servers.map((server) => server.stop()));
};

export async function startSentinel(): Promise<Sentinel> {
  const master = await startRedis(['--repl-diskless-sync-delay', '0']);
  const replica = await startRedis([
    '--repl-diskless-sync-delay',
    '0',
    '--replicaof',
    master.host,
    String(master.port),
  ]);
  await until('the replica follows', async () =>
    (await replica.client().info('replication')).includes('link_status:up'),
  );
  const watchers = await Promise.all([1, 2, 3].map(() => startWatcher(master)));
  await until('the Sentinels know each other and the replica', async () => {
    const views = await Promise.all(watchers.map((watcher) => masterSeenBy(watcher)));
    return views.every((view) => view.get('num-other-sentinels') === '2' && view.get('num-slaves') === '1');
  });
  return {
    master: MASTER_NAME,
    sentinels: watchers.map(address),
    servers: { master, replica },
    watchers,
    failover: async () => {
      const [first] = watchers;
      const before = first && (await masterSeenBy(first)).get('port');
      await first?.client().call('SENTINEL', 'FAILOVER', MASTER_NAME);
      await until('every Sentinel names the new master', async () => {
        const ports = await Promise.all(watchers.map(async (watcher) => (await masterSeenBy(watcher)).get('port')));
        const to = [master, replica].find((server) => String(server.port) === ports[0] && ports[0] !== before);
        return to !== undefined && ports.every((port) => port === ports[0]) && (await isMaster(to));
      });
    },
    stop: () => stopAll([...watchers, replica, master]),
  };
}

async function startWatcher(master: RedisServer): Promise<RedisServer> {
  return startServer((port, directory) => {
    // A Sentinel rewrites its own file, so it needs a real one.
    const file = join(directory, 'sentinel.conf');
    writeFileSync(
      file,
      [
        `port ${port}`,
        `sentinel monitor ${MASTER_NAME} ${master.host} ${master.port} 2`,
        `sentinel down-after-milliseconds ${MASTER_NAME} 1000`,
        `sentinel failover-timeout ${MASTER_NAME} 6000`,
        `sentinel parallel-syncs ${MASTER_NAME} 1`,
        '',
      ].join('\n'),
    );
    return [file, '--sentinel'];
  });
}

async function masterSeenBy(watcher: RedisServer): Promise<Map<string, string>> {
  const flat = (await watcher.client().call('SENTINEL', 'MASTER', MASTER_NAME)) as string[]; // name, value, name, value, …
  return new Map(flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? ''] as const] : [])));
}

async function isMaster(server: RedisServer): Promise<boolean> {
  return (await server.client().info('replication')).includes('role:master');
}

export async function startCluster(): Promise<Cluster> {
  const servers = await Promise.all([0, 1, 2].map(() => startNode()));
  const [first] = servers;
  const share = Math.ceil(SLOTS / servers.length);
  for (const [index, server] of servers.entries()) {
    const from = index * share;
    const to = Math.min(from + share, SLOTS) - 1;
    await server.client().call('CLUSTER', 'ADDSLOTSRANGE', from, to);
    await server.client().call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
  }
  for (const server of servers.slice(1)) {
    const bus = ((await server.client().call('CONFIG', 'GET', 'cluster-port')) as string[])[1] ?? '';
    await first?.client().call('CLUSTER', 'MEET', server.host, server.port, bus);
  }
  await until('every node sees the whole cluster', async () => {
    const views = await Promise.all(servers.map((server) => server.client().call('CLUSTER', 'INFO')));
    return views.every((view) => /cluster_state:ok.*cluster_known_nodes:3/s.test(String(view)));
  });
  return { nodes: servers.map(address), servers, stop: () => stopAll(servers) };
}

async function startNode(): Promise<RedisServer> {
  const bus = await freePort();
  return startRedis(['--cluster-enabled', 'yes', '--cluster-port', String(bus), '--cluster-node-timeout', '1500']);
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + SETTLED_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`gave up waiting: ${what}`);
    await delay(20);
  }
}
