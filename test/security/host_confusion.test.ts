import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readHost } from '../../src/gateway/host.ts';
import { type LaneServer, route, startLaneServer } from '../support/lane_server.ts';
import { exchange } from '../support/raw_client.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording_upstream.ts';

/*
 * Two readers of one Host header: the router takes `admin.example@public.example` or the second of two Hosts for one name, the
 * server behind it for another (Koa CVE-2026-27959). A request must name one host in one way, and is matched on all of that name.
 */

let upstream: RecordingUpstream;
let lane: LaneServer;
beforeAll(async () => {
  upstream = await startRecordingUpstream();
  lane = await startLaneServer({
    routes: [
      route('/*', upstream.origin, { name: 'admin', host: 'admin.example' }),
      route('/*', upstream.origin, { name: 'public', host: 'public.example', auth: 'none' }),
    ],
  });
});
afterAll(async () => {
  await lane.close();
  await upstream.close();
});

const call = (...lines: string[]) => exchange(lane.port, ['GET /x HTTP/1.1', ...lines, '', ''].join('\r\n'));

describe('a host that could be read in two ways is refused', () => {
  for (const value of [
    ...[
      'public.example@admin.example',
      'admin.example@public.example',
      'user:pw@public.example',
      'public.example, admin.example',
    ],
    ...[
      'public.example,',
      'public.example.',
      '.public.example',
      'public..example',
      'public.example:',
      'public.example:0',
    ],
    ...[
      'public.example:65536',
      'public.example:80:80',
      'public.example:8x',
      'public.example/admin',
      'public.example?x',
      '',
    ],
    ...[
      'public.example#x',
      'public.example\\x',
      'public%2eexample',
      'http://public.example',
      'public example',
      '[::1',
      '::1',
    ],
    ...['[::1]x', '[fe80::1%25eth0]', '[1.2.3.4]', 'pub\tlic.example', 'publíc.example', `${'a'.repeat(300)}.example`],
  ]) {
    it(JSON.stringify(value), async () => {
      const answer = await call(`Host: ${value}`);
      expect(answer.status).toBe(400);
      expect(answer.values('connection')).toEqual(['close']);
    });
  }

  it('none at all, two, or two in different spellings', async () => {
    for (const lines of [
      [],
      ['Host: public.example', 'Host: public.example'],
      ['Host: public.example', 'host: admin.example'],
      ['HOST: admin.example', 'Host: public.example'],
      ['Host: public.example', 'Host : admin.example'],
    ]) {
      expect((await call(...lines)).status, lines.join()).toBe(400);
    }
  });

  it('also as an absolute target', async () => {
    const answer = await exchange(lane.port, 'GET http://public.example/x HTTP/1.1\r\nHost: admin.example\r\n\r\n');
    expect(answer.status).toBe(400);
  });

  it('and nothing of all that arrived', () => expect(upstream.requests).toHaveLength(0));
});

describe('a host is matched on its whole name, in any letter case, whatever the port', () => {
  for (const [host, status] of [
    ['public.example', 200],
    ['PUBLIC.Example:8080', 200],
    ['admin.example', 401],
    ['ADMIN.EXAMPLE:1', 401],
    ['xpublic.example', 404],
    ['public.example.evil', 404],
    ['public_example', 404],
    ['example', 404],
  ] as const) {
    it(`${host} is ${status}`, async () => expect((await call(`Host: ${host}`)).status).toBe(status));
  }
});

it('underscored spellings of Host never arrive', async () => {
  await call('Host: public.example', 'X-Host: a', 'X-Original-Host: admin.example', 'Proxy-Host: admin.example');
  const last = upstream.requests.at(-1);
  expect(last?.values('x-original-host')).toEqual([]);
  expect(last?.values('proxy-host')).toEqual([]);
  expect(last?.values('host')).toEqual([upstream.origin.slice('http://'.length)]);
});

it('IPv6 literals are names too', () => {
  expect(readHost('[::1]:8080')).toEqual({ name: '[::1]', authority: '[::1]:8080' });
  expect(readHost('[2001:DB8::1]')).toEqual({ name: '[2001:db8::1]', authority: '[2001:db8::1]' });
});
