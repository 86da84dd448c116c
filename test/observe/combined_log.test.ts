import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Exchange } from '../../src/model/exchange.ts';
import { milliseconds } from '../../src/model/units.ts';
import { combinedLine } from '../../src/observe/combined_log.ts';
import { rawClient } from '../support/raw_client.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording_upstream.ts';
import { type ObservedHouse, observedHouse, PEOPLE } from './observed_house.ts';
import { until } from './until.ts';

const exchange: Exchange = {
  requestId: 'r-1',
  method: 'GET',
  path: '/orders/7',
  route: 'orders',
  user: 'u-alice',
  status: 200,
  duration: milliseconds(1_500),
  bytesOut: 42,
  notes: { caller: { address: '192.0.2.1', httpVersion: '2.0', referer: 'https://a.example/', userAgent: 'curl/8' } },
};
const ENDED = Date.UTC(2026, 10, 21, 3, 11, 1);

describe('the combined log format', () => {
  it('is the line that Apache writes, with the time at which the call began', () => {
    expect(combinedLine(exchange, ENDED)).toBe(
      '192.0.2.1 - u-alice [21/Nov/2026:03:10:59 +0000] "GET /orders/7 HTTP/2.0" 200 42 "https://a.example/" "curl/8"\n',
    );
  });

  it('has dashes for what is not known', () => {
    const bare = { requestId: '', method: '', path: '', status: 400, duration: milliseconds(0) };
    expect(combinedLine(bare, ENDED)).toBe('- - - [21/Nov/2026:03:11:01 +0000] "-" 400 - "-" "-"\n');
  });
});

describe('the access log of a gateway', () => {
  let upstream: RecordingUpstream;
  let house: ObservedHouse | undefined;
  beforeAll(async () => {
    upstream = await startRecordingUpstream();
  });
  afterEach(async () => {
    await house?.close();
    house = undefined;
  });
  afterAll(() => upstream.close());

  const config = (access: string, fast = true) => `${PEOPLE.replace('port: 0 }', `port: 0, fast_lane: ${fast} }`)}
log: { access: ${access} }
forward_auth: true
routes: [ { name: orders, path: /orders/*, upstream: '${upstream.origin}' } ]
`;
  const lineOf = (at: ObservedHouse, pattern: RegExp) =>
    until(() => at.lines().find((line) => !line.startsWith('{') && pattern.test(line)));

  it.each([
    ['fast', true],
    ['full', false],
  ])('names the user, the referer and the browser of calls through the %s lane', async (_lane, fast) => {
    house = await observedHouse(config('combined', fast));
    const granted = await house.token({ grant_type: 'password', username: 'alice', password: 'wonderland' });
    const { access_token } = (await granted.json()) as { access_token: string };
    await fetch(`${house.url}/orders/7?secret=query`, {
      headers: { Authorization: `Bearer ${access_token}`, Referer: 'https://a.example/x', 'User-Agent': 'browser "1"' },
    });
    expect(await lineOf(house, /orders/)).toMatch(
      /^127\.0\.0\.1 - u-alice \[\d\d\/[A-Z][a-z]{2}\/\d{4}(:\d\d){3} \+0000\] "GET \/orders\/7 HTTP\/1\.1" 200 2 "https:\/\/a\.example\/x" "browser \\"1\\""$/,
    );
    expect(await lineOf(house, /token/)).toMatch(/^127\.0\.0\.1 - - \[.*\] "POST \/oauth2\/token HTTP\/1\.1" 200 /);
    expect(house.lines().join()).not.toContain('secret=query');
    expect(house.lines().join()).not.toContain(access_token);
  });

  it('names who was refused, and bytes that made no request', async () => {
    house = await observedHouse(config('combined'));
    await fetch(`${house.url}/orders/7`);
    expect(await lineOf(house, /" 401 /)).toContain('"GET /orders/7 HTTP/1.1" 401');
    const raw = rawClient(Number(new URL(house.url).port));
    raw.send('NONSENSE\r\n\r\n');
    expect(await lineOf(house, /" 400 /)).toMatch(/^- - - \[.*\] "-" 400 - "-" "-"$/);
    raw.close();
  });

  it('names who asked the console and the admin API, and from where', async () => {
    house = await observedHouse(config('combined').replace('port: 0,', 'trusted_proxies: [127.0.0.1], port: 0,'));
    const headers = { 'X-Forwarded-For': '192.0.2.7', 'User-Agent': 'browser', Referer: 'https://a.example/x?code=1' };
    await fetch(`${house.admin}/sign-in`, { headers });
    expect(await lineOf(house, /sign-in/)).toMatch(
      /^192\.0\.2\.7 - - \[.*\] "GET \/sign-in HTTP\/1\.1" 200 \S+ "https:\/\/a\.example\/x" "browser"$/,
    );
    await fetch(`${house.admin}/api/v1/clients`);
    expect(await lineOf(house, /api/)).toMatch(/^127\.0\.0\.1 - - \[.*\] "GET \/api\/v1\/clients HTTP\/1\.1" 401 /);
  });

  it('names the caller of a call that a proxy asks about', async () => {
    house = await observedHouse(config('combined').replace('port: 0,', 'trusted_proxies: [127.0.0.1], port: 0,'));
    await fetch(`${house.url}/auth`, {
      headers: {
        ...{ 'X-Original-Method': 'GET', 'X-Original-URI': '/orders/1', 'X-Forwarded-For': '192.0.2.7' },
        'User-Agent': 'browser',
      },
    });
    expect(await lineOf(house, /orders/)).toMatch(
      /^192\.0\.2\.7 - - \[.*\] "GET \/orders\/1 HTTP\/1\.1" 401 - "-" "browser"$/,
    );
  });

  it('can be silent, and changes with the configuration', async () => {
    house = await observedHouse(config('none'));
    await fetch(`${house.url}/orders/1`);
    expect(await house.reload(config('combined'))).toEqual([]);
    await fetch(`${house.url}/orders/2`);
    await lineOf(house, /orders\/2/);
    expect(await house.reload(config('json'))).toEqual([]);
    await fetch(`${house.url}/orders/3`);
    const at = house;
    const line = await until(() => at.lines().find((each) => each.includes('/orders/3')));
    expect(JSON.parse(line)).toMatchObject({ path: '/orders/3', status: 401 });
    expect(house.lines().join()).not.toContain('/orders/1');
  });
});
