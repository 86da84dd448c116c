/*
 * The attack: HTTP/2 lets one connection ask for a great deal with few bytes: streams that are reset as soon as they are opened
 * (CVE-2023-44487), heads that never end (CVE-2024-27983), heads that grow when they are unpacked, frames that each want an answer
 * that nobody reads (CVE-2019-9512, -9515), answers that nobody takes. The process must stay up, keep its memory, and go on
 * answering everybody else.
 */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { createListener } from '../../src/http/listener.ts';
import { milliseconds } from '../../src/model/units.ts';
import { selfSigned } from '../http/self_signed.ts';
import { tlsGatehouse } from '../http/tls_gatehouse.ts';
import { ask } from '../support/http2_client.ts';
import {
  data,
  FLAG,
  FRAME,
  type Frame,
  type FrameClient,
  frame,
  frameClient,
  headerBlock,
  headers,
  reset,
} from '../support/http2_frames.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording_upstream.ts';

const MIB = 1024 * 1024;
/** What a flood may add to the memory of the process. */
const MARGIN = 50 * MIB;

let upstream: RecordingUpstream;
const BIG = Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${MIB}\r\n\r\n`), Buffer.alloc(MIB, 'x')]);
const gatehouse = tlsGatehouse(async () => {
  upstream = await startRecordingUpstream(({ target }) =>
    target === '/open/big'
      ? BIG
      : target === '/open/never'
        ? undefined
        : 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  );
  return upstream.origin;
});
afterAll(() => upstream.close());

async function memory(): Promise<number> {
  const status = await readFile(`/proc/${gatehouse().process.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
}

// What a process has not done before costs memory that is no flood's: its heap grows to what it needs when it is busy.
beforeAll(async () => {
  const { port, client } = gatehouse();
  const session = await client();
  for (let round = 0; round < 40; round++) {
    await Promise.all(Array.from({ length: 100 }, () => ask(session, { ':path': '/open/x' })));
  }
  session.destroy();
  for (let round = 0; round < 5; round++) {
    const hasty = await frameClient(port);
    await pour(hasty, 20, openedAndReset);
    await hasty.closed;
  }
});

/** Runs a flood, with somebody else's calls beside it, and sees that both they and the memory stay good. */
async function flood(act: (client: FrameClient) => Promise<void>, settings: [number, number][] = []): Promise<void> {
  const { port, client: other } = gatehouse();
  const before = await memory();
  const session = await other();
  const client = await frameClient(port, settings);
  let going = true;
  const others = (async () => {
    while (going) {
      const began = performance.now();
      expect((await ask(session, { ':path': '/open/x' })).status).toBe(200);
      expect(performance.now() - began).toBeLessThan(5_000);
    }
  })();
  try {
    await act(client);
    expect((await memory()) - before).toBeLessThan(MARGIN);
  } finally {
    going = false;
    client.socket.destroy();
    await others;
    session.destroy();
  }
}

const GET = (path: string): [string, string][] => [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':authority', 'a'],
  [':path', path],
];
const isGoaway = ({ type }: Frame): boolean => type === FRAME.GOAWAY;

/** Sends pieces at the pace at which they are taken, until the connection ends. @returns how many were sent. */
async function pour(client: FrameClient, most: number, piece: (at: number) => Buffer): Promise<number> {
  for (let at = 0; at < most; at++) {
    if (!client.socket.writable) return at;
    if (!client.socket.write(piece(at))) {
      await Promise.race([new Promise((resolve) => client.socket.once('drain', resolve)), client.closed]);
    }
  }
  return most;
}

/** Fifty streams, each opened and reset. */
function openedAndReset(at: number): Buffer {
  const pairs = GET('/open/never');
  return Buffer.concat(
    Array.from({ length: 50 }, (_, each) => {
      const stream = (at * 50 + each) * 2 + 1;
      return Buffer.concat([headers(stream, pairs, 'ended'), reset(stream, 8)]);
    }),
  );
}

it('streams that are reset at once end their connection, and hardly reach the upstream', async () => {
  const before = upstream.requests.length;
  let poured = 0;
  await flood(async (client) => {
    poured = await pour(client, 1_000, openedAndReset);
    await client.closed;
    expect(client.frames.some(isGoaway)).toBe(true);
  });
  const reached = upstream.requests.slice(before).filter(({ target }) => target === '/open/never');
  expect(reached.length).toBeLessThan(1_000);
  expect(poured).toBeLessThan(1_000);
});

it('a head without an end ends its connection', async () => {
  await flood(async (client) => {
    const block = headerBlock([['x-long', 'a'.repeat(8_000)]]);
    client.send(frame(FRAME.HEADERS, 0, 1, headerBlock(GET('/open/x'))));
    const sent = await pour(client, 10_000, () => frame(FRAME.CONTINUATION, 0, 1, block));
    await client.closed;
    expect(sent).toBeLessThan(10_000);
  });
});

it('pieces of a head without anything in them end their connection', async () => {
  await flood(async (client) => {
    client.send(frame(FRAME.HEADERS, 0, 1, headerBlock(GET('/open/x'))));
    const sent = await pour(client, 100_000, () => frame(FRAME.CONTINUATION, 0, 1));
    await client.closed;
    expect(sent).toBeLessThan(100_000);
  });
});

it('a head that is small on the wire and large when it is unpacked is not kept', async () => {
  await flood(async (client) => {
    // One field of 3,900 bytes goes into the table; each further byte repeats it (RFC 7541 §6.1).
    const name = Buffer.from('x-bomb');
    const value = Buffer.alloc(3_900, 'a');
    const field = Buffer.concat([Buffer.of(0x40, name.length), name, Buffer.of(127, 0xbd, 0x1d), value]);
    for (let stream = 1; stream < 100; stream += 2) {
      const block = Buffer.concat([
        headerBlock(GET('/open/x')),
        stream === 1 ? field : Buffer.alloc(0),
        Buffer.alloc(10_000, 0xbe),
      ]);
      client.send(frame(FRAME.HEADERS, FLAG.END_HEADERS | FLAG.END_STREAM, stream, block));
    }
    const refused = await client.frame(({ type }) => type === FRAME.RST_STREAM || type === FRAME.GOAWAY);
    expect(refused).toBeDefined();
  });
});

it.each([
  ['PING', () => frame(FRAME.PING, 0, 0, Buffer.alloc(8))],
  ['SETTINGS', () => frame(FRAME.SETTINGS, 0, 0)],
])('frames that want an answer which nobody reads are not remembered: %s', async (_name, one) => {
  await flood(async (client) => {
    client.socket.pause();
    const batch = Buffer.concat(Array.from({ length: 1_000 }, one));
    // Either the connection ends, or nothing more is read from it.
    await Promise.race([pour(client, 2_000, () => batch), new Promise((resolve) => setTimeout(resolve, 1_500))]);
  });
});

it('data without bytes and without an end does not stop anybody else', async () => {
  await flood(async (client) => {
    client.send(headers(1, [[':method', 'POST'], ...GET('/open/x').slice(1)], 'open'));
    const batch = Buffer.concat(Array.from({ length: 1_000 }, () => data(1, '', 'open')));
    await Promise.race([pour(client, 200, () => batch), client.closed]);
  });
});

it('answers that nobody takes are not fetched', async () => {
  // RFC 9113 §6.5.2: SETTINGS_INITIAL_WINDOW_SIZE 0.
  await flood(
    async (client) => {
      for (let at = 0; at < 128; at++) client.send(headers(at * 2 + 1, GET('/open/big'), 'ended'));
      await client.frame(({ type, stream }) => type === FRAME.HEADERS && stream === 255);
    },
    [[4, 0]],
  );
});

it('more streams at a time than were offered are refused', async () => {
  await flood(async (client) => {
    const offered = await client.frame(({ type, flags }) => type === FRAME.SETTINGS && flags === 0);
    const limit = offered?.payload.indexOf(Buffer.of(0, 3)) ?? -1;
    expect(offered?.payload.readUInt32BE(limit + 2)).toBe(128);
    await client.frame(({ type, flags }) => type === FRAME.SETTINGS && flags === FLAG.ACK);
    client.send(frame(FRAME.SETTINGS, FLAG.ACK, 0));
    for (let at = 0; at < 200; at++) client.send(headers(at * 2 + 1, GET('/open/never'), 'ended'));
    const refused = await client.frame(({ type }) => type === FRAME.RST_STREAM || type === FRAME.GOAWAY);
    expect(refused?.stream === 0 || (refused?.stream ?? 0) > 255).toBe(true);
  });
});

it.each([
  ['more than 100 lines', Array.from({ length: 110 }, (_, at): [string, string] => [`x-${at}`, 'y']), 431],
  ['far more lines', Array.from({ length: 300 }, (_, at): [string, string] => [`x-${at}`, 'y']), 0],
  ['more than 16 KiB', [['x', 'a'.repeat(16_500)] as [string, string]], 431],
])('a head with %s is refused', async (_what, lines, status) => {
  const session = await gatehouse().client();
  const before = upstream.requests.length;
  const answer = await ask(session, Object.fromEntries([[':path', '/open/x'], ...lines]));
  session.destroy();
  expect(answer.status).toBe(status);
  expect(upstream.requests).toHaveLength(before);
});

it.each([
  ['nothing at all', (_client: FrameClient) => {}],
  ['half a head', (client: FrameClient) => client.send(frame(FRAME.HEADERS, 0, 1, headerBlock(GET('/'))))],
  ['a ping', (client: FrameClient) => client.send(frame(FRAME.PING, 0, 0, Buffer.alloc(8)))],
])('a connection that says %s is closed in the time for heads', async (_what, act) => {
  const tls = await selfSigned();
  const listener = createListener({
    ...{ host: '127.0.0.1', port: 0, tls, handle: () => {}, headersTimeout: milliseconds(300) },
  });
  onTestFinished(() => listener.drain(milliseconds(0)));
  const port = Number(new URL(await listener.listen()).port);
  const client = await frameClient(port);
  act(client);
  const began = performance.now();
  await client.closed;
  expect(performance.now() - began).toBeLessThan(6_000);
});

it('an answer to a stream that was reset just before holds nothing until it would have been untaken for too long', async () => {
  const STREAMS = 20;
  let [begun, ended] = [0, 0];
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const listener = createListener({
    ...{ host: '127.0.0.1', port: 0, tls: await selfSigned() },
    handle(_request, response) {
      begun++;
      response.once('close', () => {
        response.end('late');
        ended++;
      });
    },
  });
  onTestFinished(() => listener.drain(milliseconds(0)));
  const client = await frameClient(Number(new URL(await listener.listen()).port));
  const before = timers();
  for (let at = 0; at < STREAMS; at++) client.send(headers(at * 2 + 1, GET('/'), 'ended'));
  await expect.poll(() => begun).toBe(STREAMS);
  for (let at = 0; at < STREAMS; at++) client.send(reset(at * 2 + 1, 8));
  await expect.poll(() => ended).toBe(STREAMS);
  expect(timers() - before).toBeLessThan(STREAMS / 2);
  client.socket.destroy();
});
