import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LaneServer, route, startLaneServer } from '../support/lane_server.ts';
import { exchange } from '../support/raw_client.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording_upstream.ts';

/*
 * `Connection` names headers that end at this hop, so a proxy removes them. If it does so after it has set its own, a caller takes
 * away the identity (Traefik CVE-2024-45410, Apache CVE-2022-31813); if it removes framing headers, a request ends elsewhere.
 */

let upstream: RecordingUpstream;
let lane: LaneServer;
let bearer: string;
beforeAll(async () => {
  upstream = await startRecordingUpstream();
  lane = await startLaneServer({ routes: [route('/*', upstream.origin)] });
  bearer = `Authorization: Bearer ${await lane.token()}`;
});
afterAll(async () => {
  await lane.close();
  await upstream.close();
});

async function call(lines: readonly string[], body = '') {
  const before = upstream.requests.length;
  const method = body ? 'POST' : 'GET';
  const answer = await exchange(
    lane.port,
    [`${method} /x HTTP/1.1`, 'Host: g', bearer, ...lines, '', body].join('\r\n'),
  );
  return { answer, arrived: upstream.requests.slice(before) };
}

describe('naming one of our headers takes nothing away', () => {
  for (const name of [
    'X-User-Id',
    'x-user-id',
    'X_User_Id',
    'X-Client-Id',
    'X-Token-Scopes',
    'X-Request-Id',
    'X-Forwarded-For',
  ]) {
    for (const value of [name, `close, ${name}`, `${name},${name}`, ` , ${name} ,keep-alive`]) {
      it(value, async () => {
        const { answer, arrived } = await call([`Connection: ${value}`, `${name}: root`]);
        expect(answer.status).toBe(200);
        expect(arrived[0]?.values('x-user-id')).toEqual(['u-alice']);
        expect(arrived[0]?.values(name.replaceAll('_', '-'))).toHaveLength(1);
        expect(JSON.stringify(arrived[0]?.headers)).not.toContain('root');
      });
    }
  }

  it('Authorization', async () => {
    const { answer, arrived } = await call(['Connection: authorization']);
    expect(answer.status).toBe(200);
    expect(arrived[0]?.values('x-user-id')).toEqual(['u-alice']);
  });
});

describe('naming the framing or the host is refused', () => {
  for (const name of ['content-length', 'Content-Length', 'transfer-encoding', 'Transfer-Encoding', 'host', 'HOST']) {
    for (const value of [name, `keep-alive, ${name}`, `close,\t${name}`]) {
      it(JSON.stringify(value), async () => {
        const { answer, arrived } = await call([`Connection: ${value}`, 'Content-Length: 5'], 'hello');
        expect(answer.status).toBe(400);
        expect(answer.values('connection')).toEqual(['close']);
        expect(arrived).toEqual([]);
      });
    }
  }

  it('also when it is spread over several lines', async () => {
    const { answer, arrived } = await call(
      ['Connection: keep-alive', 'Connection: content-length', 'Content-Length: 5'],
      'hello',
    );
    expect(answer.status).toBe(400);
    expect(arrived).toEqual([]);
  });
});

it('what it names otherwise ends here, in every spelling, and so do hop-by-hop headers', async () => {
  const { answer, arrived } = await call([
    ...['Connection: X-Hop, x-other', 'X-Hop: 1', 'X-OTHER: 2', 'X_Other: 3', 'X-Stays: 4'],
    ...[
      'Keep-Alive: timeout=5',
      'TE: trailers',
      'Trailer: X',
      'Upgrade: h2c',
      'HTTP2-Settings: x',
      'Proxy-Connection: keep-alive',
    ],
    ...['Proxy-Authorization: x', 'Transfer_Encoding: chunked', 'Content_Length: 9'],
  ]);
  expect(answer.status).toBe(200);
  const sent = arrived[0]?.headers.map(([name]) => name.toLowerCase()) ?? [];
  expect(sent).toContain('x-stays');
  for (const name of ['x-hop', 'x-other', 'x_other', 'keep-alive', 'te', 'trailer', 'upgrade', 'http2-settings']) {
    expect(sent).not.toContain(name);
  }
  for (const name of ['proxy-connection', 'proxy-authorization', 'transfer_encoding', 'content_length']) {
    expect(sent).not.toContain(name);
  }
  expect(arrived[0]?.values('connection')).toEqual(['keep-alive']);
});
