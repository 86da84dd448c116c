import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createTryCall } from '../../src/http/try_call.ts';
import { systemClock } from '../../src/model/clock.ts';
import { DependencyUnavailable } from '../../src/model/failure.ts';
import { selfSigned } from './self_signed.ts';

const clock = systemClock;

async function listening(handle: RequestListener, tls?: { cert: string; key: string }) {
  const server = tls
    ? createSecureServer({ cert: readFileSync(tls.cert), key: readFileSync(tls.key) }, handle)
    : createServer(handle);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

const echo: RequestListener = async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  response.setHeader('X-Twice', ['a', 'b']);
  response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body }));
};

describe('a call that is tried', () => {
  it('goes out as it was asked for, and comes back whole', async () => {
    const port = await listening(echo);
    const tryCall = createTryCall({ url: () => `http://127.0.0.1:${port}`, clock });
    const { status, headers, body, truncated } = await tryCall({
      method: 'PUT',
      target: '/a%2Fb?c=d',
      host: 'api.example.com',
      headers: [
        ['X-One', 'ä'],
        ['X-One', '2'],
        ['Authorization', 'Bearer t'],
      ],
      body: 'hällo',
    });
    expect([status, truncated]).toEqual([200, false]);
    expect(JSON.parse(Buffer.from(body).toString())).toMatchObject({
      ...{ method: 'PUT', url: '/a%2Fb?c=d', body: 'hällo' },
      headers: { host: 'api.example.com', 'x-one': 'ä, 2', authorization: 'Bearer t', 'content-length': '6' },
    });
    expect(headers.filter(([name]) => name === 'X-Twice').map(([, value]) => value)).toEqual(['a', 'b']);
  });

  it('ends where we say it ends, whatever headers it was given', async () => {
    const port = await listening(echo);
    const tryCall = createTryCall({ url: () => `http://0.0.0.0:${port}`, clock });
    const names = ['Content-Length', 'transfer-encoding', 'Upgrade', 'Connection', 'Expect', 'HOST', 'TE', 'Trailer'];
    const { status, body } = await tryCall({
      method: 'POST',
      target: '/',
      headers: names.map((name) => [name, 'chunked'] as const),
      body: 'x',
    });
    expect(status).toBe(200);
    const { headers } = JSON.parse(Buffer.from(body).toString());
    expect(headers).toEqual({ host: `0.0.0.0:${port}`, connection: 'close', 'content-length': '1' });
  });

  it('speaks TLS to a listener that does', async () => {
    const port = await listening(echo, await selfSigned());
    const tryCall = createTryCall({ url: () => `https://127.0.0.1:${port}`, clock });
    expect((await tryCall({ method: 'GET', target: '/', headers: [] })).status).toBe(200);
  });

  it('shows the beginning of what does not end', async () => {
    const port = await listening((_request, response) => {
      const more = setInterval(() => response.write('x'.repeat(30_000)), 1);
      response.once('close', () => clearInterval(more));
    });
    const tryCall = createTryCall({ url: () => `http://127.0.0.1:${port}`, clock });
    const { body, truncated } = await tryCall({ method: 'GET', target: '/', headers: [] });
    expect([body.length, truncated]).toEqual([65_536, true]);
  });

  it('shows what there is of an answer that broke off', async () => {
    const port = await listening((_request, response) => {
      response.writeHead(200, { 'Content-Length': '10' });
      response.write('half');
      setTimeout(() => response.destroy(), 20);
    });
    const tryCall = createTryCall({ url: () => `http://127.0.0.1:${port}`, clock });
    const { body, truncated } = await tryCall({ method: 'GET', target: '/', headers: [] });
    expect([Buffer.from(body).toString(), truncated]).toEqual(['half', true]);
  });

  it.each([() => undefined, () => '', () => 'http://127.0.0.1:1', () => 'unix:/nowhere/g.sock'])(
    'is a server that is away if nobody listens',
    async (url) => {
      const tryCall = createTryCall({ url, clock });
      await expect(tryCall({ method: 'GET', target: '/', headers: [] })).rejects.toThrow(DependencyUnavailable);
    },
  );
});
