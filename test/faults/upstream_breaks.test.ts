import { readdirSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { milliseconds } from '../../src/model/units.ts';
import { startDeafListener } from '../support/deaf_listener.ts';
import { type LaneServer, route, startLaneServer } from '../support/lane_server.ts';
import { measured } from '../support/measured.ts';
import { exchange, type RawClient, rawClient } from '../support/raw_client.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording_upstream.ts';
import { type Outcome, UPSTREAM_FAULTS } from '../support/vectors/upstream_faults.ts';

/*
 * An upstream refuses, hangs, or dies in the middle of its answer, at every point and in every framing. The caller gets 502 or 504,
 * or its connection is cut: never an answer that looks whole and is not, never a request that goes out a second time after the
 * first may have been acted upon. Afterwards no socket is left, nothing hangs, and the next call is served.
 */

const TIMEOUT = milliseconds(400);
const patience = { connectTimeout: milliseconds(300), timeout: TIMEOUT, idleTimeout: TIMEOUT };

/** Requests with every framing that a body can have. */
const calls = {
  GET: { method: 'GET', head: '', body: '' },
  'POST with a length': { method: 'POST', head: 'Content-Length: 10\r\n', body: '0123456789' },
  'PUT in chunks': { method: 'PUT', head: 'Transfer-Encoding: chunked\r\n', body: 'a\r\n0123456789\r\n0\r\n\r\n' },
  'GET of HTTP/1.0': { method: 'GET', head: 'Connection: keep-alive\r\n', body: '', version: '1.0' },
} as const;

const descriptors = () => readdirSync('/proc/self/fd').length;

/** What the caller of a request sees. Over HTTP/1.0 only a reset tells a broken answer from one that the close has ended. */
async function outcomeOf(client: RawClient): Promise<Outcome> {
  let reset = false;
  client.socket.once('error', () => (reset = true));
  try {
    let answer = await client.response();
    while (answer.status < 200) answer = await client.response();
    if (answer.status === 200) return answer.complete && !reset ? 200 : 'cut';
    return answer.status as Outcome;
  } catch {
    return 'cut';
  } finally {
    client.close();
  }
}

describe.each(['full', 'fast'] as const)('through the %s lane', (via) => {
  let upstream: RecordingUpstream;
  let lane: LaneServer;
  let baseline: number;
  const strikes = new Map(UPSTREAM_FAULTS.map((fault, at) => [`/f${at}`, fault]));
  const faultOf = (target: string) => strikes.get(target.split('?')[0] ?? '');

  beforeAll(async () => {
    upstream = await startRecordingUpstream(
      ({ target }, socket) => {
        const fault = faultOf(target);
        if (fault === undefined) return 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
        if (!fault.early) fault.strike(socket);
        return undefined;
      },
      ({ startLine }, socket) => {
        const fault = faultOf(startLine.split(' ')[1] ?? '');
        if (fault?.early) fault.strike(socket);
      },
    );
    lane = await startLaneServer({ via, routes: [route('/*', upstream.origin, { auth: 'none', upstream: patience })] });
    await exchange(lane.port, 'GET /good HTTP/1.1\r\nHost: g\r\n\r\n');
    baseline = descriptors();
  });
  afterAll(async () => {
    await lane?.close();
    await upstream?.close();
  });

  it.each(Object.entries(calls))('%s: the answer is what the policy says, at every point', async (title, call) => {
    const { method, head, body } = call;
    const version = 'version' in call ? call.version : '1.1';
    const began = performance.now();
    const seen = await Promise.all(
      [...strikes].map(async ([target, fault]) => {
        const client = rawClient(lane.port);
        const path = `${target}?${method}${head.length}${version}`;
        client.send(`${method} ${path} HTTP/${version}\r\nHost: g\r\n${head}\r\n${body}`);
        const outcome = await outcomeOf(client);
        return { fault, path, outcome, took: performance.now() - began };
      }),
    );
    for (const { fault, path, outcome } of seen) {
      expect(fault.outcomes, `${fault.title}: ${outcome}`).toContain(outcome);
      const went = upstream.connections.flatMap(({ bytes }) =>
        bytes.toString('latin1').split(`${path} HTTP/1.1`).slice(1),
      );
      expect(went.length, `${fault.title}: requests that went out`).toBe(1);
    }
    const times = seen.map(({ took }) => took);
    expect(Math.max(...times)).toBeLessThan(TIMEOUT * 2 + 2_000);
    measured({
      id: 'U1',
      what: `broken upstreams, ${title} (${via} lane)`,
      count: seen.length,
      max: Math.round(Math.max(...times)),
      unit: 'ms',
    });
  });

  it('and afterwards nothing is left of it, and the next call is served', async () => {
    expect((await exchange(lane.port, 'GET /good HTTP/1.1\r\nHost: g\r\n\r\n')).body).toBe('ok');
    const deadline = performance.now() + 5_000;
    while (descriptors() > baseline + 5 && performance.now() < deadline) await delay(20);
    expect(descriptors()).toBeLessThanOrEqual(baseline + 5);
    expect(upstream.connections.filter(({ open }) => open).length).toBeLessThanOrEqual(5);
    measured({
      id: 'U2',
      what: `descriptors more than before (${via} lane)`,
      count: strikes.size * 4,
      max: descriptors() - baseline,
      unit: 'sockets',
    });
  });
});

describe.each(['full', 'fast'] as const)('an upstream that is not there, through the %s lane', (via) => {
  it.each([
    ['refuses', 502],
    ['resets every connection', 502],
    ['never takes a connection', 504],
  ] as const)('%s: %i, whatever the method', async (what, status) => {
    const resetting = createServer((socket) => socket.resetAndDestroy()).listen(0, '127.0.0.1');
    await new Promise((resolve) => resetting.once('listening', resolve));
    const { port } = resetting.address() as AddressInfo;
    const deaf = what === 'never takes a connection' ? await startDeafListener() : undefined;
    if (what === 'refuses') await new Promise((resolve) => resetting.close(resolve));
    const origin = deaf?.origin ?? `http://127.0.0.1:${port}`;
    const lane = await startLaneServer({ via, routes: [route('/*', origin, { auth: 'none', upstream: patience })] });
    const outcomes = await Promise.all(
      Object.values(calls).map(async ({ method, head, body }) => {
        const client = rawClient(lane.port);
        client.send(`${method} /x HTTP/1.1\r\nHost: g\r\n${head}\r\n${body}`);
        return outcomeOf(client);
      }),
    );
    expect(new Set(outcomes)).toEqual(new Set([status]));
    await lane.close();
    if (what !== 'refuses') resetting.close();
    await deaf?.close();
    measured({
      id: 'U1',
      what: `calls to an upstream that ${what} (${via} lane)`,
      count: outcomes.length,
      max: 0,
      unit: 'answered otherwise',
    });
  });
});
