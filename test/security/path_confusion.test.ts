import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LaneServer, route, startLaneServer } from '../support/lane_server.ts';
import { measured } from '../support/measured.ts';
import { exchange } from '../support/raw_client.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording_upstream.ts';
import { PATH_VECTORS } from '../support/vectors/paths.ts';

/*
 * The matcher and the upstream see different paths. The gateway checks `/public/..%2fadmin` as a public path, the server behind it
 * serves `/admin`: oauth2-proxy CVE-2025-54576 and CVE-2026-41059, Oathkeeper GHSA-p224-6x5r-fjpm, Traefik CVE-2025-32431.
 * Every vector is sent without a token; not one may arrive under the protected path, however a server reads it.
 */

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

const BELOW = /^\/admin(\/|$)/;

/** Routes, and what must not arrive without a token, in lower case. */
const layouts = {
  'a protected part of a public site': {
    routes: [
      { path: '/*', auth: 'none' },
      { path: '/admin/*', auth: 'required' },
    ],
    guarded: BELOW,
  },
  'a protected site with a public part': {
    routes: [
      { path: '/*', auth: 'required' },
      { path: '/public/*', auth: 'none' },
    ],
    guarded: BELOW,
  },
  'two protected paths of a public site': {
    routes: [
      { path: '/*', auth: 'none' },
      { path: '/admin', auth: 'required' },
      { path: '/admin/secret', auth: 'required' },
      { path: '/admin/x', auth: 'required' },
    ],
    guarded: /^\/admin(\/(secret|x))?$/,
  },
  'two parts, one public, with a prefix stripped': {
    routes: [
      { path: '/public/*', auth: 'none', stripPrefix: '/public' },
      { path: '/admin/*', auth: 'required' },
    ],
    guarded: BELOW,
  },
  'two parts, one public, that are served by other names': {
    routes: [
      { path: '/public/*', auth: 'none', stripPrefix: '/public', addPrefix: '/open' },
      { path: '/admin/*', auth: 'required', stripPrefix: '/admin', addPrefix: '/vault' },
    ],
    guarded: /^\/(vault|admin)(\/|$)/,
  },
} as const;

it('has at least 200 vectors', () => expect(new Set(PATH_VECTORS).size).toBeGreaterThan(200));

for (const [name, { routes, guarded }] of Object.entries(layouts)) {
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
        for (const target of PATH_VECTORS) {
          const before = upstream.requests.length;
          const bytes = Buffer.from(`${method} ${target} HTTP/1.1\r\nHost: g\r\nContent-Length: 0\r\n\r\n`);
          const { status } = await exchange(lane.port, bytes);
          const arrived = upstream.requests.slice(before);
          if (arrived.length === 0) {
            expect([400, 401, 404], target).toContain(status);
            continue;
          }
          for (const seen of readings(arrived[0]?.target ?? '')) {
            expect(seen.toLowerCase(), `${target} arrived as ${arrived[0]?.target}`).not.toMatch(guarded);
          }
        }
        measured({
          id: 'A1',
          what: `targets without a token, ${method}, ${name}`,
          count: PATH_VECTORS.length,
          max: 0,
          unit: 'let in',
        });
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
