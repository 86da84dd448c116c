import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { copyOf, giveBack } from '../../src/gateway/upstream/blocks.ts';
import { route, startLaneServer } from '../support/lane_server.ts';
import { rawClient } from '../support/raw_client.ts';

/*
 * The memory that a piece of an answer lies in is used again for a piece of another one. Given back too early, or twice, it would
 * show one caller what is meant for another.
 */

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const it of open.splice(0).reverse()) await it.close();
});

const SIZE = 1_500_000;

for (const via of ['full', 'fast'] as const) {
  for (const framing of ['length', 'chunks']) {
    it(`${via} lane, by ${framing}: two dozen callers who read slowly get their own bytes, every one of them`, async () => {
      const upstream = createServer((request, response) => {
        if (framing === 'length') response.setHeader('Content-Length', SIZE);
        response.end(Buffer.alloc(SIZE, request.url?.slice(1)));
      }).listen(0, '127.0.0.1');
      await once(upstream, 'listening');
      open.push({ close: async () => void upstream.close() });
      const { port } = upstream.address() as AddressInfo;
      const lane = await startLaneServer({ via, routes: [route('/*', `http://127.0.0.1:${port}`, { auth: 'none' })] });
      open.push(lane);
      const answers = Array.from({ length: 24 }, async (_, index) => {
        const own = String.fromCharCode(0x41 + (index % 26));
        const client = rawClient(lane.port);
        client.send(`GET /${own} HTTP/1.1\r\nHost: g\r\n\r\n`);
        let left = 10;
        client.socket.on('data', () => {
          if (left-- <= 0) return;
          client.socket.pause();
          setTimeout(() => client.socket.resume(), index % 7);
        });
        // Some leave in the middle: what was theirs must not come to anybody either.
        if (index % 8 === 7) {
          await once(client.socket, 'data');
          client.close();
          return true;
        }
        const { body, complete } = await client.response();
        client.close();
        return complete && body.length === SIZE && body === own.repeat(SIZE);
      });
      expect(await Promise.all(answers)).toEqual(answers.map(() => true));
    });
  }
}

it('a piece that is given back twice is lent once', () => {
  const bytes = Buffer.alloc(40_000, 'a');
  const first = copyOf(bytes, 0, 40_000);
  giveBack(first);
  const second = copyOf(bytes, 0, 40_000);
  giveBack(first);
  giveBack(Buffer.from(first.buffer));
  const third = copyOf(bytes.fill('b'), 0, 40_000);
  expect(third.buffer).not.toBe(second.buffer);
  expect(second.every((byte) => byte === 0x61)).toBe(true);
});
