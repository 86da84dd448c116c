/**
 * The threat: a change of the configuration or a stop of the process is when requests get lost. Connections to upstreams that the
 * new configuration does not know are closed under calls, a call is decided by one configuration and sent by the other, a file that
 * was saved half-way takes the gateway down, a listener that closes cuts who was being answered.
 *
 * P1, C1f: 100 reloads and a SIGTERM under load, on both lanes; no exchange may break, and each must follow one configuration from
 * its first byte to its last.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Answered, type BusyCall, startCallers } from '../support/busy_callers.ts';
import { isLong, measured } from '../support/measured.ts';
import { startRedis } from '../support/redis_server.ts';
import { startReloadable } from '../support/reloadable.ts';
import { post } from '../support/token_client.ts';

const RELOADS = isLong() ? 500 : 100;
const CALLERS = 12;
/** Every so many reloads, one whose file is wrong. */
const BAD_EVERY = 10;

/** Answers with its name and what it was sent; `/slow` in pieces, over longer than a reload takes. */
async function upstream(name: string): Promise<string> {
  const server = createServer((request, response) => void answer(name, request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function answer(name: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = '';
  for await (const piece of request) body += piece;
  response.write(`${name}:`);
  if (request.url?.includes('slow')) {
    for (let piece = 0; piece < 5; piece++) {
      await delay(40);
      response.write('.');
    }
  }
  response.end(body);
}

interface Which {
  readonly name: string;
  readonly origin: string;
}

/** Nothing is cached: every call waits for the store, so that reloads fall between its decision and its way out. */
const yaml = (lane: string, store: string, { name, origin }: Which) => `
listen: { host: 127.0.0.1, port: 0, fast_lane: ${lane === 'fast'} }
admin: { host: 127.0.0.1, port: 0 }
store: { type: redis, url: "${store}", command_timeout: 10s }
cache: { max_tokens: 0 }
routes:
  - name: api
    path: /api/*
    upstream: "${origin}"
    response_headers: { set: { X-Rules: ${name} } }
clients:
  - { id: app, secret: the-secret-of-the-app, grants: [client_credentials], scopes: [a] }
`;

const BODIES = ['x', 'some more text', 'y'.repeat(60_000)];

function calls(url: string, token: string): (turn: number) => BusyCall {
  return (turn) => {
    const slow = turn % 3 === 0;
    const body = turn % 2 === 0 ? undefined : (BODIES[turn % BODIES.length] ?? '');
    const expected = `${slow ? '.....' : ''}${body ?? ''}`;
    const judge = ({ status, headers, body: got }: Answered) => {
      const rules = String(headers['x-rules']);
      if (status === 200 && got === `${rules}:${expected}`) return undefined;
      return `${status} by the rules of ${rules}: ${got.slice(0, 60)}`;
    };
    return { url: `${url}/api/${slow ? 'slow' : 'quick'}`, token, body, judge };
  };
}

describe.each(['fast', 'full'])('on the %s lane', (lane) => {
  it(`${RELOADS} reloads under load, some of them bad, and SIGTERM break nothing`, { timeout: 120_000 }, async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const places = [
      { name: 'one', origin: await upstream('one') },
      { name: 'two', origin: await upstream('two') },
    ] as const;
    const running = await startReloadable(yaml(lane, redis.url, places[0]));
    onTestFinished(async () => void (await running.stop()));
    const { url } = running.gatehouse;
    const authorization = `Basic ${Buffer.from('app:the-secret-of-the-app').toString('base64')}`;
    const answer = await post(`${url}/oauth2/token`, { grant_type: 'client_credentials' }, authorization);
    const { access_token: token } = (await answer.json()) as { access_token: string };
    const callers = startCallers(CALLERS, calls(url, token));

    const times: number[] = [];
    for (let turn = 1; turn <= RELOADS; turn++) {
      const before = callers.answered;
      const began = performance.now();
      if (turn % BAD_EVERY === 0) {
        await running.change('routes: [{ path: /api/*', 'reload_failed');
        expect((await running.ready()).status).toBe(200);
      } else {
        const which = places[turn % 2] ?? places[0];
        await running.change(yaml(lane, redis.url, which), 'reloaded');
        times.push(performance.now() - began);
      }
      // No reload without calls around it.
      await expect.poll(() => callers.answered > before, { interval: 2, timeout: 20_000 }).toBe(true);
    }
    expect(callers.broken).toEqual([]);
    const { answered } = callers;
    const open = await running.metric(/process_open_fds (\d+)/);

    const term = performance.now();
    running.gatehouse.signal('SIGTERM');
    expect(await running.gatehouse.exited).toBe(0);
    const exit = performance.now() - term;
    await callers.stop();
    expect(callers.broken).toEqual([]);
    expect(callers.refused).toBe(CALLERS);
    expect(exit).toBeLessThan(30_000);
    // Each reload that keeps its connections would have left some.
    expect(open).toBeLessThan(150);
    measured({
      id: 'C1f',
      what: `exchanges during ${RELOADS} reloads, ${lane} lane`,
      count: answered,
      max: 0,
      unit: 'broken',
    });
    measured({ id: 'P1', what: `exit after SIGTERM under load, ${lane} lane`, count: 1, max: exit, unit: 'ms' });
  });
});
