import { afterEach, describe, expect, it } from 'vitest';
import { DEFAULT_IDENTITY_HEADERS } from '../../src/gateway/header_kinds.ts';
import { headerValue } from '../../src/gateway/identify.ts';
import type { IdentityHeaders } from '../../src/model/route.ts';
import { route, startLaneServer } from '../support/lane_server.ts';
import { exchange } from '../support/raw_client.ts';
import { startRecordingUpstream } from '../support/recording_upstream.ts';

/*
 * A caller sends the identity headers itself, in a spelling that the gateway lets through and the server behind it reads as the
 * real one: other case, `_` for `-` (CGI, WSGI), repeated, in trailers (oauth2-proxy CVE-2025-64484).
 * The upstream must see each identity header at most once, with the gateway's value, and none of them on public routes.
 */

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const it of open.splice(0).reverse()) await it.close();
});

const names = Object.values(DEFAULT_IDENTITY_HEADERS);
const SPELLINGS: ((name: string) => string)[] = [
  (name) => name,
  (name) => name.toLowerCase(),
  (name) => name.toUpperCase(),
  (name) => name.replaceAll('-', '_'),
  (name) => name.toLowerCase().replaceAll('-', '_'),
  (name) => name.toUpperCase().replaceAll('-', '_'),
  (name) => name.replace('-', '_'),
  (name) => name.replace(/-(?=[^-]*$)/, '_'),
  (name) => name.replaceAll('-', '.'),
  (name) => name.replaceAll('-', '~'),
  (name) => name.replaceAll('-', "'"),
  (name) => [...name].map((letter, index) => (index % 2 ? letter.toUpperCase() : letter.toLowerCase())).join(''),
];

async function start(auth: 'required' | 'none' | 'optional', identityHeaders?: IdentityHeaders) {
  const upstream = await startRecordingUpstream();
  open.push(upstream);
  const lane = await startLaneServer({
    routes: [route('/*', upstream.origin, { auth })],
    ...(identityHeaders && { identityHeaders }),
  });
  open.push(lane);
  const token = await lane.token();
  return { upstream, lane, bearer: `Authorization: Bearer ${token}` };
}

/** The identity header that a careless server would take this one for. */
const takenFor = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, '-');

for (const auth of ['required', 'optional', 'none'] as const) {
  for (const name of names) {
    it(`${name} in ${SPELLINGS.length} spellings, on a route with auth ${auth}`, async () => {
      const { upstream, lane, bearer } = await start(auth);
      for (const spell of SPELLINGS) {
        for (const spoofs of [[spell(name)], [spell(name), spell(name), name]]) {
          const lines = spoofs.map((spelling) => `${spelling}: root`);
          const authorization = auth === 'required' ? [bearer] : [];
          const head = ['GET /x HTTP/1.1', 'Host: g', ...lines, ...authorization, ...lines, '', ''].join('\r\n');
          expect((await exchange(lane.port, head)).status).toBe(200);
        }
      }
      for (const request of upstream.requests) {
        const seen = request.headers.filter(([header]) => takenFor(header) === takenFor(name));
        const ours = auth === 'required' || name === 'X-Request-Id';
        expect(seen).toHaveLength(ours ? 1 : 0);
        expect(JSON.stringify(request.headers)).not.toContain('root');
      }
    });
  }
}

it('in trailers', async () => {
  const { upstream, lane, bearer } = await start('required');
  const head = `POST /x HTTP/1.1\r\nHost: g\r\n${bearer}\r\nTransfer-Encoding: chunked\r\nTrailer: X-User-Id\r\n\r\n`;
  await exchange(lane.port, `${head}1\r\na\r\n0\r\nX-User-Id: root\r\nX_User_Id: root\r\n\r\n`);
  expect(upstream.requests[0]?.values('x-user-id')).toEqual(['u-alice']);
  expect(upstream.requests[0]?.values('trailer')).toEqual([]);
  expect(upstream.connections[0]?.bytes.toString()).not.toContain('root');
});

it('by the standard name where it is renamed or switched off', async () => {
  const { upstream, lane, bearer } = await start('required', {
    ...DEFAULT_IDENTITY_HEADERS,
    userId: 'X-Remote-User',
    userEmail: null,
    requestId: null,
  });
  const spoofs = ['X-User-Id', 'X_Remote_User', 'x-remote-user', 'X-User-Email', 'X-Request-Id'].map(
    (name) => `${name}: root`,
  );
  await exchange(lane.port, ['GET /x HTTP/1.1', 'Host: g', bearer, ...spoofs, '', ''].join('\r\n'));
  const [request] = upstream.requests;
  expect(request?.values('x-remote-user')).toEqual(['u-alice']);
  expect(JSON.stringify(request?.headers)).not.toContain('root');
  for (const name of ['x-user-id', 'x-user-email', 'x-request-id']) expect(request?.values(name)).toEqual([]);
});

it('a token without a user names no user', async () => {
  const { upstream, lane } = await start('required');
  const token = await lane.token({ user: undefined });
  await exchange(lane.port, `GET /x HTTP/1.1\r\nHost: g\r\nX-User-Id: root\r\nAuthorization: Bearer ${token}\r\n\r\n`);
  const [request] = upstream.requests;
  expect(request?.headers.filter(([name]) => name.toLowerCase().startsWith('x-user'))).toEqual([]);
  expect(request?.values('x-client-id')).toEqual(['demo-app']);
});

it('Authorization goes on only where the route says so', async () => {
  const upstream = await startRecordingUpstream();
  open.push(upstream);
  const lane = await startLaneServer({ routes: [route('/*', upstream.origin, { forwardAuthorization: true })] });
  open.push(lane);
  const bearer = `Bearer ${await lane.token()}`;
  await exchange(
    lane.port,
    `GET /x HTTP/1.1\r\nHost: g\r\nAuthorization: ${bearer}\r\nProxy-Authorization: Basic x\r\n\r\n`,
  );
  expect(upstream.requests[0]?.values('authorization')).toEqual([bearer]);
  expect(upstream.requests[0]?.values('proxy-authorization')).toEqual([]);
});

describe('a value', () => {
  for (const [text, value] of [
    ['u-1@x.example', 'u-1@x.example'],
    ['Alice Liddell', 'Alice Liddell'],
    ['Zoë', 'Zo%C3%AB'],
    ['Zo%C3%AB', 'Zo%25C3%25AB'],
    ['a\r\nX-User-Id: root', 'a%0D%0AX-User-Id: root'],
    [' a ', '%20a%20'],
    ['\0\x7f', '%00%7F'],
    ['名前 😀', '%E5%90%8D%E5%89%8D %F0%9F%98%80'],
    ['\ud800', '%EF%BF%BD'],
    ['', ''],
  ] as const) {
    it(`${JSON.stringify(text)} is sent as ${value}`, () => {
      expect(headerValue(text)).toBe(value);
      expect(decodeURIComponent(value)).toBe(text.toWellFormed());
    });
  }
});
