import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { type RedisServer, startRedis } from './redis_server.ts';
import { startCluster, startSentinel } from './redis_topology.ts';

describe('the Redis servers of the tests', () => {
  const started: { stop(): Promise<void> }[] = [];
  const also = <T extends { stop(): Promise<void> }>(it: T): T => {
    started.push(it);
    return it;
  };
  afterAll(() => Promise.all(started.map((it) => it.stop())));

  it('keep port and data over a kill and a restart, or forget the data on request', async () => {
    const server: RedisServer = also(await startRedis());
    await server.client().set('a', '1');
    await server.restart();
    expect(await server.client().get('a')).toBe('1');
    await server.restart({ empty: true });
    expect(await server.client().get('a')).toBeNull();
  });

  it('fail over', async () => {
    const sentinel = also(await startSentinel());
    await sentinel.failover();
    expect(await sentinel.servers.replica.client().set('a', '1')).toBe('OK');
  });

  it('form a cluster', async () => {
    const cluster = also(await startCluster());
    expect(cluster.nodes).toHaveLength(3);
    expect(await cluster.servers[0]?.client().call('CLUSTER', 'KEYSLOT', '{a}')).toBe(15495);
  });

  it('die with a process that is killed', async () => {
    const script = `
      const { startRedis } = await import('./redis_server.ts');
      const server = await startRedis();
      process.stdout.write(server.pid + ' ' + server.directory);
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const [pid, directory] = String(line).split(' ') as [string, string];
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    parent.kill('SIGKILL');
    while (existsSync(`/proc/${pid}`) || existsSync(directory)) await delay(10);
  });
});
