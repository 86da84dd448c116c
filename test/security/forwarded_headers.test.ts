import { afterEach, describe, expect, it } from 'vitest';
import { trustedProxies } from '../../src/gateway/forwarded.ts';
import { route, startLaneServer } from '../support/lane_server.ts';
import { exchange } from '../support/raw_client.ts';
import { startRecordingUpstream } from '../support/recording_upstream.ts';

/*
 * Trust in `X-Forwarded-*` and `X-Original-*` from anyone: a caller chooses its own address, scheme and host, or makes a framework
 * behind the gateway serve another path than the one that was checked (oauth2-proxy CVE-2026-40575).
 */

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const it of open.splice(0).reverse()) await it.close();
});

async function call(trusted: readonly string[], ...lines: string[]) {
  const upstream = await startRecordingUpstream();
  open.push(upstream);
  const lane = await startLaneServer({
    routes: [route('/*', upstream.origin, { auth: 'none' })],
    trustedProxies: trusted,
  });
  open.push(lane);
  const answer = await exchange(lane.port, ['GET /x HTTP/1.1', 'Host: gate.example', ...lines, '', ''].join('\r\n'));
  expect(answer.status).toBe(200);
  return { seen: await upstream.next(), answer, upstream };
}

const SPOOFS = [
  'X-Forwarded-For: 6.6.6.6',
  'x-forwarded-for: 7.7.7.7',
  'X-Forwarded-Host: evil.example',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Port: 443',
  'X-Forwarded-User: root',
  'Forwarded: for=6.6.6.6;host=evil.example',
  'X-Request-Id: forged-1234',
];
const ALWAYS_DROPPED = [
  'X-Original-URL: /admin',
  'X-Original-Uri: /admin',
  'X-Rewrite-URL: /admin',
  'X_Forwarded_For: 6.6.6.6',
  'X_Original_Url: /admin',
];

it('from anyone, only the facts of the connection go on', async () => {
  for (const trusted of [[], ['10.0.0.0/8', '::1/128']]) {
    const { seen, answer, upstream } = await call(trusted, ...SPOOFS, ...ALWAYS_DROPPED);
    expect(seen.values('x-forwarded-for')).toEqual(['127.0.0.1']);
    expect(seen.values('x-forwarded-host')).toEqual(['gate.example']);
    expect(seen.values('x-forwarded-proto')).toEqual(['http']);
    // The upstream's own port may have 443 in it.
    const others = seen.headers.filter(([name]) => name.toLowerCase() !== 'host');
    expect(JSON.stringify(others)).not.toMatch(/6\.6\.6\.6|7\.7\.7\.7|evil|root|admin|forged|443/);
    expect(seen.values('host')).toEqual([new URL(upstream.origin).host]);
    expect(answer.values('x-request-id')).toEqual(seen.values('x-request-id'));
  }
});

it('from a trusted proxy, its word is kept and its own address added', async () => {
  const { seen, answer } = await call(['127.0.0.0/8'], ...SPOOFS, ...ALWAYS_DROPPED);
  expect(seen.values('x-forwarded-for')).toEqual(['6.6.6.6, 7.7.7.7, 127.0.0.1']);
  expect(seen.values('x-forwarded-host')).toEqual(['evil.example']);
  expect(seen.values('x-forwarded-proto')).toEqual(['https']);
  expect(seen.values('x-forwarded-port')).toEqual(['443']);
  expect(seen.values('forwarded')).toEqual(['for=6.6.6.6;host=evil.example']);
  expect(seen.values('x-request-id')).toEqual(['forged-1234']);
  expect(answer.values('x-request-id')).toEqual(['forged-1234']);
  expect(JSON.stringify(seen.headers)).not.toContain('admin');
});

it('even from a trusted proxy, nonsense is replaced', async () => {
  const { seen } = await call(
    ['127.0.0.1'],
    'X-Forwarded-Host: a@b',
    'X-Forwarded-Proto: javascript',
    'X-Request-Id: a b\tc',
  );
  expect(seen.values('x-forwarded-host')).toEqual(['gate.example']);
  expect(seen.values('x-forwarded-proto')).toEqual(['http']);
  expect(seen.values('x-request-id')[0]).toMatch(/^[0-9a-f-]{36}$/);
});

describe('who is trusted', () => {
  const isTrusted = trustedProxies(['10.0.0.0/8', '192.0.2.7', 'fd00::/8']);
  for (const [address, trusted] of [
    ['10.255.0.1', true],
    ['::ffff:10.1.2.3', true],
    ['11.0.0.1', false],
    ['192.0.2.7', true],
    ['192.0.2.8', false],
    ['fd12::1', true],
    ['fe80::1', false],
    [undefined, false],
  ] as const) {
    it(`${address}: ${trusted}`, () => expect(isTrusted(address)).toBe(trusted));
  }
});
