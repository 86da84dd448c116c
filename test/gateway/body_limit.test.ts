import { afterEach, describe, expect, it } from 'vitest';
import { bytes } from '../../src/model/units.ts';
import { route, startLaneServer } from '../support/lane_server.ts';
import { exchange, rawClient } from '../support/raw_client.ts';
import { startRecordingUpstream } from '../support/recording_upstream.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const it of open.splice(0).reverse()) await it.close();
});

async function start(more: Parameters<typeof route>[2] = {}) {
  const upstream = await startRecordingUpstream();
  open.push(upstream);
  const lane = await startLaneServer({ routes: [route('/api/*', upstream.origin, { maxBody: bytes(10), ...more })] });
  open.push(lane);
  const token = await lane.token();
  const head = (...lines: string[]) =>
    ['POST /api/x HTTP/1.1', 'Host: g', `Authorization: Bearer ${token}`, ...lines, '', ''].join('\r\n');
  return { upstream, lane, head };
}

describe('a body that is too long', () => {
  it('is refused by its length, before any of it has come and without the upstream', async () => {
    const { upstream, lane, head } = await start();
    const client = rawClient(lane.port);
    client.send(head('Content-Length: 11'));
    const answer = await client.response();
    expect([answer.status, JSON.parse(answer.body)]).toEqual([
      413,
      { error: 'payload_too_large', error_description: 'The body is longer than 10 bytes.' },
    ]);
    expect(answer.values('connection')).toEqual(['close']);
    client.send('hello world');
    await client.closed();
    expect(upstream.connections).toHaveLength(0);
    expect(await lane.reported()).toMatchObject({ status: 413, refused: 'payload_too_large', user: 'u-alice' });
  });

  it('is refused before its sender is told to go on', async () => {
    const { lane, head } = await start();
    const client = rawClient(lane.port);
    client.send(head('Content-Length: 11', 'Expect: 100-continue'));
    expect((await client.response()).status).toBe(413);
    client.close();
  });

  it('is refused when it has become too long, if it did not say its length; the upstream never sees it end', async () => {
    const { upstream, lane, head } = await start();
    const client = rawClient(lane.port);
    client.send(`${head('Transfer-Encoding: chunked')}5\r\nhello\r\n`);
    client.send('6\r\n world\r\n0\r\n\r\n');
    const answer = await client.response();
    expect([answer.status, JSON.parse(answer.body).error]).toEqual([413, 'payload_too_large']);
    expect(answer.values('connection')).toEqual(['close']);
    await client.closed();
    await upstream.idle();
    expect(upstream.requests).toHaveLength(0);
  });

  it('tells nobody anything who has no token', async () => {
    const { lane } = await start();
    const client = rawClient(lane.port);
    client.send('POST /api/x HTTP/1.1\r\nHost: g\r\nContent-Length: 11\r\n\r\nhello world');
    expect((await client.response()).status).toBe(401);
    client.close();
  });

  it('is refused on public routes as well', async () => {
    const { lane, upstream } = await start({ auth: 'none' });
    const call = 'POST /api/x HTTP/1.1\r\nHost: g\r\nContent-Length: 11\r\n\r\nhello world';
    expect((await exchange(lane.port, call, 'POST')).status).toBe(413);
    expect(upstream.connections).toHaveLength(0);
  });
});

it('one that is just as long as it may be goes through, with a length or in chunks', async () => {
  const { upstream, lane, head } = await start();
  expect((await exchange(lane.port, `${head('Content-Length: 10')}helloworld`, 'POST')).status).toBe(200);
  const chunked = `${head('Transfer-Encoding: chunked')}5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n`;
  expect((await exchange(lane.port, chunked, 'POST')).status).toBe(200);
  expect(upstream.requests.map(({ body }) => body.toString())).toEqual(['helloworld', 'helloworld']);
});
