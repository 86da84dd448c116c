import { afterEach, describe, expect, it } from 'vitest';
import { route, startLaneServer } from '../support/lane_server.ts';
import { exchange, rawClient } from '../support/raw_client.ts';
import { type Script, startRecordingUpstream } from '../support/recording_upstream.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const it of open.splice(0).reverse()) await it.close();
});

async function start(more: Parameters<typeof route>[2], script?: Script) {
  const upstream = await startRecordingUpstream(script);
  open.push(upstream);
  const lane = await startLaneServer({ routes: [route('/api/*', upstream.origin, more)] });
  open.push(lane);
  const token = await lane.token();
  const call = (...lines: string[]) =>
    exchange(
      lane.port,
      ['GET /api/x HTTP/1.1', 'Host: g', `Authorization: Bearer ${token}`, ...lines, '', ''].join('\r\n'),
    );
  return { upstream, lane, call };
}

describe('rules for calls', () => {
  const requestHeaders = { set: { 'X-Api-Key': 'k-1', 'X-Tenant': 'acme' }, remove: ['Cookie', 'X-Debug'] };

  it('set a header once, instead of every spelling that the caller sent', async () => {
    const { upstream, call } = await start({ requestHeaders });
    const sent = ['x-api-key: mine', 'X_Api_Key: mine', 'X-API-KEY: mine', 'x.api.key: mine', 'X-Tenant: other'];
    expect((await call(...sent)).status).toBe(200);
    const request = await upstream.next();
    const keys = request.headers.filter(([name]) => /^x.api.key$/i.test(name));
    expect(keys).toEqual([['X-Api-Key', 'k-1']]);
    expect(request.values('x-tenant')).toEqual(['acme']);
  });

  it('remove a header in every spelling and leave the rest', async () => {
    const { upstream, call } = await start({ requestHeaders });
    await call('Cookie: a=1', 'COOKIE: b=2', 'x-debug: 1', 'X_Debug: 1', 'Accept: */*', 'X-Debug-Level: 3');
    const { headers } = await upstream.next();
    expect(headers.filter(([name]) => /cookie|^x.debug$/i.test(name))).toEqual([]);
    expect(headers).toContainEqual(['Accept', '*/*']);
    expect(headers).toContainEqual(['X-Debug-Level', '3']);
  });

  it('may give the upstream credentials of its own; what the caller sent there stays behind', async () => {
    const { upstream, call } = await start({
      requestHeaders: { set: { Authorization: 'Basic Z2F0ZQ==' }, remove: [] },
    });
    await call();
    expect((await upstream.next()).values('authorization')).toEqual(['Basic Z2F0ZQ==']);
  });

  it('cannot be undone by naming the header in Connection', async () => {
    const { upstream, call } = await start({ requestHeaders });
    await call('Connection: X-Api-Key, close');
    expect((await upstream.next()).values('x-api-key')).toEqual(['k-1']);
  });
});

describe('rules for answers', () => {
  const script: Script = () =>
    [
      ...['HTTP/1.1 200 OK', 'Content-Length: 2', 'Server: secret/1.2', 'server: again', 'X-Frame-Options: ALLOW'],
      ...['Set-Cookie: a=1', 'Set-Cookie: b=2', 'X-Powered-By: x', '', 'ok'],
    ].join('\r\n');

  it('set and remove, in every spelling, and leave the rest in its order', async () => {
    const responseHeaders = { set: { 'X-Frame-Options': 'DENY' }, remove: ['Server', 'X-Powered-By'] };
    const { call } = await start({ responseHeaders }, script);
    const answer = await call();
    expect(answer).toMatchObject({ status: 200, body: 'ok', complete: true });
    expect([answer.values('server'), answer.values('x-powered-by')]).toEqual([[], []]);
    expect(answer.values('x-frame-options')).toEqual(['DENY']);
    expect(answer.values('set-cookie')).toEqual(['a=1', 'b=2']);
    expect(answer.values('x-request-id')).toHaveLength(1);
  });

  it('hold behind the body as well', async () => {
    const chunked: Script = () =>
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Cost: 7\r\nX-Sum: 1\r\nx-cost: 8\r\n\r\n';
    const { lane } = await start({ auth: 'none', responseHeaders: { set: {}, remove: ['X-Cost'] } }, chunked);
    const client = rawClient(lane.port);
    client.send('GET /api/x HTTP/1.1\r\nHost: g\r\nTE: trailers\r\nConnection: close, TE\r\n\r\n');
    const bytes = (await client.closed()).toString();
    expect(bytes).toMatch(/0\r\nX-Sum: 1\r\n\r\n$/);
    expect(bytes).not.toMatch(/x-cost/i);
  });

  it('are about what the upstream says: a refusal stays as its dialect words it', async () => {
    const { lane } = await start({ responseHeaders: { set: { 'X-Api': '1' }, remove: ['WWW-Authenticate'] } }, script);
    const answer = await exchange(lane.port, 'GET /api/x HTTP/1.1\r\nHost: g\r\n\r\n');
    expect(answer.status).toBe(401);
    expect(answer.values('www-authenticate')).toHaveLength(1);
    expect(answer.values('x-api')).toEqual([]);
  });
});
