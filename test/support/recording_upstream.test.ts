import { expect, it } from 'vitest';
import { rawClient } from './raw_client.ts';
import { startRecordingUpstream } from './recording_upstream.ts';

it('counts a connection that was reset as gone, like one that was closed', async () => {
  const upstream = await startRecordingUpstream(() => undefined);
  const client = rawClient(upstream.port);
  client.send('GET / HTTP/1.1\r\nHost: u\r\n\r\n');
  await upstream.next();
  const idle = upstream.idle();
  client.socket.resetAndDestroy();
  await idle;
  expect(upstream.connections.map(({ open }) => open)).toEqual([false]);
  await upstream.close();
});
