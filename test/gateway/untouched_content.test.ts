import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, expect, it } from 'vitest';
import { route, startLaneServer } from '../support/lane_server.ts';
import { exchange, rawClient } from '../support/raw_client.ts';
import { type Script, startRecordingUpstream } from '../support/recording_upstream.ts';

/** Compression, ranges and validators are between the caller and the upstream: they pass as they are. */

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const it of open.splice(0).reverse()) await it.close();
});

async function start(script: Script) {
  const upstream = await startRecordingUpstream(script);
  open.push(upstream);
  const lane = await startLaneServer({ routes: [route('/api/*', upstream.origin, { auth: 'none' })] });
  open.push(lane);
  const call = (...lines: string[]) =>
    exchange(lane.port, ['GET /api/x HTTP/1.1', 'Host: g', ...lines, '', ''].join('\r\n'));
  return { upstream, call };
}

it('compressed bytes, their coding and validators', async () => {
  const bytes = gzipSync(Buffer.from('hello world '.repeat(2_000)));
  const { upstream, call } = await start(() =>
    Buffer.concat([
      Buffer.from(
        `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nVary: Accept-Encoding\r\nETag: W/"a-gzip"\r\nContent-Length: ${bytes.length}\r\n\r\n`,
      ),
      bytes,
    ]),
  );
  const answer = await call('Accept-Encoding: br;q=1.0, gzip;q=0.8', 'If-None-Match: "other"');
  expect(answer.values('content-encoding')).toEqual(['gzip']);
  expect([answer.values('etag'), answer.values('vary')]).toEqual([['W/"a-gzip"'], ['Accept-Encoding']]);
  const body = Buffer.from(answer.body, 'latin1');
  expect(body.equals(bytes)).toBe(true);
  expect(gunzipSync(body).toString()).toHaveLength(24_000);
  const request = await upstream.next();
  expect(request.values('accept-encoding')).toEqual(['br;q=1.0, gzip;q=0.8']);
  expect(request.values('if-none-match')).toEqual(['"other"']);
});

it('what has not changed, and a part of what has', async () => {
  const { upstream, call } = await start(({ values }) =>
    values('range').length > 0
      ? 'HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 2-4/10\r\nAccept-Ranges: bytes\r\nContent-Length: 3\r\n\r\ncde'
      : 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nLast-Modified: Fri, 20 Nov 2026 00:00:00 GMT\r\n\r\n',
  );
  const part = await call('Range: bytes=2-4', 'If-Range: "a"');
  expect(part).toMatchObject({ status: 206, body: 'cde' });
  expect(part.values('content-range')).toEqual(['bytes 2-4/10']);
  expect(part.values('accept-ranges')).toEqual(['bytes']);
  const request = await upstream.next();
  expect([request.values('range'), request.values('if-range')]).toEqual([['bytes=2-4'], ['"a"']]);
  const unchanged = await call('If-None-Match: "a"');
  expect(unchanged).toMatchObject({ status: 304, body: '' });
  expect(unchanged.values('etag')).toEqual(['"a"']);
  expect(unchanged.values('last-modified')).toHaveLength(1);
});

it('a form, wherever it is cut, though it is searched for a token', async () => {
  const upstream = await startRecordingUpstream(() => 'HTTP/1.1 204 No Content\r\n\r\n');
  open.push(upstream);
  const lane = await startLaneServer({ routes: [route('/api/*', upstream.origin, { auth: 'optional' })] });
  open.push(lane);
  const form = 'a=1&access_tokenized=2&access_token%5F=3&x=access_token';
  // Each cut is the end of a piece that looks like the name of the forbidden parameter, or nearly.
  for (const at of ['a=1&access_tok', 'a=1&access_token', 'a=1&access_tokenized=2&access_token', form.slice(0, -1)]) {
    const client = rawClient(lane.port);
    client.send(
      `POST /api/x HTTP/1.1\r\nHost: g\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${form.length}\r\n\r\n`,
    );
    client.send(form.slice(0, at.length));
    // What was sent is read and held before the rest comes: a call that goes its way in between proves it.
    await exchange(lane.port, 'GET /api/between HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n');
    await upstream.next();
    client.send(form.slice(at.length));
    expect((await client.response()).status).toBe(204);
    client.socket.destroy();
    expect((await upstream.next()).body.toString()).toBe(form);
  }
});
