import { expect, it, onTestFinished } from 'vitest';
import { type LaneName, route, startLaneServer } from '../support/lane_server.ts';
import { rawClient } from '../support/raw_client.ts';
import { startRecordingUpstream } from '../support/recording_upstream.ts';

/*
 * An upstream that breaks off in the middle of an answer, while the answer before it on the caller's connection is still on its way:
 * the caller must see that the second one will never be whole, and not wait for its end for ever.
 */

it.each<LaneName>(['full', 'fast'])('a pipelined answer that is cut breaks the connection: %s lane', async (via) => {
  const upstream = await startRecordingUpstream(({ target }, socket) => {
    if (target === '/first') {
      setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'), 200);
      return undefined;
    }
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nonly this');
    return undefined;
  });
  const lane = await startLaneServer({ via, routes: [route('/*', upstream.origin, { auth: 'none' })] });
  onTestFinished(async () => {
    await lane.close();
    await upstream.close();
  });
  const client = rawClient(lane.port);
  client.send('GET /first HTTP/1.1\r\nHost: g\r\n\r\nGET /second HTTP/1.1\r\nHost: g\r\n\r\n');
  expect(await client.response()).toMatchObject({ status: 200, body: 'ok' });
  await client.closed();
  await expect.poll(() => lane.exchanges.length).toBe(2);
  expect(lane.exchanges.at(-1)).toMatchObject({ status: 200, cut: true });
});
