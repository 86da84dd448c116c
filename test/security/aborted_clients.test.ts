import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { milliseconds } from '../../src/model/units.ts';
import { route, startLaneServer } from '../support/lane_server.ts';
import { answerInPieces } from '../support/paced_answer.ts';
import { exchange, rawClient } from '../support/raw_client.ts';
import { type Script, startRecordingUpstream } from '../support/recording_upstream.ts';

/*
 * Callers that hang up at every possible moment: sockets to the upstream that stay behind, places in a limit that stay taken, an
 * unhandled error that ends the process. After each of these everything is back where it was, and every call was reported once.
 */

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const it of open.splice(0).reverse()) await it.close();
});

/** Longer than any test here: what is let go of was let go of because the caller left, not because it took too long. */
const UNLIMITED = { timeout: milliseconds(60_000), idleTimeout: milliseconds(60_000) };

async function start(script?: Script) {
  const upstream = await startRecordingUpstream(script);
  open.push(upstream);
  const routes = [route('/*', upstream.origin, { auth: 'none', upstream: UNLIMITED })];
  const lane = await startLaneServer({ routes });
  open.push(lane);
  return { upstream, lane };
}

const moments: Record<string, { readonly script: Script; readonly send: string }> = {
  'while the upstream thinks': { script: () => undefined, send: 'GET /x HTTP/1.1\r\nHost: g\r\n\r\n' },
  'in the middle of the answer': {
    script: () => 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc',
    send: 'GET /x HTTP/1.1\r\nHost: g\r\n\r\n',
  },
  'in the middle of an endless answer': {
    script: (_request, socket) => {
      const timer = setInterval(() => socket.write('3\r\nabc\r\n'), 5);
      socket.on('close', () => clearInterval(timer));
      return 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
    },
    send: 'GET /x HTTP/1.1\r\nHost: g\r\n\r\n',
  },
};

for (const [title, { script, send }] of Object.entries(moments)) {
  for (const how of ['destroy', 'resetAndDestroy'] as const) {
    it(`${title} (${how}): the upstream is let go, the call is reported as 499`, async () => {
      const { upstream, lane } = await start(script);
      const client = rawClient(lane.port);
      client.send(send);
      await upstream.next();
      if (title.includes('answer')) await once(client.socket, 'data');
      client.socket[how]();
      expect((await lane.reported()).status).toBe(499);
      await upstream.idle();
      expect(lane.exchanges).toHaveLength(1);
    });
  }
}

describe('in the middle of the body', () => {
  for (const framing of ['Content-Length: 1000', 'Transfer-Encoding: chunked']) {
    it(`(${framing}) the upstream gets no complete request`, async () => {
      const { upstream, lane } = await start();
      const client = rawClient(lane.port);
      client.send(`POST /x HTTP/1.1\r\nHost: g\r\n${framing}\r\n\r\n5\r\nhello\r\n`);
      while (!upstream.connections.some(({ bytes }) => bytes.includes('hello')))
        await new Promise((r) => setTimeout(r, 5));
      client.close();
      expect((await lane.reported()).status).toBe(499);
      await upstream.idle();
      expect(upstream.requests).toHaveLength(0);
      expect(lane.exchanges).toHaveLength(1);
    });
  }

  it('before its first byte, nothing at all went out', async () => {
    const { upstream, lane } = await start();
    const client = rawClient(lane.port);
    client.send('POST /x HTTP/1.1\r\nHost: g\r\nContent-Length: 1000\r\n\r\n');
    while (upstream.connections.length === 0) await new Promise((r) => setTimeout(r, 5));
    client.close();
    expect((await lane.reported()).status).toBe(499);
    await upstream.idle();
    expect(upstream.connections.map(({ bytes }) => bytes.length)).toEqual([0]);
  });
});

it('two hundred of them at once, at random moments, leave no socket behind and harm nobody else', async () => {
  const { upstream, lane } = await start(({ target }, socket) => {
    const begin = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc';
    // Half of the answers have no end: nothing but the caller's leaving ends the call.
    answerInPieces(socket, target === '/endless' ? [begin] : [begin, 'def'], 8);
    return undefined;
  });
  const good: Promise<string>[] = [];
  const gone: Promise<unknown>[] = [];
  for (let index = 0; index < 200; index++) {
    const client = rawClient(lane.port);
    client.send(`POST ${index % 2 ? '/endless' : '/x'} HTTP/1.1\r\nHost: g\r\nContent-Length: 5\r\n\r\nhe`);
    setTimeout(() => client.send('llo'), index % 7);
    gone.push(client.closed());
    setTimeout(() => client.socket.resetAndDestroy(), index % 25);
    if (index % 10 === 0) good.push(exchange(lane.port, 'GET /x HTTP/1.1\r\nHost: g\r\n\r\n').then(({ body }) => body));
  }
  expect(new Set(await Promise.all(good))).toEqual(new Set(['abcdef']));
  await Promise.all(gone);
  while ((await connectionsOf(lane.server)) > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  // Waits for calls under way and closes only what it still counts: neither ends if a call, or its connection, was left behind.
  await Promise.all([lane.upstreams.close(), upstream.idle()]);
  expect(lane.upstreams.status().map(({ inFlight }) => inFlight)).toEqual([0]);
  expect(lane.exchanges.some(({ status }) => status === 499)).toBe(true);
  expect(new Set(lane.exchanges.map(({ requestId }) => requestId)).size).toBe(lane.exchanges.length);
});

const connectionsOf = (server: import('node:net').Server) =>
  new Promise<number>((resolve, reject) =>
    server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  );
