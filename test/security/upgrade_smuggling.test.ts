/*
 * Upgrade smuggling: the proxy believes that two ends have switched to another protocol and passes bytes on blindly, while the
 * upstream still reads HTTP. Whatever the caller says from then on are requests that nobody checks: with another path, with no
 * token, with identity headers of its own making. The ways in: `Upgrade: h2c`, which some upstreams take and some proxies pass on;
 * a handshake that the upstream refuses (wrong version, wrong path) while the proxy looks only at the request; an upstream that
 * can be made to answer 101 without meaning it; a handshake with a body, whose end the two read differently; bytes sent before the
 * answer, which the upstream takes for the next request.
 */
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { demoConfig } from '../support/demo_config.ts';
import { type HouseUnderTest, startHouse } from '../support/house.ts';
import { exchange, type RawClient, rawClient } from '../support/raw_client.ts';
import { type RecordingUpstream, type Script, startRecordingUpstream } from '../support/recording_upstream.ts';
import { aliceTokens } from '../support/token_client.ts';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const acceptOf = (key: string) =>
  createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok';
/** What an attacker wants to get through. */
const SMUGGLED = 'GET /secret HTTP/1.1\r\nHost: x\r\nX-User-Id: u-admin\r\n\r\n';

let upstream: RecordingUpstream;
let answer: Script;
const houses: HouseUnderTest[] = [];
let tokens: string[];
let clients: RawClient[] = [];

beforeAll(async () => {
  upstream = await startRecordingUpstream((request, socket) => answer(request, socket));
  const yaml = (await demoConfig('{ type: memory }')).replace(
    'routes:\n',
    `routes:
  - { name: open, path: /open/*, upstream: "${upstream.origin}", auth: none }
  - { name: chat, path: /chat/*, upstream: "${upstream.origin}" }
  - { name: secret, path: /secret, upstream: "${upstream.origin}", audience: nobody }
`,
  );
  houses.push(await startHouse(yaml));
  houses.push(await startHouse(yaml.replace('listen: {', 'listen: { fast_lane: false,')));
  tokens = await Promise.all(houses.map(async ({ url }) => (await aliceTokens(url)).access_token));
});
afterAll(async () => {
  await Promise.all(houses.map((house) => house.close()));
  await upstream.close();
});
afterEach(() => {
  for (const client of clients) client.close();
  clients = [];
});

describe.each([
  ['with the fast lane', 0],
  ['without it', 1],
] as const)('%s', (_lanes, which) => {
  let before: { requests: number };
  /** Everything that the upstream has got since `open`. */
  const got = () => upstream.requests.slice(before.requests);
  const gotBytes = () =>
    Buffer.concat(upstream.connections.map(({ bytes }) => bytes))
      .toString('latin1')
      .split('GET /secret').length - 1;

  function open(script: typeof answer = () => OK): RawClient {
    answer = script;
    before = { requests: upstream.requests.length };
    const client = rawClient(houses[which]?.port ?? 0);
    clients.push(client);
    return client;
  }
  const head = (lines: readonly string[], start = 'GET /chat/room HTTP/1.1') =>
    `${[start, 'Host: x', `Authorization: Bearer ${tokens[which]}`, ...lines].join('\r\n')}\r\n\r\n`;
  const HANDSHAKE = [
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${KEY}`,
  ];
  const handshake = (change: (line: string) => string | string[] = (line) => line, start?: string) =>
    head(HANDSHAKE.flatMap(change), start);

  it('a handshake opens a tunnel to an upstream that knows its key, and to no other', async () => {
    const client = open(() => `${SWITCHING}Sec-WebSocket-Accept: ${acceptOf(KEY)}\r\n\r\nbytes`);
    client.send(handshake());
    expect((await client.response()).status).toBe(101);
    client.send('anything at all');
    await expect
      .poll(() =>
        upstream.connections.some(({ bytes }) => bytes.toString('latin1').endsWith('\r\n\r\nanything at all')),
      )
      .toBe(true);
  });

  describe('an upstream that does not switch', () => {
    it.each([
      ['answers 200 and keeps its connection', OK, 200],
      ['answers 426', 'HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n', 426],
      ['answers 200 and says that it upgrades', `${OK.replace('keep-alive', 'Upgrade\r\nUpgrade: websocket')}`, 200],
      ['answers 101 without accepting the key', `${SWITCHING}\r\n`, 502],
      ['answers 101 and accepts another key', `${SWITCHING}Sec-WebSocket-Accept: ${acceptOf('other')}\r\n\r\n`, 502],
      [
        'answers 101 and accepts twice',
        `${SWITCHING}${`Sec-WebSocket-Accept: ${acceptOf(KEY)}\r\n`.repeat(2)}\r\n`,
        502,
      ],
      [
        'answers 101 to another protocol',
        `${SWITCHING.replace('websocket', 'h2c')}Sec-WebSocket-Accept: ${acceptOf(KEY)}\r\n\r\n`,
        502,
      ],
      [
        'answers 101 without Connection',
        `${SWITCHING.replace('Connection: Upgrade\r\n', '')}Sec-WebSocket-Accept: ${acceptOf(KEY)}\r\n\r\n`,
        502,
      ],
      [
        'answers 101 with a length',
        `${SWITCHING}Sec-WebSocket-Accept: ${acceptOf(KEY)}\r\nContent-Length: 5\r\n\r\n`,
        502,
      ],
    ])('gets nothing more of the caller when it %s', async (_what, bytes, status) => {
      const client = open(() => bytes);
      client.send(handshake());
      const response = await client.response();
      expect(response.status).toBe(status);
      expect(response.values('upgrade').join()).not.toContain('websocket, websocket');
      client.send(SMUGGLED);
      await client.closed();
      expect(got().map(({ target }) => target)).toEqual(['/chat/room']);
      expect(gotBytes()).toBe(0);
    });

    it('gets nothing of what stood right behind the handshake either', async () => {
      const client = open(() => OK);
      client.send(handshake() + SMUGGLED);
      expect((await client.response()).status).toBe(200);
      expect(String(await client.closed())).toBe('');
      expect(got()).toHaveLength(1);
      expect(gotBytes()).toBe(0);
    });

    it('is not used for another call, even if it would', async () => {
      const client = open(() => OK);
      client.send(handshake());
      await client.response();
      await client.closed();
      const next = open(() => OK);
      const connections = upstream.connections.length;
      next.send(head([]));
      expect((await next.response()).status).toBe(200);
      expect(upstream.connections.length).toBe(connections + 1);
    });
  });

  it('what is said before the answer waits for the tunnel', async () => {
    let there: Socket | undefined;
    const client = open((_request, socket) => {
      there = socket;
      return undefined;
    });
    client.send(`${handshake()}early, `);
    await expect.poll(() => there).toBeDefined();
    client.send('and more');
    // The answer to another call says that what was sent meanwhile has had its time.
    expect((await exchange(houses[which]?.port ?? 0, head([], 'GET /demo/slow?ms=100 HTTP/1.1'))).status).toBe(200);
    expect(upstream.connections.at(-1)?.bytes.toString('latin1')).toMatch(/\r\n\r\n$/);
    there?.write(`${SWITCHING}Sec-WebSocket-Accept: ${acceptOf(KEY)}\r\n\r\n`);
    expect((await client.response()).status).toBe(101);
    await expect.poll(() => upstream.connections.at(-1)?.bytes.toString('latin1')).toMatch(/\r\n\r\nearly, and more$/);
  });

  describe('what is not exactly a handshake is an ordinary request, whose Upgrade stays here', () => {
    it.each<[string, (line: string) => string | string[], string?]>([
      [
        'h2c',
        (line) =>
          line
            .replace('websocket', 'h2c')
            .replace(
              'Connection: Upgrade',
              'Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA',
            ),
      ],
      ['h2c behind websocket', (line) => line.replace('websocket', 'websocket, h2c')],
      ['two lines of Upgrade', (line) => (line.startsWith('Upgrade') ? [line, 'Upgrade: h2c'] : line)],
      ['TLS', (line) => line.replace('websocket', 'TLS/1.0')],
      ['another version', (line) => line.replace(': 13', ': 8')],
      ['two versions', (line) => (line.includes('Version') ? [line, line] : line)],
      ['no key', (line) => (line.includes('Key') ? [] : line)],
      ['a short key', (line) => line.replace(KEY, 'c2hvcnQ=')],
      ['two keys', (line) => (line.includes('Key') ? [line, line] : line)],
      ['no word of it in Connection', (line) => line.replace('Connection: Upgrade', 'Connection: keep-alive')],
      ['an empty body', (line) => (line.includes('Key') ? [line, 'Content-Length: 0'] : line)],
      ['a wait for 100', (line) => (line.includes('Key') ? [line, 'Expect: 100-continue'] : line)],
      ['HEAD', (line) => line, 'HEAD /chat/room HTTP/1.1'],
      ['OPTIONS', (line) => line, 'OPTIONS /chat/room HTTP/1.1'],
      ['HTTP/1.0', (line) => line, 'GET /chat/room HTTP/1.0'],
    ])('%s', async (_what, change, start) => {
      // The upstream would switch, if only it were asked.
      const client = open(({ values }) =>
        values('upgrade').length > 0 ? `${SWITCHING}Sec-WebSocket-Accept: ${acceptOf(KEY)}\r\n\r\n` : OK,
      );
      client.send(handshake(change, start));
      const response = await client.response(start?.split(' ')[0]);
      expect(response.status).toBe(200);
      const [request] = got();
      expect(request?.values('upgrade')).toEqual([]);
      expect(request?.values('http2-settings')).toEqual([]);
      expect(request?.values('connection').join()).not.toMatch(/upgrade/i);
    });

    it('with a body, which ends where its framing says; it is the last request of its connection', async () => {
      for (const [lines, body] of [
        [['Content-Length: 4'], 'body'],
        [['Transfer-Encoding: chunked'], '4\r\nbody\r\n0\r\n\r\n'],
      ] as const) {
        const client = open(() => OK);
        client.send(head([...HANDSHAKE, ...lines]) + body + SMUGGLED);
        const response = await client.response();
        expect([response.status, response.values('connection')]).toEqual([200, ['close']]);
        expect(String(await client.closed())).toBe('');
        expect(got().map(({ target, body: sent }) => [target, String(sent)])).toEqual([['/chat/room', 'body']]);
        expect(gotBytes()).toBe(0);
      }
    });

    // Node's parser skips what it has read behind such a request: what it would read next is the middle of something.
    it('and what follows it is never read from the middle', async () => {
      const client = open(() => undefined);
      const first = handshake((line) => line.replace('websocket', 'h2c'));
      const cover = head(['Content-Length: 1000'], 'POST /chat/cover HTTP/1.1');
      client.send(first + cover);
      await expect.poll(() => got().length).toBe(1);
      client.send(head([], 'GET /chat/inside HTTP/1.1'));
      expect((await exchange(houses[which]?.port ?? 0, head([], 'GET /demo/slow?ms=100 HTTP/1.1'))).status).toBe(200);
      expect(got().map(({ target }) => target)).toEqual(['/chat/room']);
    });

    it('an upstream that switches unasked is at fault, and tunnels nothing', async () => {
      const client = open(() => `${SWITCHING}Sec-WebSocket-Accept: ${acceptOf(KEY)}\r\n\r\n`);
      client.send(handshake((line) => line.replace('websocket', 'h2c')) + SMUGGLED);
      expect((await client.response()).status).toBe(502);
      expect(String(await client.closed())).toBe('');
      expect(gotBytes()).toBe(0);
    });

    it('behind a call that is not answered yet: it never overtakes the answer', async () => {
      const client = open(() => OK);
      client.send(head([], 'GET /demo/slow?ms=200 HTTP/1.1') + handshake());
      expect((await client.response()).body).toContain('/slow');
      expect((await client.response()).status).toBe(200);
      expect(got().map(({ target }) => target)).toEqual(['/chat/room']);
    });

    it('at our own endpoints', async () => {
      const client = open();
      client.send(handshake((line) => line, 'GET /.well-known/oauth-authorization-server HTTP/1.1'));
      expect((await client.response()).status).toBe(200);
    });
  });

  it('a handshake is checked: no token, no call, and the connection ends with the answer', async () => {
    const client = open(() => `${SWITCHING}Sec-WebSocket-Accept: ${acceptOf(KEY)}\r\n\r\n`);
    client.send(handshake().replace(/Authorization: .*\r\n/, '') + SMUGGLED);
    expect((await client.response()).status).toBe(401);
    expect(String(await client.closed())).toBe('');
    expect(got()).toEqual([]);
  });

  it('a caller cannot name headers of the handshake away, or identity into it', async () => {
    const client = open(() => `${SWITCHING}Sec-WebSocket-Accept: ${acceptOf(KEY)}\r\n\r\n`);
    client.send(
      handshake((line) =>
        line === 'Connection: Upgrade' ? ['Connection: Upgrade, X-User-Id, Authorization', 'X_User_Id: u-admin'] : line,
      ),
    );
    expect((await client.response()).status).toBe(101);
    const [request] = got();
    expect(request?.values('x-user-id')).toEqual(['u-alice']);
    expect(request?.values('x_user_id')).toEqual([]);
    expect(request?.values('authorization')).toEqual([]);
    expect(request?.values('connection').map((value) => value.toLowerCase())).toEqual(['upgrade']);
  });
});
