import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seconds } from '../../src/model/units.ts';
import { problemsOf } from '../config/stand_ins.ts';
import { type LaneServer, route, startLaneServer } from '../support/lane_server.ts';
import { exchange } from '../support/raw_client.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording_upstream.ts';

/*
 * A page of another origin that is let in because its origin looks like one that is allowed: compared by prefix, suffix, substring,
 * without regard to case, after parsing, or echoed. With the user's cookies that is reading her data from any page she visits.
 */

let upstream: RecordingUpstream;
let lane: LaneServer;
let token: string;

beforeAll(async () => {
  upstream = await startRecordingUpstream();
  const cors = {
    origins: ['https://app.example.com', 'http://localhost:3000'],
    methods: ['GET'],
    headers: ['Authorization'],
    ...{ expose: [], credentials: true, maxAge: seconds(600) },
  };
  lane = await startLaneServer({ routes: [route('/api/*', upstream.origin, { cors })] });
  token = await lane.token();
});
afterAll(async () => {
  await lane.close();
  await upstream.close();
});

const LOOKALIKES = [
  'null',
  '*',
  '',
  'https://app.example.com.evil.example',
  'https://evil-app.example.com',
  'https://evilapp.example.com',
  'https://evil.example/https://app.example.com',
  'https://evil.example#https://app.example.com',
  'https://app.example.com@evil.example',
  'https://app.example.com:443',
  'https://app.example.com:8443',
  'https://app.example.com/',
  'https://app.example.com.',
  'https://app.example.com, https://evil.example',
  'https://app.example.com https://evil.example',
  'https://APP.example.com',
  'HTTPS://app.example.com',
  'http://app.example.com',
  'https://xapp.example.com',
  'https://app.example.co',
  'https://app.example.comm',
  'https://app_example.com',
  'https://appxexample.com',
  'https://example.com',
  'https://sub.app.example.com',
  'http://localhost:30000',
  'http://localhost',
  'http://localhost:3000.evil.example',
  'toString',
  '__proto__',
  'undefined',
];

describe('an origin that is not the very text of one that is named', () => {
  it.each(LOOKALIKES)('%j gets no leave, neither before a call nor with its answer', async (origin) => {
    const lines = [`Origin: ${origin}`, `Authorization: Bearer ${token}`];
    for (const [method, more] of [
      ['OPTIONS', ['Access-Control-Request-Method: GET']],
      ['GET', []],
    ] as const) {
      const head = [`${method} /api/x HTTP/1.1`, 'Host: g', ...lines, ...more, '', ''].join('\r\n');
      const answer = await exchange(lane.port, head, method);
      expect(answer.status).toBe(200);
      expect(answer.headers.filter(([name]) => /^access-control-/i.test(name))).toEqual([]);
      expect(answer.values('vary')).toEqual(['Origin']);
    }
  });

  it('is never believed when two are sent, in whatever order', async () => {
    const two = ['Origin: https://app.example.com', 'Origin: https://evil.example'];
    for (const lines of [two, two.toReversed()]) {
      const head = ['GET /api/x HTTP/1.1', 'Host: g', `Authorization: Bearer ${token}`, ...lines, '', ''].join('\r\n');
      const answer = await exchange(lane.port, head);
      expect(answer.values('access-control-allow-origin')).toEqual([]);
    }
  });

  it('is not let in by another spelling of the header', async () => {
    for (const name of ['Origin_', 'X-Origin', 'Origin-']) {
      const head = `GET /api/x HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer ${token}\r\n${name}: https://app.example.com\r\n\r\n`;
      const answer = await exchange(lane.port, head);
      expect(answer.values('access-control-allow-origin')).toEqual([]);
    }
  });
});

it('the named ones do get leave', async () => {
  for (const origin of ['https://app.example.com', 'http://localhost:3000']) {
    const head = `GET /api/x HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer ${token}\r\nOrigin: ${origin}\r\n\r\n`;
    const answer = await exchange(lane.port, head);
    expect(answer.values('access-control-allow-origin')).toEqual([origin]);
    expect(answer.values('access-control-allow-credentials')).toEqual(['true']);
  }
});

it('a preflight opens nothing: the call behind it needs its token', async () => {
  const before = upstream.requests.length;
  const ask =
    'OPTIONS /api/x HTTP/1.1\r\nHost: g\r\nOrigin: https://app.example.com\r\nAccess-Control-Request-Method: GET\r\n\r\n';
  expect((await exchange(lane.port, ask, 'OPTIONS')).status).toBe(200);
  const call = 'GET /api/x HTTP/1.1\r\nHost: g\r\nOrigin: https://app.example.com\r\n\r\n';
  expect((await exchange(lane.port, call)).status).toBe(401);
  expect(upstream.requests).toHaveLength(before);
});

it.each([
  '["null"]',
  '["*"]',
  '["https://*.example.com"]',
  '["https://app.example.com/"]',
  '[https://App.example.com]',
  '[file://]',
])('the configuration refuses origins: %s', (origins) => {
  const text = `routes: [{ name: a, path: /a, upstream: demo, cors: { origins: ${origins} } }]\n`;
  expect(problemsOf(text)).toEqual([expect.stringMatching(/routes\[0\]\.cors\.origins\[0\]: (is|must)/)]);
});
