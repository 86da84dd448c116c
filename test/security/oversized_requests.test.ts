/**
 * The threat: requests that are too long, endless or too slow, so that the gateway runs out of memory, of sockets or of time. Each
 * gets its status with a body that says what is allowed, and the connection ends without reading the rest.
 */
import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type EdgeUnderTest, postBytes, startEdge } from '../http/edge_under_test.ts';
import { exchange, rawClient } from '../support/raw_client.ts';

const FORM = 'Content-Type: application/x-www-form-urlencoded';
let edge: EdgeUnderTest;

beforeAll(async () => {
  edge = await startEdge();
});
afterAll(() => edge.drain());

describe('a body', () => {
  it('of 64 KiB is read, and one byte more is 413', async () => {
    const fits = `grant_type=x&pad=${'a'.repeat(65_536 - 17)}`;
    expect((await exchange(edge.port, postBytes('/oauth2/token', fits, [FORM]))).status).toBe(401);
    const answer = await exchange(edge.port, postBytes('/oauth2/token', `${fits}a`, [FORM]));
    expect(answer.status).toBe(413);
    expect(JSON.parse(answer.body)).toMatchObject({
      error: 'payload_too_large',
      error_description: expect.stringContaining('65536'),
    });
    expect(answer.values('connection')).toEqual(['close']);
  });

  it('without an end is 413 as soon as it is too long, and is not read on', async () => {
    const client = rawClient(edge.port);
    client.send(`POST /oauth2/token HTTP/1.1\r\nHost: a\r\n${FORM}\r\nTransfer-Encoding: chunked\r\n\r\n`);
    const chunk = `10000\r\n${'a'.repeat(0x10000)}\r\n`;
    const writing = setInterval(() => client.send(chunk), 1);
    const answer = await client.response();
    expect(answer.status).toBe(413);
    await client.closed();
    clearInterval(writing);
    expect(client.socket.bytesWritten).toBeLessThan(16 * 1024 * 1024);
  });

  it('that only says it is huge is 413 before a byte of it', async () => {
    const client = rawClient(edge.port);
    client.send(`POST /oauth2/token HTTP/1.1\r\nHost: a\r\n${FORM}\r\nContent-Length: 99999999999\r\n\r\n`);
    expect((await client.response()).status).toBe(413);
    await client.closed();
  });

  it('that would unpack to a gigabyte is never unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000)).toString('latin1');
    const client = rawClient(edge.port);
    const head = `${FORM}\r\nContent-Encoding: gzip\r\nContent-Length: ${bomb.length}`;
    client.send(`POST /oauth2/token HTTP/1.1\r\nHost: a\r\n${head}\r\n\r\n${bomb}`);
    expect((await client.response()).status).toBe(415);
    client.close();
  });

  it('that stops coming is 408, and its connection ends', async () => {
    const impatient = await startEdge({ bodyTimeout: 200 });
    onTestFinished(() => impatient.drain());
    const client = rawClient(impatient.port);
    client.send(`POST /oauth2/token HTTP/1.1\r\nHost: a\r\n${FORM}\r\nContent-Length: 100\r\n\r\ngrant_`);
    const answer = await client.response();
    expect(answer.status).toBe(408);
    expect(JSON.parse(answer.body)).toMatchObject({ error: 'invalid_request' });
    await client.closed();
  });

  it('that breaks off is nobody’s to answer, and nothing is left of it', async () => {
    const report = edge.nextExchange();
    const client = rawClient(edge.port);
    client.send(`POST /oauth2/token HTTP/1.1\r\nHost: a\r\n${FORM}\r\nContent-Length: 100\r\n\r\ngrant_`);
    await once(client.socket, 'connect');
    client.close();
    expect(await report).toMatchObject({ route: 'token', status: 499 });
  });
});

describe('a head', () => {
  it.each([
    [
      'a target of more than 8 KiB',
      `GET /oauth2/authorize?state=${'a'.repeat(9_000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
      414,
    ],
    [
      'a target of more than the whole head may have',
      `GET /oauth2/authorize?${'a'.repeat(17_000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
      414,
    ],
    ['more than 100 header lines', `GET /oauth2/authorize HTTP/1.1\r\nHost: a\r\n${'X-A: b\r\n'.repeat(101)}\r\n`, 431],
    [
      'more than 16 KiB of headers',
      `GET /oauth2/authorize HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(17_000)}\r\n\r\n`,
      431,
    ],
    ['a cookie of 20 KiB', `GET /oauth2/authorize HTTP/1.1\r\nHost: a\r\nCookie: ${'a=b;'.repeat(5_000)}\r\n\r\n`, 431],
  ])('with %s is refused', async (_what, bytes, status) => {
    const answer = await exchange(edge.port, bytes);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toEqual({ error: expect.any(String), error_description: expect.any(String) });
    expect(answer.values('connection')).toEqual(['close']);
  });
});

it('leaves the gateway well and its sockets closed', async () => {
  const clients = Array.from({ length: 200 }, () => rawClient(edge.port));
  for (const client of clients) {
    client.send(
      `POST /oauth2/token HTTP/1.1\r\nHost: a\r\n${FORM}\r\nContent-Length: 70000\r\n\r\n${'a'.repeat(1_000)}`,
    );
  }
  const answers = await Promise.all(clients.map((client) => client.response()));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([413]));
  await Promise.all(clients.map((client) => client.closed()));
  const fine = await exchange(edge.port, 'GET /.well-known/oauth-authorization-server HTTP/1.1\r\nHost: a\r\n\r\n');
  expect(fine.status).toBe(200);
});
