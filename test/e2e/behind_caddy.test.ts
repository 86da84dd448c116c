import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { frontProxy } from '../contract/front_proxy.ts';
import { startCaddy } from '../support/front_proxy.ts';
import { startRecordingUpstream } from '../support/recording_upstream.ts';

frontProxy('caddy', startCaddy);

it('Caddy takes out what the caller calls itself, also if a verdict says nothing of it', async () => {
  const upstream = await startRecordingUpstream();
  const silent = createServer((_request, response) => response.end()).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const gateway = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  // Newer versions of Caddy leave a header alone that the verdict does not have.
  const proxy = await startCaddy({
    gateway,
    app: upstream.origin,
    edit: (text) => text.replace(/copy_headers .*/, ''),
  });
  expect((await fetch(proxy.origin, { headers: { 'x-user-id': 'u-admin', 'x-token-scopes': 'all' } })).status).toBe(
    200,
  );
  const [request] = upstream.requests;
  expect([request?.values('x-user-id'), request?.values('x-token-scopes')]).toEqual([[], []]);
  await proxy.stop();
  silent.close();
  await upstream.close();
});
