import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { CorruptRecord, DependencyUnavailable } from '../../src/model/failure.ts';
import type { Route } from '../../src/model/route.ts';
import { STANDARD_TOKENS } from '../../src/model/token_policy.ts';
import { milliseconds } from '../../src/model/units.ts';
import type { TokenStore } from '../../src/stores/token_store.ts';
import { mint } from '../../src/tokens/format.ts';
import { startDeafListener } from '../support/deaf_listener.ts';
import { alice, route, startLaneServer } from '../support/lane_server.ts';
import { exchange, type RawResponse, rawClient } from '../support/raw_client.ts';
import { type Script, startRecordingUpstream } from '../support/recording_upstream.ts';

/** The table "Answers on proxied paths", row by row. */

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const it of open.splice(0).reverse()) await it.close();
});

async function start(more: Parameters<typeof route>[2] = {}, script?: Script, lookup?: TokenStore) {
  const upstream = await startRecordingUpstream(script);
  open.push(upstream);
  const routes: Route[] = [route('/api/*', upstream.origin, { name: 'api', ...more })];
  const lane = await startLaneServer({ routes, ...(lookup && { lookup }) });
  open.push(lane);
  const call = (lines: readonly string[] = [], target = '/api/x', method = 'GET') =>
    exchange(lane.port, [`${method} ${target} HTTP/1.1`, 'Host: g', ...lines, '', ''].join('\r\n'), method);
  return { upstream, lane, call, bearer: (token: string) => `Authorization: Bearer ${token}` };
}

function expectRefusal(answer: RawResponse, status: number, error: string) {
  expect(answer.status).toBe(status);
  const body = JSON.parse(answer.body);
  expect(body.error).toBe(error);
  expect(body.error_description.length).toBeGreaterThan(10);
  expect(answer.values('x-request-id')).toHaveLength(1);
  expect(answer.values('content-type')).toEqual(['application/json']);
}

describe('no token', () => {
  it('is 401 with a challenge that carries no error code (RFC 6750 §3.1)', async () => {
    const { call, upstream, lane } = await start();
    const answer = await call();
    expectRefusal(answer, 401, 'missing_token');
    expect(answer.values('www-authenticate')).toEqual(['Bearer realm="gatehouse"']);
    expect(upstream.connections).toHaveLength(0);
    expect(await lane.reported()).toMatchObject({
      route: 'api',
      status: 401,
      refused: 'missing_token',
      path: '/api/x',
    });
  });

  it('passes where it is optional, without identity; a token that is sent must be good', async () => {
    const { call, bearer, upstream, lane } = await start({ auth: 'optional' });
    expect((await call()).status).toBe(200);
    expect((await call(['Authorization: Basic YTpi'])).status).toBe(200);
    expectRefusal(await call([bearer(mint(STANDARD_TOKENS.access))]), 401, 'invalid_token');
    expect((await call([bearer(await lane.token())])).status).toBe(200);
    expect(upstream.requests.map((request) => request.values('x-user-id'))).toEqual([[], [], ['u-alice']]);
    expect(upstream.requests.map((request) => request.values('authorization'))).toEqual([[], [], []]);
  });

  it('is not asked for where there is no authentication', async () => {
    const { call, upstream } = await start({ auth: 'none' });
    expect((await call(['Authorization: Bearer whatever'], '/api/x?access_token=y')).status).toBe(200);
    expect(upstream.requests[0]?.values('authorization')).toEqual([]);
  });
});

describe('unknown, expired or revoked token', () => {
  it('is 401 invalid_token', async () => {
    const { call, bearer, lane } = await start();
    expectRefusal(await call([bearer(mint(STANDARD_TOKENS.access))]), 401, 'invalid_token');
    expectRefusal(await call([bearer('short')]), 401, 'invalid_token');
    expectRefusal(await call([bearer('x'.repeat(600))]), 401, 'invalid_token');
    const past = Math.floor(Date.now() / 1000) - 1;
    expectRefusal(await call([bearer(await lane.token({ expiresAt: past as never }))]), 401, 'invalid_token');
  });

  it('is 401 for a token of another audience', async () => {
    const { call, bearer, lane } = await start({ audience: 'https://api' });
    expectRefusal(await call([bearer(await lane.token({ audience: ['https://other'] }))]), 401, 'invalid_token');
    expect((await call([bearer(await lane.token({ audience: ['https://other', 'https://api'] }))])).status).toBe(200);
  });
});

it('scope missing is 403 insufficient_scope, and says whose call it was', async () => {
  const { call, bearer, lane, upstream } = await start({
    scopes: { GET: ['demo:read'], POST: ['demo:read', 'demo:write'] },
  });
  const token = bearer(await lane.token());
  expect((await call([token])).status).toBe(200);
  expectRefusal(await call([token, 'Content-Length: 0'], '/api/x', 'POST'), 403, 'insufficient_scope');
  expect(upstream.requests).toHaveLength(1);
  await lane.reported();
  expect(await lane.reported()).toMatchObject({ refused: 'insufficient_scope', client: 'demo-app', user: 'u-alice' });
});

it('a user of another connection, or nobody, is 403 where the route names connections', async () => {
  const { call, bearer, lane, upstream } = await start({ connections: ['corp', 'partners'] });
  const of = async (connection: string) => bearer(await lane.token({ user: { ...alice, connection } }));
  expect((await call([await of('partners')])).status).toBe(200);
  const service = bearer(await lane.token({ user: undefined }));
  for (const token of [await of('users'), await of('corporate'), service])
    expectRefusal(await call([token]), 403, 'insufficient_scope');
  expectRefusal(await call(), 401, 'missing_token');
  expect(upstream.requests).toHaveLength(1);
});

describe('token in the query or body, two tokens, malformed header', () => {
  it('is 400 invalid_request', async () => {
    const { call, bearer, lane, upstream } = await start();
    const token = await lane.token();
    const form = 'Content-Type: application/x-www-form-urlencoded';
    for (const answer of [
      await call([], `/api/x?access_token=${token}`),
      await call([bearer(token)], `/api/x?a=1&access_token=${token}`),
      await call([bearer(token), bearer(token)]),
      await call([`Authorization: Bearer`]),
      await call([`Authorization: Bearer ${token} ${token}`]),
      await call([`Authorization: Bearer ${token},${token}`]),
      await exchange(
        lane.port,
        `POST /api/x HTTP/1.1\r\nHost: g\r\n${bearer(token)}\r\n${form}\r\nContent-Length: 14\r\n\r\naccess_token=x`,
      ),
    ]) {
      expectRefusal(answer, 400, 'invalid_request');
    }
    expect(upstream.requests).toHaveLength(0);
  });
});

describe('ambiguous path, framing or headers', () => {
  for (const [title, head] of [
    ['an encoded slash', 'GET /api/a%2fb HTTP/1.1\r\nHost: g'],
    ['two hosts', 'GET /api/x HTTP/1.1\r\nHost: g\r\nHost: h'],
    ['two lengths', 'POST /api/x HTTP/1.1\r\nHost: g\r\nContent-Length: 1, 1'],
    ['length and chunks', 'POST /api/x HTTP/1.1\r\nHost: g\r\nContent-Length: 1\r\nTransfer-Encoding: chunked'],
    ['a header list that takes the framing away', 'POST /api/x HTTP/1.1\r\nHost: g\r\nConnection: content-length'],
  ] as const) {
    it(`(${title}) is 400 and the connection is closed`, async () => {
      const { lane, upstream } = await start();
      const client = rawClient(lane.port);
      client.send(`${head}\r\n\r\n`);
      const answer = await client.response();
      expect(answer.status).toBe(400);
      expect(answer.values('connection')).toEqual(['close']);
      await client.closed();
      expect(upstream.requests).toHaveLength(0);
    });
  }

  it('too long a target is 414, too many headers are 431', async () => {
    const { call } = await start();
    expectRefusal(await call([], `/api/${'a'.repeat(8200)}`), 414, 'uri_too_long');
    expectRefusal(await call(Array.from({ length: 100 }, (_, index) => `X-${index}: 1`)), 431, 'headers_too_large');
  });
});

it('no such route is 404', async () => {
  const { call, lane } = await start({ methods: ['GET'] });
  expectRefusal(await call([], '/other'), 404, 'not_found');
  expectRefusal(await call(['Content-Length: 0'], '/api/x', 'POST'), 404, 'not_found');
  expect(await lane.reported()).toMatchObject({ status: 404, path: '/other', refused: 'not_found' });
});

it('TRACE, which would show the identity headers to the caller, is 405', async () => {
  const { call } = await start();
  expectRefusal(await call([], '/api/x', 'TRACE'), 405, 'method_not_allowed');
});

describe('store unreachable', () => {
  const away = (error: Error) => ({ get: () => Promise.reject(error) }) as unknown as TokenStore;
  const awayAtOnce = (error: Error) =>
    ({
      get: () => {
        throw error;
      },
    }) as unknown as TokenStore;

  for (const [title, lookup, fault] of [
    ['later', away(new DependencyUnavailable('redis', 'gone')), 'DependencyUnavailable'],
    ['at once', awayAtOnce(new DependencyUnavailable('redis', 'gone')), 'DependencyUnavailable'],
    ['by a corrupt record', away(new CorruptRecord('access')), 'CorruptRecord'],
  ] as const) {
    it(`(${title}) is 503 with Retry-After, never 401`, async () => {
      const { call, bearer, lane, upstream } = await start({}, undefined, lookup);
      const answer = await call([bearer(mint(STANDARD_TOKENS.access))]);
      expectRefusal(answer, 503, 'temporarily_unavailable');
      expect(answer.values('retry-after')).toEqual(['1']);
      expect(upstream.requests).toHaveLength(0);
      expect(await lane.reported()).toMatchObject({ status: 503, fault });
    });
  }

  it('lets safe methods ask for an older fact where the route allows it, and no others', async () => {
    const asked: unknown[] = [];
    const lookup = { get: (...args: unknown[]) => void asked.push(args[2]) } as unknown as TokenStore;
    const { call, bearer } = await start({ serveCached: milliseconds(30_000) }, undefined, lookup);
    await call([bearer(mint(STANDARD_TOKENS.access))]);
    await call([bearer(mint(STANDARD_TOKENS.access)), 'Content-Length: 0'], '/api/x', 'POST');
    expect(asked).toEqual([30_000, undefined]);
  });

  it('answers 500, tells the class of the error and goes on when something unforeseen happens', async () => {
    const { call, bearer, lane } = await start({}, undefined, away(new TypeError('secret')));
    const answer = await call([bearer(mint(STANDARD_TOKENS.access))]);
    expectRefusal(answer, 500, 'server_error');
    expect(answer.body).not.toContain('secret');
    expect(await lane.reported()).toMatchObject({ status: 500, fault: 'TypeError' });
    expect((await call()).status).toBe(401);
  });
});

describe('an upstream that', () => {
  const unreachable = async () => {
    const server: Server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    return `http://127.0.0.1:${port}`;
  };

  it('refuses is 502', async () => {
    const lane = await startLaneServer({ routes: [route('/api/*', await unreachable(), { auth: 'none' })] });
    open.push(lane);
    expectRefusal(await exchange(lane.port, 'GET /api/x HTTP/1.1\r\nHost: g\r\n\r\n'), 502, 'upstream_unreachable');
    expect(await lane.reported()).toMatchObject({
      status: 502,
      refused: 'upstream_unreachable',
      fault: 'ECONNREFUSED',
    });
  });

  for (const [title, bytes] of [
    ['hangs up without an answer', ''],
    ['answers something else than HTTP', 'SSH-2.0-OpenSSH_9.9\r\n\r\n'],
    [
      'answers with contradictory framing',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['answers in a coding we cannot pass on', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
  ] as const) {
    it(`${title} is 502`, async () => {
      const { call, lane } = await start({ auth: 'none' }, (_request, socket) => void socket.end(bytes));
      expectRefusal(await call(), 502, 'upstream_unreachable');
      expect(await lane.reported()).toMatchObject({ status: 502, route: 'api' });
    });
  }

  it('504 for an upstream that has nothing but hints to say, however often', async () => {
    const { call } = await start({ auth: 'none', upstream: { timeout: milliseconds(300) } }, (_request, socket) => {
      const hints = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'), 50);
      socket.on('close', () => clearInterval(hints));
      return undefined;
    });
    expectRefusal(await call(), 504, 'upstream_timeout');
  });

  it('does not answer in time is 504', async () => {
    const { call, upstream } = await start({ auth: 'none', upstream: { timeout: milliseconds(200) } }, () => undefined);
    expectRefusal(await call(), 504, 'upstream_timeout');
    await upstream.idle();
  });

  it('cannot be connected to in time is 504', async () => {
    const deaf = await startDeafListener();
    open.push(deaf);
    const upstream = { connectTimeout: milliseconds(200) };
    const lane = await startLaneServer({ routes: [route('/api/*', deaf.origin, { auth: 'none', upstream })] });
    open.push(lane);
    expectRefusal(await exchange(lane.port, 'GET /api/x HTTP/1.1\r\nHost: g\r\n\r\n'), 504, 'upstream_timeout');
  });

  for (const [title, bytes, how] of [
    ['dies in a body of known length', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc', 'end'],
    ['dies between chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n', 'end'],
    ['is reset in a body without a length', 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc', 'reset'],
    ['falls silent in a body', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc', 'stay'],
  ] as const) {
    it(`${title} cuts the caller's connection: no complete-looking answer`, async () => {
      const { call, lane } = await start(
        { auth: 'none', upstream: { idleTimeout: milliseconds(300) } },
        (_request, socket) => {
          socket.write(bytes, () => {
            if (how === 'end') socket.end();
            if (how === 'reset') setTimeout(() => socket.resetAndDestroy(), 50);
          });
          return undefined;
        },
      );
      expect(await call()).toMatchObject({ status: 200, complete: false });
      expect(await lane.reported()).toMatchObject({ status: 200, cut: true });
    });
  }
});

describe('limit', () => {
  it('per token is 429 with Retry-After, RateLimit and RateLimit-Policy', async () => {
    const { call, bearer, lane, upstream } = await start({
      limits: { perToken: { count: 2, window: milliseconds(60_000) }, status: 429 },
    });
    const token = bearer(await lane.token());
    const first = await call([token]);
    expect(first.status).toBe(200);
    expect(first.values('ratelimit-policy')).toEqual(['"per-token";q=2;w=60']);
    expect(first.values('ratelimit')).toEqual(['"per-token";r=1;t=60']);
    await call([token]);
    const third = await call([token]);
    expectRefusal(third, 429, 'rate_limited');
    expect(third.values('ratelimit')).toEqual(['"per-token";r=0;t=60']);
    expect(third.values('ratelimit-policy')).toEqual(['"per-token";q=2;w=60']);
    expect(third.values('retry-after')).toEqual(['60']);
    expect((await call([bearer(await lane.token())])).status, 'another token').toBe(200);
    expect(upstream.requests).toHaveLength(3);
  });

  it("has the route's own status if an older API said otherwise", async () => {
    const { call, bearer, lane } = await start({
      limits: { perToken: { count: 0, window: milliseconds(1000) }, status: 503 },
    });
    expectRefusal(await call([bearer(await lane.token())]), 503, 'rate_limited');
  });
});
