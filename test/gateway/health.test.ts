import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { BreakerRules, HealthChecks, Upstream } from '../../src/model/route.ts';
import { milliseconds } from '../../src/model/units.ts';
import { selfSigned } from '../http/self_signed.ts';
import { alice, type LaneServerOptions, route, startLaneServer } from '../support/lane_server.ts';
import { ManualClock } from '../support/manual_clock.ts';
import { exchange, rawClient } from '../support/raw_client.ts';
import { type Script, startRecordingUpstream } from '../support/recording_upstream.ts';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const it of open.splice(0).reverse()) await it.close();
});

const HEALTH: HealthChecks = {
  ...{ path: '/health?deep=1', interval: milliseconds(20), timeout: milliseconds(500), expect: [200, 204] },
  ...{ healthyAfter: 2, unhealthyAfter: 2 },
};
const BREAKER: BreakerRules = { maxFailures: 3, retryAfter: milliseconds(2_000), statuses: [] };

/** An upstream whose answers tell which it is, and whose health the test decides. */
async function startTarget(name: string, onHealth: Script = () => 'HTTP/1.1 200 OK\r\n\r\n') {
  const target = { name, onHealth, calls: 0, checks: 0 };
  const upstream = await startRecordingUpstream((request, socket) => {
    if (request.target.includes('/health')) {
      target.checks += 1;
      return target.onHealth(request, socket);
    }
    target.calls += 1;
    return `HTTP/1.1 200 OK\r\nContent-Length: ${name.length}\r\n\r\n${name}`;
  });
  open.push(upstream);
  return Object.assign(target, { upstream, origin: upstream.origin });
}

/** The address of a port at which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function start(targets: readonly string[], upstream: Partial<Upstream>, more: Partial<LaneServerOptions> = {}) {
  const events: string[] = [];
  let wake = () => {};
  const lane = await startLaneServer({
    routes: [route('/api/*', targets, { name: 'api', upstream })],
    reportTarget: (event, { target, reason }) => {
      events.push(`${event} ${target} ${reason}`);
      wake();
    },
    ...more,
  });
  open.push(lane);
  const tokens = new Map<string, string>();
  const tokenOf = async (subject: string) => {
    const known = tokens.get(subject) ?? (await lane.token({ user: { ...alice, subject } }));
    tokens.set(subject, known);
    return known;
  };
  const call = async (method = 'GET', user = 'u-1', ...lines: string[]) => {
    const bearer = `Authorization: Bearer ${await tokenOf(user)}`;
    return exchange(lane.port, [`${method} /api/x HTTP/1.1`, 'Host: g', bearer, ...lines, '', ''].join('\r\n'), method);
  };
  /** Resolves when an event of this kind has come since the last time. */
  const event = async (kind: string) => {
    while (!events.some((it) => it.startsWith(kind))) await new Promise<void>((resolve) => (wake = resolve));
    return events.splice(
      events.findIndex((it) => it.startsWith(kind)),
      1,
    )[0];
  };
  return { lane, call, event, events };
}

describe('targets that are asked how they are', () => {
  it('get no calls while they say that they are not well, and get them again', async () => {
    const [a, b] = [await startTarget('a'), await startTarget('b')];
    const { call, event, lane } = await start([a.origin, b.origin], { health: HEALTH });
    a.onHealth = () => 'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n';
    expect(await event('upstream_unhealthy')).toBe(`upstream_unhealthy ${a.origin} status_503`);
    expect([(await call()).body, (await call()).body, (await call()).body]).toEqual(['b', 'b', 'b']);
    expect(lane.upstreams.status().map(({ healthy }) => healthy)).toEqual([false, true]);
    a.onHealth = () => 'HTTP/1.1 204 No Content\r\n\r\n';
    expect(await event('upstream_healthy')).toBe(`upstream_healthy ${a.origin} answered`);
    expect(new Set([(await call()).body, (await call()).body])).toEqual(new Set(['a', 'b']));
  });

  it('are asked on connections of their own, behind their base path, and only the head of the answer is read', async () => {
    const endless: Script = (_, socket) => {
      const more = setInterval(() => socket.write('x'.repeat(1_000)), 1);
      socket.once('close', () => clearInterval(more));
      return 'HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n';
    };
    const a = await startTarget('a', endless);
    const { call } = await start([`${a.origin}/base`], { health: HEALTH });
    const checks = [await a.upstream.next(), await a.upstream.next(), await a.upstream.next()];
    for (const check of checks) {
      expect(check).toMatchObject({ method: 'GET', target: '/base/health?deep=1', framing: 'none' });
      expect(check.values('host')).toEqual([a.origin.slice('http://'.length)]);
      expect(check.values('authorization')).toEqual([]);
    }
    expect((await call()).body).toBe('a');
  });

  it('are out when they do not answer in time, break off, or speak no HTTP', async () => {
    for (const [onHealth, reason] of [
      [() => undefined, 'timeout'],
      [(_, socket) => void socket.resetAndDestroy(), 'ECONNRESET'],
      [() => 'SSH-2.0-OpenSSH\r\n\r\n', 'HPE_INVALID_CONSTANT'],
      [() => 'HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n', 'status_302'],
    ] satisfies [Script, string][]) {
      const a = await startTarget('a', onHealth);
      const { event } = await start([a.origin], { health: { ...HEALTH, timeout: milliseconds(100) } });
      expect(await event('upstream_unhealthy')).toBe(`upstream_unhealthy ${a.origin} ${reason}`);
    }
  });

  it('are asked over TLS and unix sockets as they are called: an untrusted certificate is no health', async () => {
    const { cert, key } = await selfSigned();
    const pem = { cert: await readFile(cert), key: await readFile(key) };
    const secure = createHttpsServer(pem, (_, response) => void response.end('s')).listen(0, '127.0.0.1');
    const socketPath = join(dirname(cert), 'app.sock');
    const local = createHttpServer((_, response) => void response.end('l')).listen(socketPath);
    await Promise.all([once(secure, 'listening'), once(local, 'listening')]);
    open.unshift({ close: () => secure.close() }, { close: () => local.close() });
    const { port } = secure.address() as AddressInfo;
    const targets = [`https://127.0.0.1:${port}`, `unix:${socketPath}`];

    const trusting = await start(targets, { health: HEALTH, tls: { ca: cert } });
    expect(new Set([(await trusting.call()).body, (await trusting.call()).body])).toEqual(new Set(['s', 'l']));
    const wary = await start(targets, { health: HEALTH });
    expect(await wary.event('upstream_unhealthy')).toContain(`https://127.0.0.1:${port} DEPTH_ZERO_SELF_SIGNED_CERT`);
    expect([(await wary.call()).body, (await wary.call()).body]).toEqual(['l', 'l']);
    expect(trusting.events).toEqual([]);
  });

  it('are asked nothing any more once the gateway drains', async () => {
    const a = await startTarget('a');
    const { lane, call } = await start([a.origin], { health: HEALTH });
    await a.upstream.next();
    lane.upstreams.stopChecks();
    const seen = a.checks;
    // Many intervals go by with these calls.
    for (let count = 0; count < 50; count++) await call();
    expect(a.checks).toBeLessThanOrEqual(seen + 1);
  });

  it('that are all out are 503 at once, and nothing is sent to any of them', async () => {
    const bad: Script = () => 'HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n';
    const [a, b] = [await startTarget('a', bad), await startTarget('b', bad)];
    const { call, event, lane } = await start([a.origin, b.origin], { health: HEALTH });
    await event('upstream_unhealthy');
    await event('upstream_unhealthy');
    const answer = await call();
    expect([answer.status, JSON.parse(answer.body).error]).toEqual([503, 'temporarily_unavailable']);
    expect(answer.values('retry-after')).toEqual(['1']);
    expect([a.calls, b.calls]).toEqual([0, 0]);
    expect(await lane.reported()).toMatchObject({ status: 503, refused: 'temporarily_unavailable' });
  });
});

describe('a target whose calls fail', () => {
  it('is out at once after so many, one call tries whether it is back, and then all go there again', async () => {
    const clock = new ManualClock();
    const port = await closedPort();
    const { call, events } = await start([`http://127.0.0.1:${port}`], { breaker: BREAKER }, { clock });
    expect([(await call()).status, (await call()).status, (await call()).status]).toEqual([502, 502, 502]);
    expect(events).toEqual([`upstream_unhealthy http://127.0.0.1:${port} ECONNREFUSED`]);
    const refused = await call();
    expect([refused.status, refused.values('retry-after')]).toEqual([503, ['1']]);

    clock.advance(2_000);
    expect([(await call()).status, (await call()).status]).toEqual([502, 503]);

    const server = createServer((socket) => {
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')).on('error', () => {});
    }).listen(port, '127.0.0.1');
    await once(server, 'listening');
    open.unshift({ close: () => server.close() });
    expect((await call()).status).toBe(503);
    clock.advance(2_000);
    expect([(await call()).status, (await call()).status, (await call()).status]).toEqual([200, 200, 200]);
    expect(events.at(-1)).toBe(`upstream_healthy http://127.0.0.1:${port} answered`);
  });

  it('is out for answers too late, too, and another takes over', async () => {
    const silent = await startRecordingUpstream(() => undefined);
    open.push(silent);
    const b = await startTarget('b');
    const upstream = { breaker: { ...BREAKER, maxFailures: 1 }, timeout: milliseconds(100) };
    const { call } = await start([silent.origin, b.origin], upstream);
    const first = [(await call()).status, (await call()).status];
    expect(first.toSorted()).toEqual([200, 504]);
    expect([(await call()).body, (await call()).body, (await call()).body]).toEqual(['b', 'b', 'b']);
    expect(silent.requests).toHaveLength(1);
  });

  it('alone and without a breaker gets every call: each says what is wrong', async () => {
    const { call } = await start([`http://127.0.0.1:${await closedPort()}`], {});
    for (let count = 0; count < 8; count++) expect((await call()).status).toBe(502);
  });

  it('is not out because callers leave, or send what cannot be sent', async () => {
    const a = await startTarget('a');
    const { call, lane, events } = await start([a.origin], { breaker: { ...BREAKER, maxFailures: 1 } });
    const body = 'POST /api/x HTTP/1.1\r\nHost: g\r\n';
    const token = await lane.token();
    const { socket } = rawClient(lane.port);
    socket.write(`${body}Authorization: Bearer ${token}\r\nContent-Length: 100\r\n\r\nhalf`);
    while (a.upstream.connections.length === 0) await new Promise((resolve) => setImmediate(resolve));
    socket.destroy();
    await lane.reported();
    expect((await call()).status).toBe(200);
    expect(events).toEqual([]);
  });
});

describe('a call that found no connection', () => {
  const two = async (upstream: Partial<Upstream>) => {
    const dead = `http://127.0.0.1:${await closedPort()}`;
    const b = await startTarget('b');
    return { b, ...(await start([dead, b.origin], upstream)) };
  };

  it('goes to another target if its method may be repeated', async () => {
    const { call } = await two({});
    for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS', 'GET']) {
      expect((await call(method)).status).toBe(200);
    }
  });

  it('does not if it may not, or if the route says so', async () => {
    const statuses = async (method: string, upstream: Partial<Upstream>) => {
      const { call, b } = await two(upstream);
      const seen = [(await call(method)).status, (await call(method)).status];
      expect(b.calls).toBe(1);
      return seen.toSorted();
    };
    expect(await statuses('POST', {})).toEqual([200, 502]);
    expect(await statuses('GET', { retries: 0 })).toEqual([200, 502]);
  });
});

describe('consistent_hash', () => {
  it('keeps a user at one target, and a call without a token at that of its address', async () => {
    const targets = [await startTarget('a'), await startTarget('b'), await startTarget('c')];
    const origins = targets.map(({ origin }) => origin);
    const { call, lane } = await start(origins, { balance: 'consistent_hash' });
    const users = Array.from({ length: 12 }, (_, at) => `u-${at}`);
    const first = new Map<string, string>();
    for (const user of users) first.set(user, (await call('GET', user)).body);
    for (const user of users.toReversed()) expect((await call('GET', user)).body).toBe(first.get(user));
    expect(new Set(first.values()).size).toBeGreaterThan(1);

    const machine = await lane.token({ user: undefined, client: 'robot' });
    const asRobot = `GET /api/x HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer ${machine}\r\n\r\n`;
    const robots = new Set([(await exchange(lane.port, asRobot)).body, (await exchange(lane.port, asRobot)).body]);
    expect(robots.size).toBe(1);
  });

  it('believes what a proxy says of the address only if the proxy is trusted', async () => {
    const targets = [await startTarget('a'), await startTarget('b'), await startTarget('c')];
    const origins = targets.map(({ origin }) => origin);
    const routes = [route('/api/*', origins, { auth: 'none', upstream: { balance: 'consistent_hash' } })];
    for (const [trustedProxies, spread] of [
      [['127.0.0.1/32'], true],
      [[], false],
    ] as const) {
      const lane = await startLaneServer({ routes, trustedProxies });
      open.push(lane);
      const seen = new Set<string>();
      for (let at = 0; at < 12; at++) {
        const head = `GET /api/x HTTP/1.1\r\nHost: g\r\nX-Forwarded-For: 10.0.0.${at}\r\n\r\n`;
        seen.add((await exchange(lane.port, head)).body);
      }
      expect(seen.size > 1).toBe(spread);
    }
  });
});
