import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalTarget, isFailure } from '../../src/gateway/canonical_target.ts';
import { type LaneName, type LaneServer, route, startLaneServer } from '../support/lane_server.ts';
import { isLong, measured } from '../support/measured.ts';
import { askPaths } from '../support/pipeline.ts';
import { exchange } from '../support/raw_client.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording_upstream.ts';
import { startWebServer, type WebServer } from '../support/web_server.ts';

/*
 * The gateway checks one path and the server behind it serves another (oauth2-proxy CVE-2025-54576, Traefik CVE-2025-32431). What a
 * server makes of a path is for that server to say: whatever the gateway accepts is shown to a real nginx, a real apache2 and
 * Node's own parsers, as the caller sent it and as the gateway sends it on. All must mean the path that was checked. Whatever it
 * refuses must not go out.
 */

const RUNS = isLong() ? 100_000 : 5_000;
const OVER_SOCKETS = isLong() ? 4_000 : 300;

const piece = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(...['a', 'B', '0', 'admin', 'x.y', '~', '-', '_', 'a:b', '@', '+', "'()*", '!$&,=']),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      ...['%61', '%7E', '%2D', '%2e', '%20', '%25', '%28', '%C3%A9', '%e2%82%ac', '%3A', '%22', '%5B'],
    ),
  },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 255 }).map((byte) => `%${byte.toString(16).padStart(2, '0')}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...['.', '..', '%2F', '%5c', '\\', ';', ';x=1', '#', '%00', '%32%65', '%c0%ae', '%', '%zz', ' ', '|'],
    ),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 2 }) },
);
const segment = fc.array(piece, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(''));
const target = fc
  .tuple(fc.array(segment, { maxLength: 4 }), fc.constantFrom('', '', '', '/', '//', '/..', '?q=..%2f', '?'))
  .map(([segments, end]) => `/${segments.join('/')}${end}`)
  // These end the line or the word: what is behind them is no part of the target.
  .filter((text) => !/[\r\n]| $/.test(text));

function accepted(text: string): string | undefined {
  const answer = canonicalTarget(text);
  return isFailure(answer) ? undefined : answer.path;
}

/** The bytes that a path means, as latin1. */
const bytesOf = (path: string) =>
  path.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

const seed = isLong() ? Date.now() & 0xffff : 20_261;
const targets = fc.sample(target, { numRuns: RUNS, seed });
const passing = targets.flatMap((sent) => {
  const path = accepted(sent);
  return path === undefined ? [] : [{ sent, path }];
});
const refused = targets.filter((sent) => accepted(sent) === undefined);

const servers: WebServer[] = [];
let recording: RecordingUpstream;
beforeAll(async () => {
  servers.push(
    ...(await Promise.all([startWebServer('nginx', { does: 'paths' }), startWebServer('apache2', { does: 'paths' })])),
  );
  recording = await startRecordingUpstream();
});
afterAll(async () => {
  await Promise.all([...servers.map((server) => server.stop()), recording?.close()]);
});

it('the sample has enough of both kinds', () => {
  expect(passing.length).toBeGreaterThan(RUNS / 5);
  expect(refused.length).toBeGreaterThan(RUNS / 5);
});

it(`of ${RUNS} targets every accepted one is its own canonical form, and means the same bytes as what was sent`, () => {
  for (const { sent, path } of passing) {
    expect(accepted(path), sent).toBe(path);
    expect(bytesOf(path), sent).toBe(bytesOf(sent.split('?', 1)[0] ?? ''));
  }
  measured({
    id: 'A2',
    what: 'targets canonicalised twice, with the same outcome',
    count: RUNS,
    max: 0,
    unit: 'differ',
  });
});

/** One question each: the same path sent a thousand times says no more than once. */
const questions = [
  ...new Map(
    passing.flatMap(
      ({ sent, path }) =>
        [
          [sent, path],
          [path, path],
        ] as const,
    ),
  ),
];

describe.each(['nginx', 'apache2'] as const)('a real %s', (name) => {
  it('reads every accepted target as the path that was checked, as sent and as forwarded', {
    timeout: 240_000,
  }, async () => {
    const server = servers.find((it) => it.name === name);
    if (server === undefined) throw new Error(`${name} does not run`);
    const told = await askPaths(
      server.port,
      questions.map(([asked]) => asked),
      name === 'apache2',
    );
    const different = questions.flatMap(([asked, path], at) =>
      told[at] === bytesOf(path) ? [] : [{ asked, path, told: told[at] }],
    );
    expect(different.slice(0, 5), `${server.name}, seed ${seed}`).toEqual([]);
    measured({
      id: 'A2',
      what: `accepted targets as ${server.name} reads them`,
      count: questions.length,
      max: different.length,
      unit: 'differ',
    });
  });
});

it('Node reads every accepted target as the path that was checked: its URL, and its HTTP server', async () => {
  for (const [asked, path] of questions)
    expect(bytesOf(new URL(`http://h${asked}`).pathname), asked).toBe(bytesOf(path));
  const server = createServer((request, response) => {
    response.setHeader(
      'X-Path',
      Buffer.from(bytesOf(new URL(request.url ?? '', 'http://h').pathname), 'latin1').toString('base64'),
    );
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const some = questions.slice(0, 20_000);
  const told = await askPaths(
    (server.address() as AddressInfo).port,
    some.map(([asked]) => asked),
    true,
  );
  server.close();
  expect(some.filter(([, path], at) => told[at] !== bytesOf(path)).slice(0, 5)).toEqual([]);
});

describe.each(['full', 'fast'] as const)('through the %s lane', (via: LaneName) => {
  let lane: LaneServer;
  beforeAll(async () => {
    const [nginx, apache] = servers;
    lane = await startLaneServer({
      via,
      routes: [
        route('/*', nginx?.origin ?? '', { auth: 'none', host: 'nginx' }),
        route('/*', apache?.origin ?? '', { auth: 'none', host: 'apache2' }),
        route('/*', recording.origin, { auth: 'none', host: 'recording' }),
      ],
    });
  });
  afterAll(() => lane?.close());

  it('both real servers serve what was checked', async () => {
    for (const { sent, path } of passing.slice(0, OVER_SOCKETS)) {
      for (const server of servers) {
        const answer = await exchange(
          lane.port,
          `GET ${sent} HTTP/1.1\r\nHost: ${server.name}\r\nConnection: close\r\n\r\n`,
        );
        const [said = ''] = answer.values('x-path');
        const bytes = server.name === 'apache2' ? Buffer.from(said, 'base64').toString('latin1') : said;
        // The recording client takes blanks at the end of a value for none of it.
        expect(bytes.trim(), `${sent} at ${server.name}`).toBe(bytesOf(path).trim());
      }
    }
  });

  it('what is refused does not go out', async () => {
    for (const sent of refused.slice(0, OVER_SOCKETS)) {
      const answer = await exchange(lane.port, Buffer.from(`GET ${sent} HTTP/1.1\r\nHost: recording\r\n\r\n`));
      expect([400, 414], sent).toContain(answer.status);
    }
    expect(recording.requests).toEqual([]);
    measured({
      id: 'A2',
      what: `refused targets that went out (${via} lane)`,
      count: Math.min(OVER_SOCKETS, refused.length),
      max: 0,
      unit: 'went out',
    });
  });
});
