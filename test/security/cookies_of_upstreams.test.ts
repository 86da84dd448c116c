/*
 * The threat: whoever runs an upstream answers with `Set-Cookie: gatehouse_session=…` and a session of their own, or names it as our
 * pages do over https. The caller's browser is then signed in here as somebody else, and what its user allows or types is theirs.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { OWN_COOKIES } from '../../src/model/own_cookies.ts';
import { startHouse } from '../support/house.ts';

const OURS = OWN_COOKIES.flatMap((name) => [`${name}=x; Path=/`, `__Host-${name}=x; Secure; Path=/`]);
const SPELLED = [' gatehouse_session=x', 'gatehouse_session =x', 'gatehouse_session'];
const THEIRS = ['a=1; Path=/', 'gatehouse_sessions=2', 'my_gatehouse_session=3', 'b=gatehouse_session'];

describe.each([true, false])('with fast_lane: %s', (fastLane) => {
  it('an upstream sets its own cookies and none of ours', async () => {
    const upstream = createServer((_request, response) => {
      response.setHeader('set-COOKIE', [...OURS, THEIRS[0] ?? '', ...SPELLED, ...THEIRS.slice(1)]);
      response.setHeader('X-After', 'there');
      response.end('ok');
    }).listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    onTestFinished(() => void upstream.close().closeAllConnections());
    const house = await startHouse(`
listen: { host: 127.0.0.1, port: 0, fast_lane: ${fastLane} }
admin: { host: 127.0.0.1, port: 0 }
store: { type: memory }
routes:
  - { name: open, path: /*, upstream: "http://127.0.0.1:${(upstream.address() as AddressInfo).port}", auth: none }
`);
    onTestFinished(() => house.close());
    const answer = await fetch(`${house.url}/x`);
    expect(answer.headers.getSetCookie()).toEqual(THEIRS);
    expect([answer.status, answer.headers.get('x-after'), await answer.text()]).toEqual([200, 'there', 'ok']);
  });
});
