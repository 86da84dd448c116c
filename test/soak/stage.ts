import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { hashPassword } from '../../src/connections/password_hash.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault_proxy.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { type RedisServer, startRedis } from '../support/redis_server.ts';
import { startSocketUpstream } from '../support/socket_upstream.ts';
import { WEIGHED } from './kept_heap.ts';

/** Everything that a soak runs on: an API, a Redis behind a proxy that breaks, and two gateways as processes of their own. */
export interface Stage {
  readonly redis: RedisServer;
  readonly toRedis: FaultProxy;
  readonly nodes: readonly Node[];
  readonly password: string;
  close(): Promise<void>;
}

export interface Node {
  readonly name: string;
  readonly gatehouse: GatehouseProcess;
  /** Changes a rule in its file and sends SIGHUP. @returns whether the new rule is in force within ten seconds. */
  reload(): Promise<boolean>;
}

export const USERS = 50;
export const CALLBACK = 'http://127.0.0.1:9/callback';
export const CLIENT = { id: 'app', secret: 'the-secret-of-the-soak' };
const PASSWORD = 'a password of the soak';
const RELOAD_LIMIT = 10_000;

export async function setStage(): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-soak-'));
  const [redis, upstream, hash] = await Promise.all([startRedis(), startSocketUpstream(), hashPassword(PASSWORD)]);
  upstream.server.on('request', answerAsApi);
  const toRedis = await startFaultProxy(redis);
  const yaml = (edition: number) => config(edition, `redis://127.0.0.1:${toRedis.port}`, upstream.origin, hash);

  async function startNode(name: string): Promise<Node> {
    const file = join(folder, `${name}.yaml`);
    let edition = 0;
    await writeFile(file, yaml(edition));
    const gatehouse = await startGatehouse(file, WEIGHED);
    return {
      name,
      gatehouse,
      async reload() {
        edition += 1;
        await writeFile(file, yaml(edition));
        gatehouse.signal('SIGHUP');
        const deadline = performance.now() + RELOAD_LIMIT;
        while (performance.now() < deadline) {
          if ((await statusOf(`${gatehouse.url}/edition/${edition}`)) === 200) return true;
          await delay(100);
        }
        return false;
      },
    };
  }
  const nodes = [await startNode('a'), await startNode('b')];
  for (const node of nodes) if (!(await node.reload())) throw new Error(`${node.name} does not reload`);

  return {
    redis,
    toRedis,
    nodes,
    password: PASSWORD,
    async close() {
      for (const { gatehouse } of nodes) gatehouse.signal('SIGKILL');
      await Promise.all([toRedis.close(), redis.stop(), upstream.close()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** @param edition which of the rules that follow each other: each has a path of its own. */
function config(edition: number, redisUrl: string, api: string, passwordHash: string): string {
  const users = Array.from(
    { length: USERS },
    (_, count) => `      - { id: u-${count}, username: user${count}, password_hash: '${passwordHash}' }`,
  );
  return `
listen: { host: 127.0.0.1, port: 0, trusted_proxies: [127.0.0.1] }
admin: { host: 127.0.0.1, port: 0 }
store: { type: redis, url: '${redisUrl}' }
# Small, so that it is full before anything is judged.
cache: { max_tokens: 500 }
tokens: { access_ttl: 5m, refresh_ttl: 10m }
# Its first line says where it listens; those of hours of calls are of no use.
log: { level: ${edition === 0 ? 'info' : 'warn'} }
routes:
  - { name: api, path: /api/*, upstream: '${api}', strip_prefix: /api, scopes: [read] }
  - { name: rare, path: /rare/*, upstream: '${api}', scopes: [write] }
  - { name: open, path: /open/*, upstream: '${api}', strip_prefix: /open, auth: none }
  - { name: edition, path: /edition/${edition}, upstream: '${api}', auth: none }
clients:
  - id: ${CLIENT.id}
    name: The App
    secret: ${CLIENT.secret}
    grants: [authorization_code, refresh_token, password, client_credentials]
    redirect_uris: ['${CALLBACK}']
    scopes: [read, write]
connections:
  - name: users
    type: database
    users:
${users.join('\n')}
`;
}

/** The API: says how much it was sent, waits when asked to, and tells what happens as server-sent events. */
function answerAsApi(request: IncomingMessage, response: ServerResponse): void {
  request.on('error', () => {});
  response.on('error', () => {});
  if (request.url === '/events') {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const timer = setInterval(() => response.write('data: tick\n\n'), 200);
    response.on('close', () => clearInterval(timer));
    return;
  }
  let received = 0;
  request.on('data', (chunk: Buffer) => (received += chunk.length));
  request.on('end', () => {
    const answer = () =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ received }));
    if (request.url === '/slow') setTimeout(answer, 300);
    else answer();
  });
}

async function statusOf(url: string): Promise<number> {
  const asking = request(url, { agent: false });
  asking.end();
  try {
    const [answer] = (await once(asking, 'response')) as [IncomingMessage];
    answer.resume();
    return answer.statusCode ?? 0;
  } catch {
    return 0;
  }
}
