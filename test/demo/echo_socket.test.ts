import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type DemoApi, startDemoApi } from '../../src/demo/demo_api.ts';
import { exchange, rawClient } from '../support/raw_client.ts';

let demo: DemoApi;
let port: number;
beforeAll(async () => {
  demo = await startDemoApi();
  port = Number(new URL(demo.url).port);
});
afterAll(() => demo.close());

async function open(): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/any/socket?x=1`, { perMessageDeflate: true });
  await once(socket, 'open');
  return socket;
}

async function echoed(socket: WebSocket, message: string | Buffer): Promise<{ data: Buffer; isBinary: boolean }> {
  const answer = once(socket, 'message');
  socket.send(message);
  const [data, isBinary] = (await answer) as [Buffer, boolean];
  return { data, isBinary };
}

const HANDSHAKE = [
  'GET /socket HTTP/1.1',
  'Host: demo',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
];
const text = (lines: readonly string[]) => `${lines.join('\r\n')}\r\n\r\n`;

/** A masked frame; the mask is zeros, so that the payload can be read. */
function frame(first: number, payload: Buffer | string): Buffer {
  const bytes = Buffer.from(payload);
  return Buffer.concat([Buffer.from([first, 0x80 | bytes.length, 0, 0, 0, 0]), bytes]);
}

/** What comes back, until the other side hangs up, for bytes sent behind a handshake. */
async function afterHandshake(...pieces: readonly Buffer[]): Promise<Buffer> {
  const client = rawClient(port);
  client.send(text(HANDSHAKE));
  expect((await client.response()).status).toBe(101);
  for (const piece of pieces) client.send(piece);
  const bytes = await client.closed();
  return bytes;
}

describe('the echo at /socket', () => {
  it('answers text with text and bytes with bytes, of every length', async () => {
    const socket = await open();
    expect(await echoed(socket, 'héllo')).toEqual({ data: Buffer.from('héllo'), isBinary: false });
    for (const size of [0, 1, 125, 126, 65_535, 65_536, 1024 * 1024]) {
      const message = Buffer.alloc(size, 'abc');
      const { data, isBinary } = await echoed(socket, message);
      expect(isBinary).toBe(true);
      expect(data.equals(message)).toBe(true);
    }
    socket.close(1000);
    expect((await once(socket, 'close'))[0]).toBe(1000);
  });

  it('puts fragments together, and answers a ping between them', async () => {
    const socket = await open();
    const answer = once(socket, 'message');
    const pong = once(socket, 'pong');
    socket.send('one ', { fin: false });
    socket.ping('still there?');
    socket.send('message', { fin: true });
    expect(String((await pong)[0])).toBe('still there?');
    expect(String((await answer)[0])).toBe('one message');
    socket.close();
    await once(socket, 'close');
  });

  it('reads frames that come byte by byte', async () => {
    const bytes = Buffer.concat([frame(0x81, 'hi'), frame(0x88, Buffer.from([3, 0xe8]))]);
    const answer = await afterHandshake(...[...bytes].map((byte) => Buffer.from([byte])));
    expect(answer).toEqual(Buffer.from([0x81, 2, 0x68, 0x69, 0x88, 2, 3, 0xe8]));
  });

  it.each([
    ['a frame that is not masked', Buffer.from([0x81, 2, 0x68, 0x69]), 1002],
    ['a reserved bit', frame(0xc1, 'hi'), 1002],
    ['an opcode that nobody knows', frame(0x83, 'hi'), 1002],
    ['a continuation of nothing', frame(0x80, 'hi'), 1002],
    ['a ping in pieces', frame(0x09, 'hi'), 1002],
    ['text that is none', frame(0x81, Buffer.from([0xff, 0xfe])), 1007],
    ['a length beyond all bounds', Buffer.from([0x82, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]), 1009],
  ])('closes on %s', async (_what, bytes, status) => {
    const answer = await afterHandshake(bytes);
    expect([answer[0], answer[1], answer.readUInt16BE(2)]).toEqual([0x88, 2, status]);
  });

  it('refuses another version, and answers an ordinary GET like any path', async () => {
    const old = HANDSHAKE.map((line) => line.replace('Version: 13', 'Version: 8'));
    const refused = await exchange(port, text(old));
    expect([refused.status, refused.values('sec-websocket-version')]).toEqual([426, ['13']]);
    expect((await exchange(port, text(HANDSHAKE.slice(0, 2)))).status).toBe(200);
  });

  it('ends its connections when it is closed', async () => {
    const other = await startDemoApi();
    const socket = new WebSocket(`${other.url.replace('http', 'ws')}/socket`);
    await once(socket, 'open');
    const closed = once(socket, 'close');
    await other.close();
    expect((await closed)[0]).toBe(1006);
  });
});
