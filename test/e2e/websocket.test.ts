import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type ClientOptions, WebSocket } from 'ws';
import { selfSigned } from '../http/self_signed.ts';
import { demoConfig } from '../support/demo_config.ts';
import { startGatehouse } from '../support/gatehouse_process.ts';
import { type HouseUnderTest, startHouse } from '../support/house.ts';
import { rawClient } from '../support/raw_client.ts';
import { type SocketUpstream, startSocketUpstream } from '../support/socket_upstream.ts';
import { aliceTokens, type Tokens } from '../support/token_client.ts';

/** What a route needs beside its path, on top of the shipped demo configuration. */
async function houseWith(routes: readonly string[], more = ''): Promise<HouseUnderTest> {
  const yaml = await demoConfig('{ type: memory }', more);
  const lines = routes.map((each) => `  - { strip_prefix: /chat, scopes: [demo:read], ${each} }\n`).join('');
  return startHouse(yaml.replace('routes:\n', `routes:\n${lines}`));
}

let upstream: SocketUpstream;
let house: HouseUnderTest;
let authorization: string;
beforeAll(async () => {
  upstream = await startSocketUpstream();
  house = await houseWith([
    `name: chat, path: /chat/*, upstream: "${upstream.origin}/base"`,
    `name: brief, path: /chat/brief/*, upstream: { targets: ["${upstream.origin}"], idle_timeout: 400ms }`,
    `name: single, path: /chat/single, upstream: "${upstream.origin}", limits: { concurrent: 1 }`,
    `name: others, path: /chat/others, upstream: "${upstream.origin}", audience: elsewhere`,
  ]);
  authorization = `Bearer ${(await aliceTokens(house.url)).access_token}`;
});
afterAll(async () => {
  await house.close();
  await upstream.close();
});

const socketUrl = (path: string, url = house.url) => `${url.replace('http', 'ws')}${path}`;

async function open(path = '/chat/room', options: ClientOptions = {}, protocols: string[] = []): Promise<WebSocket> {
  const socket = new WebSocket(socketUrl(path), protocols, { headers: { authorization }, ...options });
  socket.on('error', () => {});
  await once(socket, 'open');
  return socket;
}

/** The answer to a handshake that is refused. */
async function refusal(path: string, headers: Record<string, string> = { authorization }) {
  const socket = new WebSocket(socketUrl(path), { headers });
  socket.on('error', () => {});
  const [, answer] = await once(socket, 'unexpected-response');
  let body = '';
  for await (const chunk of answer) body += chunk;
  return { status: answer.statusCode as number, headers: answer.headers, body };
}

async function echoed(socket: WebSocket, message: string | Buffer): Promise<Buffer> {
  const answer = once(socket, 'message');
  socket.send(message);
  return (await answer)[0];
}

async function closed(socket: WebSocket): Promise<number> {
  const closing = once(socket, 'close');
  socket.close(1000);
  return (await closing)[0];
}

describe('a WebSocket through the gateway', () => {
  it('carries text, bytes, fragments, pings and long messages, both ways', async () => {
    const socket = await open();
    expect(String(await echoed(socket, 'héllo'))).toBe('héllo');
    const long = Buffer.alloc(3 * 1024 * 1024, 'gatehouse');
    expect((await echoed(socket, long)).equals(long)).toBe(true);
    const whole = once(socket, 'message');
    socket.send('one ', { fin: false });
    socket.send('message');
    expect(String((await whole)[0])).toBe('one message');
    socket.ping('still there?');
    expect(String((await once(socket, 'pong'))[0])).toBe('still there?');
    expect(await closed(socket)).toBe(1000);
  });

  it('shows the upstream who is calling, once, and nothing of the token', async () => {
    const socket = await open('/chat/room?x=1', { headers: { authorization, 'x-user-id': 'u-admin', cookie: 'a=b' } });
    expect(upstream.handshakes.at(-1)?.url).toBe('/base/room?x=1');
    for (const [name, values] of Object.entries({
      host: [new URL(upstream.origin).host],
      upgrade: ['websocket'],
      connection: ['upgrade'],
      authorization: [],
      cookie: ['a=b'],
      'x-user-id': ['u-alice'],
      'x-client-id': ['demo-app'],
      'x-forwarded-proto': ['http'],
      'content-length': [],
    })) {
      expect({ [name]: upstream.values(name).map((value) => value.toLowerCase()) }).toEqual({ [name]: values });
    }
    expect(upstream.values('sec-websocket-key')).toHaveLength(1);
    socket.terminate();
  });

  it('leaves extensions and subprotocols to the two ends', async () => {
    const other = await startSocketUpstream({ protocol: 'chat.v2' });
    onTestFinished(() => other.close());
    const there = await houseWith([`name: chat, path: /chat/*, upstream: "${other.origin}"`]);
    onTestFinished(() => there.close());
    const token = (await aliceTokens(there.url)).access_token;
    const socket = new WebSocket(socketUrl('/chat/room', there.url), ['chat.v1', 'chat.v2'], {
      headers: { authorization: `Bearer ${token}` },
      perMessageDeflate: true,
    });
    const [[response]] = await Promise.all([once(socket, 'upgrade'), once(socket, 'open')]);
    expect(socket.protocol).toBe('chat.v2');
    expect(socket.extensions).toBe('permessage-deflate');
    expect(response.headers['x-request-id']).toMatch(/^[\w-]{36}$/);
    expect(String(await echoed(socket, 'deflated '.repeat(1_000)))).toBe('deflated '.repeat(1_000));
    await closed(socket);
  });

  it('is one line in the log, when it is over', async () => {
    const before = house.calls().length;
    const socket = await open('/chat/logged');
    await echoed(socket, '12345678');
    expect(house.calls()).toHaveLength(before);
    await closed(socket);
    await expect.poll(() => house.calls().slice(before)).toHaveLength(1);
    const line = house.calls().at(-1);
    expect(line).toMatchObject({ path: '/chat/logged', route: 'chat', status: 101, user: 'u-alice', cache: 'hit' });
    expect(line?.['bytes_in']).toBeGreaterThan(8);
  });

  it('is refused like any call, in words, and never reaches the upstream then', async () => {
    const before = upstream.handshakes.length;
    const unnamed = await refusal('/chat/room', {});
    expect([unnamed.status, unnamed.headers['www-authenticate']]).toEqual([401, 'Bearer realm="gatehouse"']);
    expect(unnamed.headers.connection).toBe('close');
    const unknown = await refusal('/chat/room', { authorization: 'Bearer nobody-knows-this-one' });
    expect([unknown.status, JSON.parse(unknown.body).error]).toEqual([401, 'invalid_token']);
    expect((await refusal('/chat/room?access_token=x', {})).status).toBe(400);
    expect((await refusal('/chat/others')).status).toBe(401);
    expect((await refusal('/nowhere')).status).toBe(404);
    expect((await refusal('/chat//room')).status).toBe(400);
    expect(upstream.handshakes.length).toBe(before);
    await expect.poll(() => house.calls().at(-1)).toMatchObject({ status: 400, refused: 'ambiguous_request' });
  });

  it('counts as a call under way for as long as it is open', async () => {
    const first = await open('/chat/single');
    const second = await refusal('/chat/single');
    expect([second.status, second.headers['retry-after']]).toEqual([429, '1']);
    await closed(first);
    await expect.poll(() => house.calls().at(-1)?.status).toBe(101);
    await closed(await open('/chat/single'));
  });

  it('closes when nothing moves for as long as the upstream says, pings are something', async () => {
    const socket = await open('/chat/brief/room');
    const closing = once(socket, 'close');
    const began = performance.now();
    for (let beat = 0; beat < 8; beat++) {
      socket.ping();
      await once(socket, 'pong');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(socket.readyState).toBe(WebSocket.OPEN);
    expect((await closing)[0]).toBe(1006);
    expect(performance.now() - began).toBeGreaterThan(1_100);
  });

  it('breaks on one side when it breaks on the other', async () => {
    const accepted = upstream.next();
    const socket = await open();
    const there = await accepted;
    const closing = once(there, 'close');
    socket.terminate();
    expect((await closing)[0]).toBe(1006);

    const again = upstream.next();
    const other = await open();
    (await again).terminate();
    expect((await once(other, 'close'))[0]).toBe(1006);
  });

  it('waits for the slower side, in both directions', async () => {
    const accepted = upstream.next();
    const socket = await open('/chat/room', { perMessageDeflate: false });
    const there = await accepted;
    there.removeAllListeners('message');
    const piece = Buffer.alloc(1024 * 1024);
    for (const [from, to] of [
      [there, socket],
      [socket, there],
    ] as const) {
      let came = 0;
      to.on('message', (message: Buffer) => {
        came += message.length;
      });
      to.pause();
      for (let count = 0; count < 48; count++) from.send(piece);
      // What the systems and we hold of it is far less than what was said; it stops moving when they are full.
      let before = Number.POSITIVE_INFINITY;
      while (from.bufferedAmount < before) {
        before = from.bufferedAmount;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      expect(from.bufferedAmount).toBeGreaterThan(24 * piece.length);
      to.resume();
      await expect.poll(() => came, { timeout: 5_000 }).toBe(48 * piece.length);
    }
    socket.terminate();
  });

  it('opens on a connection that carried calls before', async () => {
    const client = rawClient(house.port);
    onTestFinished(() => client.close());
    client.send(`GET /demo/hello HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\n\r\n`);
    expect((await client.response()).status).toBe(200);
    client.send(
      `GET /chat/room HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    );
    const answer = await client.response();
    expect(answer.status).toBe(101);
    expect(answer.values('sec-websocket-accept')).toEqual(['s3pPLMBiTxaQ9kYGzzhZRbK+xOo=']);
    expect([answer.values('upgrade'), answer.values('connection')]).toEqual([['websocket'], ['Upgrade']]);
    // A masked close frame; the upstream answers with its own and ends the connection.
    client.send(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 3, 0xe8]));
    expect(await client.closed()).toEqual(Buffer.from([0x88, 2, 3, 0xe8]));
  });

  it('works with the demo API', async () => {
    const socket = await open('/demo/socket');
    expect(String(await echoed(socket, 'hello, demo'))).toBe('hello, demo');
    expect(await closed(socket)).toBe(1000);
  });
});

describe('an upstream that does not switch', () => {
  it('has its whole answer passed on', async () => {
    const server = createServer((_request, response) => {
      response.writeHead(403, { 'content-type': 'text/plain', 'x-why': 'members only' });
      response.write('a long ');
      setImmediate(() => response.end('x'.repeat(200_000)));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const there = await houseWith([
      `name: chat, path: /chat/*, upstream: "http://127.0.0.1:${(server.address() as AddressInfo).port}"`,
    ]);
    onTestFinished(() => there.close());
    const token = (await aliceTokens(there.url)).access_token;
    const socket = new WebSocket(socketUrl('/chat/room', there.url), { headers: { authorization: `Bearer ${token}` } });
    socket.on('error', () => {});
    const [, answer] = await once(socket, 'unexpected-response');
    let body = '';
    for await (const chunk of answer) body += chunk;
    expect([answer.statusCode, answer.headers['x-why'], answer.headers.connection]).toEqual([
      403,
      'members only',
      'close',
    ]);
    expect(body).toBe(`a long ${'x'.repeat(200_000)}`);
    await expect.poll(() => there.calls().at(-1)).toMatchObject({ status: 403, bytes_out: 200_007 });
  });

  it('is a 502 if it is away, and a 504 if it says nothing', async () => {
    const silent = createServer(() => {});
    silent.on('upgrade', () => {});
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const gone = createServer().listen(0, '127.0.0.1');
    await once(gone, 'listening');
    const nobody = (gone.address() as AddressInfo).port;
    gone.close();
    const there = await houseWith([
      `name: silent, path: /chat/silent, upstream: { targets: ["http://127.0.0.1:${port}"], timeout: 200ms }`,
      `name: away, path: /chat/away, upstream: "http://127.0.0.1:${nobody}"`,
    ]);
    onTestFinished(async () => {
      await there.close();
      silent.closeAllConnections();
      silent.close();
    });
    const token = (await aliceTokens(there.url)).access_token;
    for (const [path, status] of [
      ['/chat/silent', 504],
      ['/chat/away', 502],
    ] as const) {
      const socket = new WebSocket(socketUrl(path, there.url), { headers: { authorization: `Bearer ${token}` } });
      socket.on('error', () => {});
      const [, answer] = await once(socket, 'unexpected-response');
      expect(answer.statusCode).toBe(status);
      answer.destroy();
    }
  });
});

describe('a WebSocket over TLS', () => {
  it('is one like any other', async () => {
    const { cert, key } = await selfSigned();
    const ca = await readFile(cert);
    const there = await houseWith(
      [`name: chat, path: /chat/*, upstream: "${upstream.origin}"`],
      `listen: { port: 0, tls: { cert: "${cert}", key: "${key}" } }\n`,
    );
    onTestFinished(() => there.close());
    const asking = request(`${there.url}/oauth2/token`, {
      ...{ method: 'POST', ca, auth: 'demo-app:demo-secret' },
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    asking.end('grant_type=client_credentials');
    const [answer] = await once(asking, 'response');
    const { access_token } = JSON.parse(String(await answer.toArray())) as Tokens;
    const socket = new WebSocket(socketUrl('/chat/room', there.url), {
      headers: { authorization: `Bearer ${access_token}` },
      ca,
    });
    await once(socket, 'open');
    expect(String(await echoed(socket, 'secretly'))).toBe('secretly');
    expect(upstream.values('x-forwarded-proto')).toEqual(['https']);
    expect(upstream.values('x-client-id')).toEqual(['demo-app']);
    expect(await closed(socket)).toBe(1000);
  });
});

describe('an upstream with other transports', () => {
  async function through(there: HouseUnderTest): Promise<WebSocket> {
    onTestFinished(() => there.close());
    const token = (await aliceTokens(there.url)).access_token;
    const socket = new WebSocket(socketUrl('/chat/room', there.url), { headers: { authorization: `Bearer ${token}` } });
    socket.on('error', () => {});
    return socket;
  }

  it('is spoken to by TLS, with a CA of its own and a certificate of ours', async () => {
    const { cert, key } = await selfSigned();
    const [certText, keyText] = await Promise.all([readFile(cert), readFile(key)]);
    const secure = await startSocketUpstream({
      tls: { cert: certText, key: keyText, ca: certText, requestCert: true },
    });
    onTestFinished(() => secure.close());
    const tls = `tls: { ca: "${cert}", cert: "${cert}", key: "${key}" }`;
    const socket = await through(
      await houseWith([`name: chat, path: /chat/*, upstream: { targets: ["${secure.origin}"], ${tls} }`]),
    );
    await once(socket, 'open');
    expect(String(await echoed(socket, 'secretly'))).toBe('secretly');
    const connection = secure.handshakes[0]?.socket as TLSSocket;
    expect(connection.authorized).toBe(true);
    await closed(socket);

    const stranger = await through(await houseWith([`name: chat, path: /chat/*, upstream: "${secure.origin}"`]));
    const [, answer] = await once(stranger, 'unexpected-response');
    expect(answer.statusCode).toBe(502);
    answer.destroy();
  });

  it('is spoken to by a unix socket', async () => {
    const path = join(tmpdir(), `gatehouse-${process.pid}-chat`);
    const local = await startSocketUpstream({ path });
    onTestFinished(() => local.close());
    const socket = await through(await houseWith([`name: chat, path: /chat/*, upstream: "unix:${path}"`]));
    await once(socket, 'open');
    expect(String(await echoed(socket, 'hi'))).toBe('hi');
    expect(local.values('host')).toEqual(['localhost']);
    await closed(socket);
  });

  it('is one of several, by the same choice as for calls', async () => {
    const [first, second] = await Promise.all([startSocketUpstream(), startSocketUpstream()]);
    onTestFinished(async () => {
      await Promise.all([first.close(), second.close()]);
    });
    const targets = `targets: ["${first.origin}", "${second.origin}"]`;
    const there = await houseWith([`name: chat, path: /chat/*, upstream: { ${targets} }`]);
    const sockets = [await through(there)];
    await once(sockets[0] as WebSocket, 'open');
    const token = (await aliceTokens(there.url)).access_token;
    for (let count = 1; count < 4; count++) {
      const socket = new WebSocket(socketUrl('/chat/room', there.url), {
        headers: { authorization: `Bearer ${token}` },
      });
      await once(socket, 'open');
      sockets.push(socket);
    }
    expect([first.handshakes.length, second.handshakes.length]).toEqual([2, 2]);
    await Promise.all(sockets.map(closed));
  });
});

describe('a gateway that drains', () => {
  it('gives open WebSockets a moment, and then does not wait for them', async () => {
    const gatehouse = await startGatehouse(await demoConfig('{ type: memory }'));
    const token = (await aliceTokens(gatehouse.url)).access_token;
    const sockets = await Promise.all(
      [1, 2].map(async () => {
        const socket = new WebSocket(socketUrl('/demo/socket', gatehouse.url), {
          headers: { authorization: `Bearer ${token}` },
        });
        await once(socket, 'open');
        return socket;
      }),
    );
    const [leaving, staying] = sockets as [WebSocket, WebSocket];
    const cut = once(staying, 'close');
    const began = performance.now();
    gatehouse.signal('SIGTERM');
    await gatehouse.line(/"event":"draining"/);
    expect(String(await echoed(leaving, 'one more thing'))).toBe('one more thing');
    expect(await closed(leaving)).toBe(1000);
    expect((await cut)[0]).toBe(1006);
    expect(await gatehouse.exited).toBe(0);
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(gatehouse.output().match(/"status":101/g)).toHaveLength(2);
  });
});
