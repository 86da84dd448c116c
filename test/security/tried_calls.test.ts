/**
 * Threat: who may have calls made (`routes.try`, "Try it") makes the gateway call something else than its own main listener, or hang: by
 * an absolute target, a Host that names the admin listener, a CONNECT, or headers that mean one thing to us and another to what answers.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tryCall } from '../../src/admin/routes.ts';
import { createTryCall } from '../../src/http/try_call.ts';
import { systemClock } from '../../src/model/clock.ts';
import { type ObservedHouse, observedHouse, PEOPLE } from '../observe/observed_house.ts';
import { startRecordingUpstream } from '../support/recording_upstream.ts';

const BODY = `{"tried":true}`;

describe('a call that is tried', () => {
  let upstream: Awaited<ReturnType<typeof startRecordingUpstream>>;
  let house: ObservedHouse;
  let tried: ReturnType<typeof createTryCall>;
  beforeAll(async () => {
    upstream = await startRecordingUpstream();
    const routes = `routes:\n  - { name: open, path: /open/*, auth: none, upstream: '${upstream.origin}' }\n  - { name: closed, path: /closed/*, upstream: '${upstream.origin}' }\n`;
    house = await observedHouse(`${PEOPLE}${routes}`);
    tried = createTryCall({ url: () => house.url, clock: systemClock });
  });
  afterAll(async () => {
    await house.close();
    await upstream.close();
  });

  it('is answered, and does not hang, when it is a CONNECT', { timeout: 5_000 }, async () => {
    const inside = createServer((_request, response) => response.end('inside'));
    let connections = 0;
    inside.on('connection', () => connections++);
    await new Promise<void>((resolve) => inside.listen(0, '127.0.0.1', resolve));
    const { port } = inside.address() as AddressInfo;
    for (const target of ['/open/1', `/127.0.0.1:${port}`]) {
      const { status, body } = await tried({ method: 'CONNECT', target, headers: [] });
      expect([status, body.length]).toEqual([400, 0]);
    }
    expect(connections).toBe(0);
    inside.close();
  });

  it('sees the headers as they were written down, a second token among them', async () => {
    const headers = [
      ['authorization', 'Bearer one'],
      ['Authorization', 'Bearer two'],
    ] as const;
    expect((await tried({ method: 'GET', target: '/closed/1', headers })).status).toBe(400);
  });

  it.each([
    ['a Host that is the admin listener', { host: 'admin' }],
    ['a target that names another host', { target: '//127.0.0.1:1/open/1' }],
    ['a target that climbs', { target: '/open/..%2f..%2fapi/v1/clients' }],
    ['a second Host', { headers: [['host', 'evil.test']] as const }],
    ['another end of the message', { headers: [['Transfer-Encoding', 'chunked']] as const, body: BODY }],
    ['an upgrade', { headers: [['Upgrade', 'websocket']] as const }],
    ['a name of the prototype', { headers: [['__proto__', 'x']] as const }],
  ])('stays at the main listener with %s', async (_what, odd) => {
    const host = 'host' in odd ? new URL(house.admin).host : undefined;
    const answer = await tried({ method: 'GET', target: '/open/1', headers: [], ...odd, host });
    expect(answer.status === 400 || answer.status === 200).toBe(true);
    const text = Buffer.from(answer.body).toString();
    expect(text).not.toContain('openapi');
    // What is behind the admin listener answers no call of the main one.
    const { status } = await tried({
      method: 'GET',
      target: '/api/v1/openapi.json',
      headers: [],
      ...('host' in odd && { host }),
    });
    expect(status).toBe(404);
  });

  it.each([
    ['GET http://127.0.0.1/', { method: 'GET', target: 'http://127.0.0.1/' }],
    ['a line break in the target', { method: 'GET', target: '/a\r\nX: y' }],
    ['a space in the target', { method: 'GET', target: '/a HTTP/1.0' }],
    ['a method of two words', { method: 'GET /x', target: '/a' }],
    ['a line break in a header', { method: 'GET', target: '/a', headers: [{ name: 'X', value: 'a\r\nY: b' }] }],
    ['a colon in the name of a header', { method: 'GET', target: '/a', headers: [{ name: 'X:', value: 'a' }] }],
    ['a line break in the host', { method: 'GET', target: '/a', host: 'a\r\nX: y' }],
  ])('is never made of %s', (_what, input) => {
    expect(tryCall.input.safeParse(input).success).toBe(false);
  });
});
