import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LaneServer, route, startLaneServer } from '../support/lane_server.ts';
import { measured } from '../support/measured.ts';
import { exchange, rawClient } from '../support/raw_client.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording_upstream.ts';
import { BROKEN, chunked, REFUSED, request, SMUGGLED, WARM, WHOLE } from '../support/vectors/framing.ts';

/*
 * Two servers disagree about where a request ends, and one caller's bytes become the next caller's request (CL.TE, TE.CL, TE.TE,
 * CL.0, obs-fold, bare LF, chunk extensions, TE on HTTP/1.0; CVE-2026-29057: a chunked DELETE goes out with length 0 and a raw body).
 * Each case is sent in one piece on one connection. Either it is refused and the connection closed, or exactly one request with
 * exactly its body goes out. `GET /smuggled` must never be seen.
 */

let upstream: RecordingUpstream;
let lane: LaneServer;
beforeAll(async () => {
  upstream = await startRecordingUpstream();
  lane = await startLaneServer({ routes: [route('/*', upstream.origin, { auth: 'none' })] });
});
afterAll(async () => {
  await lane.close();
  await upstream.close();
});

/** Sends the bytes, waits for the gateway to close (or hangs up), and tells what came back and what went out. */
async function play(bytes: string, hangUp = false) {
  // Leaves a connection to the upstream idle: over a new one, what should not go out could be too late to be seen.
  await exchange(lane.port, WARM);
  const before = upstream.requests.length;
  const client = rawClient(lane.port);
  client.send(bytes);
  if (hangUp) client.socket.end();
  const answer = (await client.closed()).toString('latin1');
  const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => Number(match[1]));
  return { statuses, arrived: upstream.requests.slice(before) };
}

describe('refused, and the connection closed', () => {
  for (const [title, bytes] of Object.entries(REFUSED)) {
    it(title, async () => {
      const { statuses, arrived } = await play(bytes);
      expect(arrived).toEqual([]);
      // A parser that cannot even tell what was asked may close without a word.
      expect(statuses.filter((status) => status !== 400)).toEqual([]);
      expect(statuses.length).toBeLessThan(2);
    });
  }
});

describe('a body that breaks off never arrives as a complete request', () => {
  for (const [title, bytes] of Object.entries(BROKEN)) {
    it(title, async () => {
      const { arrived } = await play(bytes, true);
      expect(arrived).toEqual([]);
    });
  }
});

describe('exactly one request, with exactly its body', () => {
  it.each(Object.entries(WHOLE))('%s', async (_title, bytes) => {
    const { statuses, arrived } = await play(bytes);
    expect(statuses).toEqual([200]);
    expect(arrived).toHaveLength(1);
    expect(arrived[0]?.target).toBe('/x');
    expect(arrived[0]?.body.toString()).toBe(SMUGGLED);
  });

  it('and a second one on the same connection is a second one', async () => {
    const { statuses, arrived } = await play(
      request('DELETE', ['Transfer-Encoding: chunked'], chunked('one')) +
        request('POST', ['Content-Length: 3', 'Connection: close'], 'two'),
    );
    expect(statuses).toEqual([200, 200]);
    expect(arrived.map(({ body }) => body.toString())).toEqual(['one', 'two']);
  });
});

it('nothing smuggled was ever seen as a request, and every connection to the upstream stayed in step', () => {
  for (const { target } of upstream.requests) expect(target).toBe('/x');
  const count = [REFUSED, BROKEN, WHOLE].flatMap((cases) => Object.keys(cases)).length;
  expect(count).toBeGreaterThanOrEqual(93);
  measured({ id: 'B1', what: 'framing cases', count, max: 0, unit: 'smuggled' });
});
