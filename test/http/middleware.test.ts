import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { FullLane } from '../../src/gateway/full_lane.ts';
import { createEndpoints } from '../../src/http/edge.ts';
import { createMiddleware } from '../../src/http/middleware.ts';
import { systemClock } from '../../src/model/clock.ts';
import { startCore } from '../oauth/core_under_test.ts';
import { rawClient } from '../support/raw_client.ts';

/** A lane that covers `/api/…` and leaves the rest. */
const lane: FullLane = {
  handle(request, response, otherwise) {
    if (request.url?.startsWith('/api/')) response.writeHead(200, ['X-From', 'lane']).end(`lane ${request.method}`);
    else if (otherwise) setImmediate(otherwise);
    else response.writeHead(404).end();
  },
  close: async () => {},
};

async function startApp(before?: (app: Koa) => void) {
  const { dialect, protocol } = await startCore();
  const nothing = () => {};
  const endpoints = createEndpoints({
    dialects: [{ dialect }],
    protocol,
    clock: systemClock,
    trustedProxies: [],
    report: nothing,
    tokenIssued: nothing,
    trouble: nothing,
  });
  const app = new Koa();
  app.silent = true;
  before?.(app);
  const seen: string[] = [];
  app.use(async (ctx, next) => {
    await next();
    seen.push(`${ctx.path} ${ctx.res.statusCode}`);
  });
  app.use(createMiddleware({ endpoints, fullLane: lane }));
  app.use((ctx) => {
    ctx.body = 'the app itself';
  });
  const server = createServer(app.callback()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close().closeAllConnections());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

describe('the Koa middleware', () => {
  it('answers our own endpoints', async () => {
    const { url } = await startApp();
    const answer = await fetch(`${url}/.well-known/oauth-authorization-server`);
    expect(await answer.json()).toMatchObject({ issuer: 'https://auth.example.com' });
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('reads the bodies of our own endpoints', async () => {
    const { url } = await startApp();
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: 'app',
      client_secret: 'app-secret',
    });
    const answer = await fetch(`${url}/oauth2/token`, { method: 'POST', body });
    expect(await answer.json()).toMatchObject({ token_type: 'Bearer' });
  });

  it('carries calls that a route covers, and the middleware around it sees them end', async () => {
    const { url, seen } = await startApp();
    const answer = await fetch(`${url}/api/x`, { method: 'DELETE' });
    expect(answer.headers.get('x-from')).toBe('lane');
    expect(await answer.text()).toBe('lane DELETE');
    await expect.poll(() => seen).toEqual(['/api/x 200']);
  });

  it('leaves everything else to the app', async () => {
    const { url } = await startApp();
    expect(await (await fetch(`${url}/about`)).text()).toBe('the app itself');
  });

  it('refuses to run behind something that has read the body', async () => {
    const { url } = await startApp((app) =>
      app.use(async (ctx, next) => {
        await ctx.req.toArray();
        await next();
      }),
    );
    const answer = await fetch(`${url}/api/x`, { method: 'POST', body: 'text' });
    expect(answer.status).toBe(500);
  });

  it('reads nothing behind a request that asks to upgrade: what would be read is the middle of something', async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    const { url, seen } = await startApp((app) =>
      app.use(async (_ctx, next) => {
        await next();
        await held;
      }),
    );
    const client = rawClient(Number(new URL(url).port));
    onTestFinished(() => client.close());
    const upgrade =
      'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n';
    const cover = 'POST /app/cover HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n';
    client.send(`GET /app/first HTTP/1.1\r\nHost: x\r\n${upgrade}\r\n${cover}`);
    await expect.poll(() => seen).toHaveLength(1);
    client.send('GET /app/inside HTTP/1.1\r\nHost: x\r\n\r\n');
    const other = rawClient(Number(new URL(url).port));
    onTestFinished(() => other.close());
    other.send('GET /api/hello HTTP/1.1\r\nHost: x\r\n\r\n');
    await other.response();
    release();
    const answer = await client.response();
    expect([answer.body, answer.values('connection')]).toEqual(['the app itself', ['close']]);
    await client.closed();
    expect(seen).toContain('/app/first 200');
    expect(seen).not.toContain('/app/inside 200');
  });
});
