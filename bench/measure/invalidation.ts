/**
 * How nodes hear that tokens have ended: publish/subscribe, as the stores do it, beside the server's own tracking of keys
 * (`CLIENT TRACKING … BCAST`). Three listeners on one Redis; most writes issue tokens, one in twenty ends one. Prints, for each way,
 * how long a listener waits, what it is sent, and what it costs the server.
 *
 *   node bench/measure/invalidation.ts
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Redis } from 'ioredis';
import { quantile } from '../../test/support/measured.ts';
import { type RedisServer, startRedis } from '../../test/support/redis_server.ts';

const LISTENERS = 3;
const WRITES = 20_000;
const ONE_IN = 20;
const AT_ONCE = 50;
const CHANNEL = 'gh:invalidate';
const GRANT = JSON.stringify([1, 'x'.repeat(420)]);

type Way = 'publish/subscribe' | 'tracking with BCAST';

interface Listener {
  readonly socket: Socket;
  messages: number;
  bytes: number;
}

/** What a node would do with what arrives is the same for both ways, so the bytes are only searched for the names of tokens. */
async function listen(server: RedisServer, way: Way, heard: (name: string) => void): Promise<Listener> {
  const socket = connect({ host: server.host, port: server.port, noDelay: true });
  const listener: Listener = { socket, messages: 0, bytes: 0 };
  socket.write('HELLO 3\r\n');
  socket.write(way === 'publish/subscribe' ? `SUBSCRIBE ${CHANNEL}\r\n` : 'CLIENT TRACKING ON BCAST PREFIX gh:{\r\n');
  await once(socket, 'data');
  await new Promise((resolve) => setTimeout(resolve, 50));
  socket.on('data', (bytes: Buffer) => {
    listener.bytes += bytes.length;
    for (const [, name = ''] of bytes.toString('latin1').matchAll(/\$\d+\r\n(?:gh:\{)?(t\d+)\}?/g)) {
      listener.messages += 1;
      heard(name);
    }
  });
  return listener;
}

async function measure(way: Way): Promise<void> {
  const server = await startRedis(['--appendonly', 'no']);
  const writer = new Redis(server.port, server.host);
  const ended = new Map<string, number>();
  const waits: number[] = [];
  const heard = (name: string): void => {
    const at = ended.get(name);
    if (at !== undefined) waits.push(performance.now() - at);
  };
  // Those that are to end are there before anybody listens: tracking would announce that they were written, too.
  for (let at = 0; at < WRITES; at += ONE_IN) await writer.set(`gh:{t${at}}`, GRANT, 'EX', 600);
  const listeners = await Promise.all(Array.from({ length: LISTENERS }, () => listen(server, way, heard)));
  const before = await cpu(server);
  for (let at = 0; at < WRITES; at += AT_ONCE) {
    await Promise.all(
      Array.from({ length: AT_ONCE }, async (_, more) => {
        const name = `t${at + more}`;
        if ((at + more) % ONE_IN !== 0) return writer.set(`gh:{${name}}`, GRANT, 'EX', 600);
        ended.set(name, performance.now());
        const [del, publish] = ["redis.call('DEL', KEYS[1])", "redis.call('PUBLISH', KEYS[2], ARGV[1])"];
        return way === 'publish/subscribe'
          ? writer.eval(`${del} ${publish}`, 2, `gh:{${name}}`, CHANNEL, name)
          : writer.eval(del, 1, `gh:{${name}}`);
      }),
    );
  }
  await new Promise((resolve) => setTimeout(resolve, 200));
  const spent = (await cpu(server)) - before;
  const [messages, bytes] = [listeners[0]?.messages ?? 0, listeners[0]?.bytes ?? 0];
  console.log(
    `${way.padEnd(20)}  ${waits.length} waits, p50 ${quantile(waits, 0.5).toFixed(2)} ms, p99 ${quantile(waits, 0.99).toFixed(2)} ms` +
      `, max ${Math.max(...waits).toFixed(2)} ms; ${messages} messages and ${Math.round(bytes / 1024)} KiB to each` +
      `; ${((spent / WRITES) * 1e6).toFixed(1)} µs of the server's CPU per write`,
  );
  for (const { socket } of listeners) socket.destroy();
  writer.disconnect();
  await server.stop();
}

async function cpu(server: RedisServer): Promise<number> {
  const info = await server.client().info('cpu');
  return ['sys', 'user'].reduce(
    (sum, kind) => sum + Number(new RegExp(`used_cpu_${kind}:([\\d.]+)`).exec(info)?.[1]),
    0,
  );
}

// Servers and their watchers keep no process alive.
const alive = setInterval(() => {}, 1_000);
for (let round = 0; round < 3; round += 1) {
  for (const way of ['publish/subscribe', 'tracking with BCAST'] as const) await measure(way);
}
clearInterval(alive);
process.exit(0);
