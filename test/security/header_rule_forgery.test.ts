import { afterEach, describe, expect, it } from 'vitest';
import { DEFAULT_IDENTITY_HEADERS, headerKinds } from '../../src/gateway/header_kinds.ts';
import { compileRequestRules, compileResponseRules } from '../../src/gateway/header_rules.ts';
import { problemsOf } from '../config/stand_ins.ts';
import { route, startLaneServer } from '../support/lane_server.ts';
import { exchange } from '../support/raw_client.ts';
import { startRecordingUpstream } from '../support/recording_upstream.ts';

/*
 * A header rule of a route as a way to forge who is calling, to move the end of a body, or to let the caller's own identity headers
 * through: by writing it into the configuration, or by sending what a rule would then act on.
 */

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const it of open.splice(0).reverse()) await it.close();
});

const kindOf = headerKinds({ ...DEFAULT_IDENTITY_HEADERS, userId: 'X-Who', attributes: { team: 'X-Team' } });

const FORBIDDEN_IN_CALLS = [
  ...Object.values(DEFAULT_IDENTITY_HEADERS),
  ...['X-Who', 'x-who', 'X_Who', 'X-Team', 'X_User_Id', 'x.user.id'],
  ...['Host', 'Connection', 'Content-Length', 'Transfer-Encoding', 'TE', 'Trailer', 'Upgrade', 'Keep-Alive', 'Expect'],
  ...['Proxy-Authorization', 'Proxy', 'X-Forwarded-For', 'X-Forwarded-User', 'Forwarded', 'X-Real-IP'],
  ...['X-Original-URL', 'X-Rewrite-URL', 'X-HTTP-Method-Override', 'Content-Type'],
];

describe('rules that touch what is not theirs', () => {
  it.each(FORBIDDEN_IN_CALLS)('are refused for calls before anything is sent: %s', (name) => {
    for (const rules of [
      { set: { [name]: 'x' }, remove: [] },
      { set: {}, remove: [name] },
    ]) {
      const it = route('/api/*', 'http://u', { requestHeaders: rules });
      expect(() => compileRequestRules(it, kindOf)).toThrow(/touch/);
    }
  });

  it.each([
    'Content-Length',
    'transfer-encoding',
    'Transfer_Encoding',
    'Connection',
    'Trailer',
    'X-Request-Id',
    'RateLimit',
  ])('are refused for answers: %s', (name) => {
    const it = route('/api/*', 'http://u', { responseHeaders: { set: { [name]: 'x' }, remove: [] } });
    expect(() => compileResponseRules(it)).toThrow(/touch/);
  });

  it.each(FORBIDDEN_IN_CALLS.filter((name) => !/who|team/i.test(name)))(
    'are refused by the configuration: %s',
    (name) => {
      const text = `routes: [{ name: a, path: /a, upstream: demo, request_headers: { set: { "${name}": x } } }]\n`;
      expect(problemsOf(text)).toHaveLength(1);
    },
  );

  it.each(['a\\r\\nX-User-Id: root', 'a\\nb', 'a\\0', ' a', 'a ', 'é', ''])(
    'are refused for their value: %j',
    (value) => {
      const text = `routes: [{ name: a, path: /a, upstream: demo, request_headers: { set: { X-A: "${value}" } } }]\n`;
      expect(problemsOf(text)).toEqual([
        expect.stringContaining('request_headers.set.X-A: must be 1 to 2048 characters'),
      ]);
    },
  );
});

it('identity stays what the token says beside any rule, whatever the caller sends', async () => {
  const upstream = await startRecordingUpstream();
  open.push(upstream);
  const requestHeaders = { set: { 'X-User': 'static', 'X-User-Id-Note': 'n' }, remove: ['X-User-Idx'] };
  const lane = await startLaneServer({ routes: [route('/api/*', upstream.origin, { requestHeaders })] });
  open.push(lane);
  const token = await lane.token();
  const forged = ['X-User-Id: root', 'X_User_Id: root', 'x-user-idx: root', 'Connection: X-User-Id, X-User'];
  const head = ['GET /api/x HTTP/1.1', 'Host: g', `Authorization: Bearer ${token}`, ...forged, '', ''].join('\r\n');
  expect((await exchange(lane.port, head)).status).toBe(200);
  const request = await upstream.next();
  expect(request.values('x-user-id')).toEqual(['u-alice']);
  expect(request.values('x-user')).toEqual(['static']);
  expect(request.headers.filter(([, value]) => value === 'root')).toEqual([]);
});
