import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problemsOf } from '../config/stand_ins.ts';
import { type LaneServer, route, startLaneServer } from '../support/lane_server.ts';
import { exchange } from '../support/raw_client.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording_upstream.ts';

/*
 * A rewrite that leads out of the part of the upstream that a public route opens: by dots or slashes that only meet once the
 * prefix is cut off or put in front (Traefik CVE-2025-32431 and three that followed it).
 */

let upstream: RecordingUpstream;
let lane: LaneServer;

beforeAll(async () => {
  upstream = await startRecordingUpstream();
  lane = await startLaneServer({
    routes: [
      route('/pub/*', upstream.origin, { name: 'both', auth: 'none', stripPrefix: '/pub', addPrefix: '/files/public' }),
      route('/add/*', upstream.origin, { name: 'add', auth: 'none', addPrefix: '/files/public' }),
      route('/files/*', upstream.origin, { name: 'protected' }),
    ],
  });
});
afterAll(async () => {
  await lane.close();
  await upstream.close();
});

const ESCAPES = [
  ...['/..', '/../', '/../secret', '..', '../secret', '/./../secret', '//secret', '/', '//', '/.', '.'],
  ...[
    '/%2e%2e/secret',
    '/%2E%2E',
    '/.%2e/secret',
    '%2e%2e/secret',
    '/%2f..%2fsecret',
    '/..%2fsecret',
    '/%2e%2e%2fsecret',
  ],
  ...[
    '/..;/secret',
    ';/../secret',
    '/;x/../secret',
    '/..\\secret',
    '\\..\\secret',
    '/%5c..%5csecret',
    '/%252e%252e/secret',
  ],
  ...[
    '/a/../../secret',
    '/a/..%2f..%2fsecret',
    '/%c0%ae%c0%ae/secret',
    '%00/../secret',
    '/#/../secret',
    '/?/../secret',
  ],
  ...['private', '-private', '/..%00/', '%2fsecret', '/%2fsecret', '/..?x', '/../?x'],
];

describe.each(['/pub', '/add'])('below %s', (base) => {
  it.each(ESCAPES)('%j stays below what is public, or is refused', async (way) => {
    const before = upstream.requests.length;
    const answer = await exchange(lane.port, `GET ${base}${way} HTTP/1.1\r\nHost: g\r\n\r\n`);
    const seen = upstream.requests.slice(before).map(({ target }) => target);
    if (answer.status === 200) {
      expect(seen).toHaveLength(1);
      const [path = ''] = (seen[0] ?? '').split('?');
      expect(path).toMatch(/^\/files\/public(\/|$)/);
      expect(decodeURIComponent(path)).not.toMatch(/\.\.|\/\/|\\|;/);
    } else {
      expect([400, 401, 404]).toContain(answer.status);
      expect(seen).toEqual([]);
    }
  });
});

it.each([
  '/x/..',
  '/x/../y',
  '/..',
  '//x',
  '/x//y',
  '/x/',
  '/',
  '/x%2fy',
  '/x%2e',
  '/x;y',
  '/x\\\\y',
  '/x?y',
  '/x#y',
  'x',
  '/*',
  '/x%00',
  '',
])('the configuration refuses add_prefix: %j', (prefix) => {
  const text = `routes: [{ name: a, path: /a, upstream: demo, add_prefix: "${prefix}" }]\n`;
  expect(problemsOf(text)).toEqual([expect.stringContaining('routes[0].add_prefix: ')]);
});
