import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LaneServer, route, startLaneServer } from '../support/lane_server.ts';
import { exchange } from '../support/raw_client.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording_upstream.ts';

/*
 * Frameworks let a header replace the method of a request, and the sender of a request replace the address it came from or (httpoxy,
 * CVE-2016-5385) the proxy that the upstream uses for calls of its own. A route asks for other scopes by method: a POST that was
 * let through must not be served as a DELETE.
 */

let upstream: RecordingUpstream;
let lane: LaneServer;
beforeAll(async () => {
  upstream = await startRecordingUpstream();
  lane = await startLaneServer({
    routes: [route('/*', upstream.origin, { scopes: { POST: ['demo:read'], DELETE: ['demo:delete'] } })],
  });
});
afterAll(async () => {
  await lane.close();
  await upstream.close();
});

it.each([
  'X-HTTP-Method-Override',
  'x_http_method_override',
  'X-HTTP-Method',
  'X-Method-Override',
  'X-Real-IP',
  'Proxy',
])('%s from a caller does not reach the upstream', async (name) => {
  const token = await lane.token();
  const head = ['POST /x HTTP/1.1', 'Host: g', `Authorization: Bearer ${token}`, `${name}: DELETE`, 'X-Other: 1'];
  expect((await exchange(lane.port, `${head.join('\r\n')}\r\nContent-Length: 0\r\n\r\n`)).status).toBe(200);
  const { headers, values } = await upstream.next();
  expect(values('x-other')).toEqual(['1']);
  expect(headers.filter(([, value]) => value === 'DELETE')).toEqual([]);
});
