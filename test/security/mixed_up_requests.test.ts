import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { startGatehouse } from '../support/gatehouse_process.ts';
import { route, startLaneServer } from '../support/lane_server.ts';
import { rawClient } from '../support/raw_client.ts';
import { startRecordingUpstream } from '../support/recording_upstream.ts';

/*
 * What callers send is read into one place, where the next read, of another caller, takes its place. What is kept for longer (the
 * beginning of a head, a piece of a body that waits for the upstream) and were not copied would become part of somebody else's
 * request.
 */

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const it of open.splice(0).reverse()) await it.close();
});

async function start() {
  const upstream = await startRecordingUpstream();
  open.push(upstream);
  const lane = await startLaneServer({ via: 'fast', routes: [route('/*', upstream.origin, { auth: 'none' })] });
  open.push(lane);
  return { upstream, lane };
}

const CALLERS = 16;
const nameOf = (caller: number): string => String.fromCharCode(0x61 + caller);

it('callers whose heads come in pieces, in turn, have their own said upstream, every byte of them', async () => {
  const { upstream, lane } = await start();
  const clients = Array.from({ length: CALLERS }, () => rawClient(lane.port));
  const heads = clients.map((_, caller) => {
    const own = nameOf(caller).repeat(40);
    return `GET /${own} HTTP/1.1\r\nHost: ${own}\r\nX-Own: ${own}\r\n\r\n`;
  });
  const answers = clients.map((client) => client.response());
  for (const [from, to] of [
    [0, 30],
    [30, 90],
    [90, 1_000],
  ] as const) {
    for (const [caller, client] of clients.entries()) {
      client.send(heads[caller]?.slice(from, to) ?? '');
      await new Promise((resolve) => setImmediate(resolve));
    }
    // Each piece is to be a read of its own.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  for (const answer of answers) expect((await answer).status).toBe(200);
  for (const client of clients) client.close();
  const said = upstream.requests.map(({ target, values }) => [target.slice(1), ...values('x-own')]);
  expect(said.toSorted()).toEqual(heads.map((_, caller) => Array(2).fill(nameOf(caller).repeat(40))));
});

it('callers who send large bodies at once, faster than the upstream reads, have their own arrive there', async () => {
  const SIZE = 600_000;
  const { upstream, lane } = await start();
  const clients = Array.from({ length: CALLERS }, () => rawClient(lane.port));
  const answers = clients.map((client) => client.response('POST'));
  for (const [caller, client] of clients.entries()) {
    client.send(`POST /${nameOf(caller)} HTTP/1.1\r\nHost: g\r\nContent-Length: ${SIZE}\r\n\r\n`);
    client.send(Buffer.alloc(SIZE, nameOf(caller)));
  }
  for (const answer of answers) expect((await answer).status).toBe(200);
  for (const client of clients) client.close();
  expect(upstream.requests).toHaveLength(CALLERS);
  for (const { target, body } of upstream.requests) expect(body.equals(Buffer.alloc(SIZE, target.slice(1)))).toBe(true);
});

it('what comes behind a request and has to wait is answered to whoever sent it', async () => {
  const { upstream, lane } = await start();
  const clients = Array.from({ length: CALLERS }, () => rawClient(lane.port));
  for (const [caller, client] of clients.entries()) {
    const own = nameOf(caller);
    // The last is handed over to node:http, with all that was read of it.
    const last = `POST /${own} HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n${own}\r\n0\r\n\r\n`;
    client.send(`GET /${own}1 HTTP/1.1\r\nHost: g\r\n\r\nGET /${own}2 HTTP/1.1\r\nHost: g\r\n\r\n${last}`);
  }
  for (const client of clients) for (let call = 0; call < 3; call++) expect((await client.response()).status).toBe(200);
  for (const client of clients) client.close();
  const targets = clients.flatMap((_, caller) => ['', '1', '2'].map((which) => `/${nameOf(caller)}${which}`));
  expect(upstream.requests.map(({ target }) => target).toSorted()).toEqual(targets.toSorted());
  for (const { target, body } of upstream.requests)
    if (target.length === 2) expect(body.toString()).toBe(target.slice(1));
});

it('a body that came with a head that is handed over arrives as it was sent, whoever else is read meanwhile', async () => {
  const { upstream, lane } = await start();
  const clients = Array.from({ length: CALLERS }, () => rawClient(lane.port));
  const answers = clients.map((client) => client.response('POST'));
  for (const [caller, client] of clients.entries()) {
    const body = nameOf(caller).repeat(5_000);
    const head = `POST /${nameOf(caller)} HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n`;
    client.send(`${head}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`);
  }
  for (const answer of answers) expect((await answer).status).toBe(200);
  for (const client of clients) client.close();
  expect(upstream.requests).toHaveLength(CALLERS);
  for (const { target, body } of upstream.requests) expect(body.toString()).toBe(target.slice(1).repeat(5_000));
});

/** Shakes hands late, as long as some of what follows has come, and says everything back a piece at a time. */
async function startEcho() {
  const server = createServer((socket) => {
    let head = '';
    socket.on('error', () => {});
    const onHead = (chunk: Buffer): void => {
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      socket.off('data', onHead);
      const key = /^sec-websocket-key: (.*)$/im.exec(head)?.[1]?.trim() ?? '';
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
      setTimeout(() => {
        const lines = ['Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Accept: ${accept}`];
        // What comes right behind the answer is the tunnel's, too.
        socket.write(`HTTP/1.1 101 Switching\r\n${lines.join('\r\n')}\r\n\r\n${ownOf(head).repeat(3_000)}`, 'latin1');
        socket.pipe(socket);
      }, 50);
    };
    socket.on('data', onHead);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push({ close: async () => void server.close() });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The name that the target of a request ends with. */
const ownOf = (head: string): string => /^\S+ \S*(\S) /.exec(head)?.[1] ?? '';

it('a tunnel carries what its own caller says, whatever was said before there was one', async () => {
  const SAID = 400_000;
  const origin = await startEcho();
  const gatehouse = await startGatehouse(`
listen: { host: 127.0.0.1, port: 0 }
admin: { port: 0 }
store: { type: memory }
routes:
  - { name: open, path: /open/*, upstream: "${origin}", auth: none }
`);
  open.push({ close: () => gatehouse.stop().then(() => undefined) });
  const clients = Array.from({ length: CALLERS }, () => rawClient(Number(new URL(gatehouse.url).port)));
  const lines = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'];
  for (const [caller, client] of clients.entries()) {
    const key = Buffer.alloc(16, caller).toString('base64');
    const head = `GET /open/${nameOf(caller)} HTTP/1.1\r\nHost: g\r\n${lines.join('\r\n')}\r\nSec-WebSocket-Key: ${key}\r\n\r\n`;
    client.send(head + nameOf(caller).repeat(SAID / 2));
  }
  for (const [caller, client] of clients.entries()) {
    expect((await client.response()).status).toBe(101);
    client.send(nameOf(caller).repeat(SAID / 2));
    client.socket.end();
  }
  for (const [caller, client] of clients.entries()) {
    const heard = await client.closed();
    expect([caller, heard.equals(Buffer.alloc(3_000 + SAID, nameOf(caller)))]).toEqual([caller, true]);
  }
});
