import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it, onTestFinished } from 'vitest';
import { route, startLaneServer } from '../support/lane_server.ts';
import { rawClient } from '../support/raw_client.ts';

/*
 * Thousands of callers who ask once, with as long a head as is read, and keep the connection: if each connection kept its last
 * head, they would fill the memory, and every raw token would lie there for as long as its caller stays.
 */

setFlagsFromString('--expose-gc');
const COUNT = 300;
const collect = runInNewContext('gc') as () => void;

it('a connection that is idle keeps nothing of the request before', async () => {
  const lane = await startLaneServer({ via: 'fast', routes: [route('/*', 'http://127.0.0.1:1')] });
  onTestFinished(() => lane.close());

  /** Bytes of memory for each connection that has had one exchange. */
  async function idle(head: string): Promise<number> {
    collect();
    const before = process.memoryUsage().heapUsed;
    const clients = Array.from({ length: COUNT }, () => rawClient(lane.port));
    for (const client of clients) {
      client.send(head);
      expect((await client.response()).status).toBe(401);
    }
    await setImmediate();
    collect();
    const each = (process.memoryUsage().heapUsed - before) / COUNT;
    for (const client of clients) client.close();
    await Promise.all(clients.map((client) => client.closed()));
    return each;
  }
  const short = 'GET /x HTTP/1.1\r\nHost: g\r\n\r\n';
  await idle(short);
  const few = await idle(short);
  const many = await idle(`GET /x HTTP/1.1\r\nHost: g\r\nX-Long: ${'x'.repeat(15_000)}\r\n\r\n`);
  expect(many - few).toBeLessThan(5_000);
});
