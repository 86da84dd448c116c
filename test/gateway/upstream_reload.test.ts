import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createUpstreams } from '../../src/gateway/upstream/upstreams.ts';
import type { Route } from '../../src/model/route.ts';
import { milliseconds } from '../../src/model/units.ts';
import { startAuthority } from '../support/authority.ts';
import { route } from '../support/lane_server.ts';
import { type RecordingUpstream, type Script, startRecordingUpstream } from '../support/recording_upstream.ts';
import { call } from '../support/upstream_call.ts';

async function recording(script?: Script): Promise<RecordingUpstream> {
  const upstream = await startRecordingUpstream(script);
  onTestFinished(() => upstream.close());
  return upstream;
}

function upstreamsFor(...routes: readonly Route[]) {
  const upstreams = createUpstreams({ routes });
  onTestFinished(() => upstreams.close());
  return upstreams;
}

const GOOD = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const openOf = ({ connections }: RecordingUpstream) => connections.filter(({ open }) => open).length;

it('routes that lead to the same place in the same way keep their connections; others are let go of', async () => {
  const [same, gone] = [await recording(), await recording()];
  const [first, second] = [route('/same/*', same.origin), route('/gone/*', gone.origin)];
  const upstreams = upstreamsFor(first, second);
  await Promise.all([call(upstreams, first), call(upstreams, second)]);

  const again = route('/same/*', same.origin, { scopes: ['other'] });
  upstreams.prepare([again]).use();
  await gone.idle();
  expect((await call(upstreams, again)).status).toBe(200);
  expect([same.connections.length, openOf(same)]).toEqual([1, 1]);
});

it('a call that was decided before its route went still goes where that led, and leaves nothing open', async () => {
  const upstream = await recording();
  const before = route('/before/*', upstream.origin);
  const upstreams = upstreamsFor(before);
  upstreams.prepare([]).use();
  expect((await call(upstreams, before)).status).toBe(200);
  await upstream.idle();
  expect(upstreams.status()).toEqual([]);
});

it('a call under way is answered whatever becomes of its route', async () => {
  const asked = Promise.withResolvers<Socket>();
  const upstream = await recording((_request, socket) => void asked.resolve(socket));
  const slow = route('/slow/*', upstream.origin);
  const upstreams = upstreamsFor(slow);
  const answer = call(upstreams, slow);
  const socket = await asked.promise;
  upstreams.prepare([]).use();
  socket.write(GOOD);
  expect((await answer).body).toBe('ok');
  await upstream.idle();
});

it('a target that was out stays out', async () => {
  const bad = await recording((_request, socket) => void socket.destroy());
  const rules = { breaker: { maxFailures: 1, retryAfter: milliseconds(60_000), statuses: [] }, retries: 0 as const };
  const first = route('/*', bad.origin, { upstream: rules });
  const upstreams = upstreamsFor(first);
  await call(upstreams, first);
  expect(upstreams.status().map(({ healthy }) => healthy)).toEqual([false]);
  const again = route('/*', bad.origin, { upstream: rules, scopes: ['other'] });
  upstreams.prepare([again]).use();
  expect(upstreams.status().map(({ healthy }) => healthy)).toEqual([false]);
  expect((await call(upstreams, again)).error?.code).toBe('no_target');
});

it('routes of which one cannot be used change nothing', async () => {
  const [upstream, other] = [await recording(), await recording()];
  const first = route('/*', upstream.origin);
  const upstreams = upstreamsFor(first);
  await call(upstreams, first);
  const wrong = route('/wrong', 'https://localhost', { upstream: { tls: { ca: '/there/is/none.pem' } } });
  expect(() => upstreams.prepare([route('/other', other.origin), wrong])).toThrow(/ENOENT/);
  expect((await call(upstreams, first)).status).toBe(200);
  upstreams.prepare([route('/other', other.origin)]).drop();
  expect((await call(upstreams, first)).status).toBe(200);
  expect([upstream.connections.length, openOf(upstream)]).toEqual([1, 1]);
});

it('another authority in the same file is trusted instead', async () => {
  const [old, young] = [await startAuthority(), await startAuthority()];
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-ca-'));
  onTestFinished(async () => void (await Promise.all([old.close(), young.close(), rm(folder, { recursive: true })])));
  const { cert, key } = await old.issue('localhost', 'DNS:localhost');
  const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (_request, response) =>
    response.end('ok'),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close().closeAllConnections());

  const ca = join(folder, 'ca.pem');
  await copyFile(old.ca, ca);
  const { port } = server.address() as AddressInfo;
  const to = () => route('/*', `https://localhost:${port}`, { upstream: { tls: { ca } } });
  const first = to();
  const upstreams = upstreamsFor(first);
  expect((await call(upstreams, first)).status).toBe(200);
  await copyFile(young.ca, ca);
  const second = to();
  upstreams.prepare([second]).use();
  expect((await call(upstreams, second)).error?.problem).toBe('unreachable');
});
