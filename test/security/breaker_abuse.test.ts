import { afterEach, expect, it } from 'vitest';
import { milliseconds } from '../../src/model/units.ts';
import { route, startLaneServer } from '../support/lane_server.ts';
import { exchange } from '../support/raw_client.ts';
import { startRecordingUpstream } from '../support/recording_upstream.ts';

/*
 * Somebody with a good token calls what takes too long, again and again, so that the breaker takes the target away from everybody
 * else. A target that answers others meanwhile is not away.
 */

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const it of open.splice(0).reverse()) await it.close();
});

it('calls that time out take no target out that answers other calls', async () => {
  const upstream = await startRecordingUpstream(({ target }) =>
    target.endsWith('/slow') ? undefined : 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  );
  open.push(upstream);
  const breaker = { maxFailures: 2, retryAfter: milliseconds(60_000), statuses: [] };
  const more = { auth: 'none', upstream: { breaker, timeout: milliseconds(300) } } as const;
  const lane = await startLaneServer({ routes: [route('/api/*', upstream.origin, more)] });
  open.push(lane);
  const call = (path: string) => exchange(lane.port, `GET ${path} HTTP/1.1\r\nHost: g\r\n\r\n`);

  for (let round = 0; round < 2; round++) {
    const slow = Array.from({ length: 6 }, () => call('/api/slow'));
    for (let count = 0; count < slow.length; count++) await upstream.next();
    expect((await call('/api/quick')).status).toBe(200);
    await upstream.next();
    for (const answer of await Promise.all(slow)) expect(answer.status).toBe(504);
    expect((await call('/api/quick')).status).toBe(200);
    await upstream.next();
  }
  // While nobody is answered, the target is as good as away.
  const slow = [call('/api/slow'), call('/api/slow')];
  for (const answer of await Promise.all(slow)) expect(answer.status).toBe(504);
  expect((await call('/api/quick')).status).toBe(503);
});
