import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LaneServer, route, startLaneServer } from '../support/lane_server.ts';
import { exchange, rawClient } from '../support/raw_client.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording_upstream.ts';

/*
 * A token in another place than the Authorization header: in the query it ends up in logs and histories, in the body or a second
 * header the server behind the gateway may believe another token than the one that was checked (RFC 6750 §2, §5.3).
 */

let upstream: RecordingUpstream;
let lane: LaneServer;
let token: string;
beforeAll(async () => {
  upstream = await startRecordingUpstream();
  lane = await startLaneServer({ routes: [route('/*', upstream.origin)] });
  token = await lane.token();
});
afterAll(async () => {
  await lane.close();
  await upstream.close();
});

const get = (target: string, ...lines: string[]) =>
  exchange(lane.port, [`GET ${target} HTTP/1.1`, 'Host: g', ...lines, '', ''].join('\r\n'));
const bearer = () => `Authorization: Bearer ${token}`;

describe('in the query, with a good header beside it or not', () => {
  for (const query of [
    ...[
      'access_token=x',
      'a=1&access_token=x',
      'access_token',
      'access_token&a',
      'a=&access_token=',
      'a;access_token=x',
    ],
    ...[
      '%61ccess_token=x',
      'access%5Ftoken=x',
      'access%5ftoken=x',
      'a%63%63ess_token=x',
      'access_toke%6E',
      '&&access_token=x',
    ],
  ]) {
    it(query, async () => {
      for (const lines of [[], [bearer()]]) {
        const answer = await get(`/x?${query}`, ...lines);
        expect(answer.status).toBe(400);
        expect(JSON.parse(answer.body).error).toBe('invalid_request');
      }
    });
  }

  for (const query of [
    'Access_Token=x',
    'access_tokens=x',
    'my_access_token=x',
    'a=access_token',
    'a=b=access_token=x',
    'access%255ftoken=x',
    '%zzaccess_token',
  ]) {
    it(`${query} is another parameter`, async () => expect((await get(`/x?${query}`, bearer())).status).toBe(200));
  }
});

describe('in the header', () => {
  for (const value of [
    'Bearer',
    'Bearer ',
    'bearer',
    'Bearer\tT',
    'Bearer T T',
    'Bearer T,T',
    'Bearer T, Bearer T',
    'Bearer "T"',
    'Bearer =',
    'Bearer T=T',
    'Bearer Té',
  ]) {
    it(`${JSON.stringify(value)} is malformed: 400`, async () => {
      const answer = await get('/x', `Authorization: ${value.replaceAll('T', token)}`);
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.body).error).toBe('invalid_request');
    });
  }

  for (const value of ['bearer T', 'BEARER T', 'bEaReR   T']) {
    it(`${value} is good: scheme names ignore case`, async () => {
      expect((await get('/x', `authorization: ${value.replace('T', token)}`)).status).toBe(200);
    });
  }

  for (const value of ['Basic T', 'Bearerx T', 'Token T', 'Bearer/T', 'T', '']) {
    it(`${JSON.stringify(value)} is no bearer token: 401 without an error code`, async () => {
      const answer = await get('/x', `Authorization: ${value.replace('T', token)}`);
      expect(answer.status).toBe(401);
      expect(answer.values('www-authenticate')).toEqual(['Bearer realm="gatehouse"']);
    });
  }

  it('twice, in any order and spelling, is 400', async () => {
    for (const lines of [
      [bearer(), bearer()],
      [bearer(), 'authorization: Basic x'],
      ['AUTHORIZATION: Basic x', bearer()],
    ]) {
      expect((await get('/x', ...lines)).status).toBe(400);
    }
  });

  it('other spellings of the header are no header, and do not go on', async () => {
    for (const name of ['Authorization_', 'X-Authorization', 'Proxy-Authorization']) {
      expect((await get('/x', `${name}: Bearer ${token}`)).status).toBe(401);
    }
  });
});

describe('in a form', () => {
  const head = (length: string, type = 'application/x-www-form-urlencoded') =>
    ['POST /x HTTP/1.1', 'Host: g', bearer(), `Content-Type: ${type}`, length, '', ''].join('\r\n');

  for (const body of ['access_token=x', 'a=1&access_token=x', 'a=1&acc%65ss_token=x&b=2', 'access_token']) {
    it(`${body} is 400, and nothing went upstream`, async () => {
      const before = upstream.requests.length;
      for (const type of ['application/x-www-form-urlencoded', 'Application/X-WWW-Form-Urlencoded; charset=utf-8']) {
        const answer = await exchange(lane.port, head(`Content-Length: ${body.length}`, type) + body);
        expect(answer.status).toBe(400);
        expect(answer.values('connection')).toEqual(['close']);
      }
      const chunk = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
      expect((await exchange(lane.port, head('Transfer-Encoding: chunked') + chunk)).status).toBe(400);
      expect(upstream.requests.length).toBe(before);
      expect(Buffer.concat(upstream.connections.map(({ bytes }) => bytes)).toString()).not.toContain('POST /x');
    });
  }

  it('cut anywhere into pieces is still found, and the call that had begun is broken off', async () => {
    const body = 'a=1&acces%73_token=x';
    for (let cut = 1; cut < body.length; cut++) {
      const before = upstream.requests.length;
      const client = rawClient(lane.port);
      client.send(head(`Content-Length: ${body.length}`) + body.slice(0, cut));
      await new Promise((resolve) => setImmediate(resolve));
      client.send(body.slice(cut));
      expect((await client.response()).status).toBe(400);
      await client.closed();
      expect(upstream.requests.length).toBe(before);
    }
  });

  it('that is as long as you like passes if it has no token in it', async () => {
    const body = `x=${'access_token'.repeat(50_000)}&y=access_token`;
    const answer = await exchange(lane.port, head(`Content-Length: ${body.length}`) + body);
    expect(answer.status).toBe(200);
    expect(upstream.requests.at(-1)?.body.toString()).toBe(body);
  });

  it('and in no other kind of body is anything looked for', async () => {
    const answer = await exchange(lane.port, `${head('Content-Length: 14', 'text/plain')}access_token=x`);
    expect(answer.status).toBe(200);
  });
});
