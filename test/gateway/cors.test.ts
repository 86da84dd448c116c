import { afterEach, describe, expect, it } from 'vitest';
import type { CorsPolicy } from '../../src/model/route.ts';
import { seconds } from '../../src/model/units.ts';
import { route, startLaneServer } from '../support/lane_server.ts';
import { exchange, type RawResponse } from '../support/raw_client.ts';
import { type Script, startRecordingUpstream } from '../support/recording_upstream.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const it of open.splice(0).reverse()) await it.close();
});

const APP = 'https://app.example.com';
const POLICY: CorsPolicy = {
  origins: [APP, 'http://localhost:3000'],
  methods: ['GET', 'PUT'],
  headers: ['Authorization', 'Content-Type'],
  expose: ['ETag', 'RateLimit'],
  credentials: false,
  maxAge: seconds(600),
};

async function start(policy: Partial<CorsPolicy> = {}, more: Parameters<typeof route>[2] = {}, script?: Script) {
  const upstream = await startRecordingUpstream(script);
  open.push(upstream);
  const cors = { ...POLICY, ...policy };
  const lane = await startLaneServer({
    routes: [
      route('/api/*', upstream.origin, { cors, methods: ['GET', 'PUT'], ...more }),
      route('/plain/*', upstream.origin),
    ],
  });
  open.push(lane);
  const token = await lane.token();
  const call = (method: string, path: string, ...lines: string[]) =>
    exchange(lane.port, [`${method} ${path} HTTP/1.1`, 'Host: g', ...lines, '', ''].join('\r\n'), method);
  const bearer = `Authorization: Bearer ${token}`;
  return { upstream, lane, call, bearer, token };
}

const ofCors = (answer: RawResponse) =>
  Object.fromEntries(
    answer.headers
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name]) => name.startsWith('access-control-')),
  );

describe('a browser that asks before it calls', () => {
  it('is told what the route says, without a token and without the upstream', async () => {
    const { call, upstream, lane } = await start();
    const answer = await call('OPTIONS', '/api/x', `Origin: ${APP}`, 'Access-Control-Request-Method: PUT');
    expect(answer).toMatchObject({ status: 200, body: '', complete: true });
    expect(ofCors(answer)).toEqual({
      'access-control-allow-origin': APP,
      'access-control-allow-methods': 'GET, PUT',
      'access-control-allow-headers': 'Authorization, Content-Type',
      'access-control-max-age': '600',
    });
    expect(answer.values('vary')).toEqual(['Origin']);
    expect(upstream.connections).toHaveLength(0);
    const reported = await lane.reported();
    expect(reported).toMatchObject({ method: 'OPTIONS', path: '/api/x', route: '/api/*', status: 200 });
    expect(reported.refused).toBeUndefined();
  });

  it('is told nothing if its origin is not named', async () => {
    const { call, upstream } = await start();
    const answer = await call(
      'OPTIONS',
      '/api/x',
      'Origin: https://evil.example',
      'Access-Control-Request-Method: GET',
    );
    expect([answer.status, ofCors(answer), answer.values('vary')]).toEqual([200, {}, ['Origin']]);
    expect(upstream.connections).toHaveLength(0);
  });

  it('is told that cookies may come only where the route says so', async () => {
    const { call } = await start({ credentials: true });
    const answer = await call('OPTIONS', '/api/x', `Origin: ${APP}`, 'Access-Control-Request-Method: PUT');
    expect(answer.values('access-control-allow-credentials')).toEqual(['true']);
  });

  it('is answered for any origin where the route says so, and then never with credentials', async () => {
    const { call } = await start({ origins: '*', credentials: true });
    const answer = await call('OPTIONS', '/api/x', 'Origin: https://any.example', 'Access-Control-Request-Method: PUT');
    expect(answer.values('access-control-allow-origin')).toEqual(['*']);
    expect(answer.values('access-control-allow-credentials')).toEqual([]);
  });

  it('asks about the route of the method that it names; where no route has it, it is not answered', async () => {
    const { call, upstream } = await start();
    const answer = await call('OPTIONS', '/api/x', `Origin: ${APP}`, 'Access-Control-Request-Method: DELETE');
    expect([answer.status, ofCors(answer)]).toEqual([404, {}]);
    expect(upstream.connections).toHaveLength(0);
  });

  it('has to ask the upstream on routes without cors, with a token like everybody', async () => {
    const { call, upstream, bearer } = await start();
    const lines = [`Origin: ${APP}`, 'Access-Control-Request-Method: PUT'];
    expect((await call('OPTIONS', '/plain/x', ...lines)).status).toBe(401);
    expect(upstream.connections).toHaveLength(0);
    expect((await call('OPTIONS', '/plain/x', bearer, ...lines)).status).toBe(200);
    const request = await upstream.next();
    expect([request.values('origin'), request.values('access-control-request-method')]).toEqual([[APP], ['PUT']]);
  });

  it('is none if it does not say what it asks about: such OPTIONS need a route and a token', async () => {
    const { call } = await start({}, { methods: ['GET', 'OPTIONS'] });
    expect((await call('OPTIONS', '/api/x', `Origin: ${APP}`)).status).toBe(401);
    expect((await call('OPTIONS', '/api/x', 'Access-Control-Request-Method: GET')).status).toBe(401);
  });
});

describe('an answer', () => {
  it("carries the gateway's word and not the upstream's", async () => {
    const script: Script = () =>
      [
        ...['HTTP/1.1 200 OK', 'Content-Length: 2', 'Vary: Accept-Encoding', 'ETag: "1"'],
        ...['Access-Control-Allow-Origin: *', 'access-control-allow-credentials: true', 'ACCESS-CONTROL-MAX-AGE: 1'],
        ...['', 'ok'],
      ].join('\r\n');
    const { call, bearer } = await start({}, {}, script);
    const answer = await call('GET', '/api/x', bearer, `Origin: ${APP}`);
    expect(answer).toMatchObject({ status: 200, body: 'ok' });
    expect(ofCors(answer)).toEqual({
      'access-control-allow-origin': APP,
      'access-control-expose-headers': 'ETag, RateLimit',
    });
    expect(answer.values('vary')).toEqual(['Accept-Encoding', 'Origin']);
    const stranger = await call('GET', '/api/x', bearer, 'Origin: https://evil.example');
    expect([stranger.status, ofCors(stranger)]).toEqual([200, {}]);
    const nobody = await call('GET', '/api/x', bearer);
    expect([nobody.status, ofCors(nobody), nobody.values('vary')]).toEqual([200, {}, ['Accept-Encoding', 'Origin']]);
  });

  it('of an upstream stays as it is on a route without cors', async () => {
    const script: Script = () =>
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nAccess-Control-Allow-Origin: https://its.own\r\n\r\nok';
    const { call, bearer } = await start({}, {}, script);
    const answer = await call('GET', '/plain/x', bearer, `Origin: ${APP}`);
    expect(ofCors(answer)).toEqual({ 'access-control-allow-origin': 'https://its.own' });
  });

  it('that refuses can be read by the page as well', async () => {
    const { call, bearer, lane } = await start({}, { scopes: ['other'] });
    const allowed = { 'access-control-allow-origin': APP, 'access-control-expose-headers': 'ETag, RateLimit' };
    const unknown = await call('GET', '/api/x', `Origin: ${APP}`);
    expect([unknown.status, ofCors(unknown)]).toEqual([401, allowed]);
    const forbidden = await call('GET', '/api/x', bearer, `Origin: ${APP}`);
    expect([forbidden.status, ofCors(forbidden)]).toEqual([403, allowed]);
    const stranger = await call('GET', '/api/x', 'Origin: https://evil.example');
    expect([stranger.status, ofCors(stranger)]).toEqual([401, {}]);
    expect(lane.exchanges).toHaveLength(3);
  });

  it('that tells of an upstream that is away can be read too', async () => {
    const { call, bearer, upstream } = await start();
    await upstream.close();
    open.splice(open.indexOf(upstream), 1);
    const answer = await call('GET', '/api/x', bearer, `Origin: ${APP}`);
    expect([answer.status, answer.values('access-control-allow-origin')]).toEqual([502, [APP]]);
  });
});
