import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LaneServer, route, startLaneServer } from '../support/lane_server.ts';
import { exchange } from '../support/raw_client.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording_upstream.ts';

/*
 * The matcher and the upstream see different paths. The gateway checks `/public/..%2fadmin` as a public path, the server behind it
 * serves `/admin`: oauth2-proxy CVE-2025-54576 and CVE-2026-41059, Oathkeeper GHSA-p224-6x5r-fjpm, Traefik CVE-2025-32431.
 * Every vector is sent without a token; not one may arrive under the protected path, however a server reads it.
 */

const DOTS = [
  '..',
  '%2e%2e',
  '%2E%2E',
  '.%2e',
  '%2e.',
  '%252e%252e',
  '%25%32%65%25%32%65',
  '%c0%ae%c0%ae',
  '..;',
  '..;x=1',
  '..%00',
  '..%09',
  '..%20',
];
const SLASHES = [
  '/',
  '//',
  '%2f',
  '%2F',
  '%252f',
  '%25%32%66',
  '\\',
  '%5c',
  '%5C',
  '%255c',
  '/./',
  '/%2e/',
  '%c0%af',
  '%e0%80%af',
  '/;/',
  ';/',
  '%3b/',
  '%00/',
];
const PREFIXES = [
  '',
  '/',
  '//',
  '/.',
  '/./',
  '/%2e/',
  '/%2f',
  '/\\',
  '/%5c',
  '/;',
  '/;x/',
  '/#',
  '/%23',
  '/?',
  '/%3f',
  '/%00',
  '/%20',
  '\t',
  'http://g',
  'http://g/public',
  'HTTP://x@g',
  'g',
  'g:80',
  '*',
  '/*',
  '///',
  '/%0d%0a',
  '/%ff',
];
const SPELLINGS = [
  'admin',
  'ADMIN',
  'Admin',
  '%61dmin',
  '%41dmin',
  'a%64min',
  'adm%69n',
  '%2561dmin',
  'admin%2f',
  'admin%5c',
  'admin;',
  'admin;x=1',
  'admin%3b',
  'admin#',
  'admin%23',
  'admin%00',
  'admin/',
  'admin//',
  'admin/.',
  'admin/..',
  'admin/../admin',
  'admin/%2e',
  'admin\\',
  'admin?',
  'admin%3f',
  'admin.',
  'admin%20',
  'admin%09',
  'ａdmin',
  'admi%6e/x',
];

const vectors = [
  ...DOTS.flatMap((dots) => SLASHES.map((slash) => `/public${slash}${dots}${slash}admin/secret`)).slice(0),
  ...PREFIXES.map((prefix) => `${prefix}/admin/secret`),
  ...PREFIXES.map((prefix) => `${prefix}admin/secret`),
  ...SPELLINGS.flatMap((spelling) => [`/${spelling}/secret`, `/${spelling}`, `/public/../${spelling}`]),
];

/** How careless servers read a target: each of these must not lead into the protected part. */
function readings(target: string): string[] {
  const all = new Set<string>();
  let text = target;
  for (let round = 0; round < 3; round++) {
    for (const path of [
      text,
      text.split('?')[0] ?? '',
      text.split('#')[0] ?? '',
      text.replace(/;[^/]*/g, ''),
      text.split('\0')[0] ?? '',
    ]) {
      all.add(normal(path.replaceAll('\\', '/')));
    }
    text = decode(text);
  }
  return [...all];
}

function normal(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(segment);
  }
  return `/${kept.join('/')}`;
}

function decode(text: string): string {
  return text.replace(/%[0-9a-f]{2}/gi, (escaped) => String.fromCharCode(Number.parseInt(escaped.slice(1), 16)));
}

const layouts = {
  'a protected part of a public site': [
    { path: '/*', auth: 'none' },
    { path: '/admin/*', auth: 'required' },
  ],
  'a protected site with a public part': [
    { path: '/*', auth: 'required' },
    { path: '/public/*', auth: 'none' },
  ],
  'two parts, one public, with a prefix stripped': [
    { path: '/public/*', auth: 'none', stripPrefix: '/public' },
    { path: '/admin/*', auth: 'required' },
  ],
} as const;

it('has at least 200 vectors', () => expect(new Set(vectors).size).toBeGreaterThan(200));

for (const [name, routes] of Object.entries(layouts)) {
  describe(name, () => {
    let upstream: RecordingUpstream;
    let lane: LaneServer;
    beforeAll(async () => {
      upstream = await startRecordingUpstream();
      lane = await startLaneServer({
        routes: routes.map((it) => route(it.path, upstream.origin, { ...it, name: it.path })),
      });
    });
    afterAll(async () => {
      await lane.close();
      await upstream.close();
    });

    for (const method of ['GET', 'POST']) {
      it(`answers 400, 401 or 404 to ${method}, and lets nothing in unauthenticated`, async () => {
        for (const target of vectors) {
          const before = upstream.requests.length;
          const bytes = Buffer.from(`${method} ${target} HTTP/1.1\r\nHost: g\r\nContent-Length: 0\r\n\r\n`);
          const { status } = await exchange(lane.port, bytes);
          const arrived = upstream.requests.slice(before);
          if (arrived.length === 0) {
            expect([400, 401, 404], target).toContain(status);
            continue;
          }
          for (const seen of readings(arrived[0]?.target ?? '')) {
            expect(seen.toLowerCase(), `${target} arrived as ${arrived[0]?.target}`).not.toMatch(/^\/admin(\/|$)/);
          }
        }
      });
    }

    it('still serves what it should', async () => {
      const token = await lane.token();
      const call = (path: string, ...lines: string[]) =>
        exchange(lane.port, [`GET ${path} HTTP/1.1`, 'Host: g', ...lines, '', ''].join('\r\n'));
      expect((await call('/public/x')).status).toBe(200);
      expect((await call('/admin/x')).status).toBe(401);
      expect((await call('/admin/x', `Authorization: Bearer ${token}`)).status).toBe(200);
    });
  });
}
