import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LaneServer, route, startLaneServer } from '../support/lane_server.ts';
import { exchange, rawClient } from '../support/raw_client.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording_upstream.ts';

/*
 * The fast lane has a parser of its own, so there are two that could disagree about where a request ends. Each case is sent to a
 * server with the fast lane and to one without it. Both must let the same requests through, with the same bodies, answer the same
 * and close at the same point, however the bytes are cut on their way. `GET /smuggled` must never be seen.
 */

let upstream: RecordingUpstream;
const lanes: LaneServer[] = [];
beforeAll(async () => {
  upstream = await startRecordingUpstream();
  const routes = [route('/*', upstream.origin, { auth: 'none' })];
  lanes.push(await startLaneServer({ via: 'full', routes }), await startLaneServer({ via: 'fast', routes }));
});
afterAll(async () => {
  for (const lane of lanes) await lane.close();
  await upstream.close();
});

const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: g\r\n\r\n';
const CHUNKED = `${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`;
/** Ends the connection, if it is still there and in step. */
const LAST = 'GET /last HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n';

const request = (lines: readonly string[], body = '', method = 'POST') =>
  [`${method} /x HTTP/1.1`, 'Host: g', ...lines, '', body].join('\r\n');
const length = (body: string) => `Content-Length: ${body.length}`;

const cases: Record<string, string> = {
  'CL.TE': request(['Content-Length: 6', 'Transfer-Encoding: chunked'], `0\r\n\r\n${SMUGGLED}`),
  'TE.CL': request(['Transfer-Encoding: chunked', 'Content-Length: 4'], CHUNKED),
  'CL.CL': request(['Content-Length: 0', length(SMUGGLED)], SMUGGLED),
  'CL.CL, equal': request([length(SMUGGLED), length(SMUGGLED)], SMUGGLED),
  'CL.CL in one line': request([`Content-Length: ${SMUGGLED.length}, ${SMUGGLED.length}`], SMUGGLED),
  'CL.0': request([length(SMUGGLED)], SMUGGLED, 'GET'),
  'a length of 0 before a request': request(['Content-Length: 0'], SMUGGLED.replace('/smuggled', '/next')),
  'a length with leading zeros': request([`Content-Length: 000${SMUGGLED.length}`], SMUGGLED),
  'a length with 15 digits': request(['Content-Length: 000000000000000'], SMUGGLED.replace('/smuggled', '/next')),
  'a length with 16 digits': request([`Content-Length: 00000000000000${SMUGGLED.length}`], SMUGGLED),
  'a length with blanks around it': request([`Content-Length: \t ${SMUGGLED.length} \t`], SMUGGLED),
  'a length with a vertical tab': request([`Content-Length: \x0b${SMUGGLED.length}`], SMUGGLED),
  'a length with a no-break space': request([`Content-Length: \xa0${SMUGGLED.length}`], SMUGGLED),
  'a length with a sign': request([`Content-Length: +${SMUGGLED.length}`], SMUGGLED),
  'a length with an underscore': request(
    [`Content_Length: ${SMUGGLED.length}`],
    SMUGGLED.replace('/smuggled', '/next'),
  ),
  'a length by another spelling beside one': request(['Content_Length: 0', length(SMUGGLED)], SMUGGLED),
  'a length in an unfinished line': `POST /x HTTP/1.1\r\nHost: g\r\nX: Content-Length: 5\r\n${length(SMUGGLED)}\r\n\r\n${SMUGGLED}`,
  'chunks in a GET': request(['Transfer-Encoding: chunked'], CHUNKED, 'GET'),
  'chunks with a tab': request(['Transfer-Encoding:\tchunked'], CHUNKED),
  'chunks with a vertical tab': request(['Transfer-Encoding: \x0bchunked'], CHUNKED),
  'chunks in other letters': request(['tRANSFER-eNCODING: CHUNKED'], CHUNKED),
  'chunks behind a NUL': request(['Transfer-Encoding: \0chunked'], CHUNKED),
  'chunks named by a connection header': request(
    ['Connection: transfer-encoding', 'Transfer-Encoding: chunked'],
    CHUNKED,
  ),
  'a length named by a connection header': request(['Connection: content-length', length(SMUGGLED)], SMUGGLED),
  'a space before the colon': request([`Content-Length : ${SMUGGLED.length}`], SMUGGLED),
  'a tab before the colon': request([`Content-Length\t: ${SMUGGLED.length}`], SMUGGLED),
  'a space before the name': request([` Content-Length: ${SMUGGLED.length}`], SMUGGLED),
  'an obs-fold': request(['X-A: 1', ` ${length(SMUGGLED)}`], SMUGGLED),
  'an obs-fold in a length': request(['Content-Length:', ` ${SMUGGLED.length}`], SMUGGLED),
  'an obs-fold with a tab': request(['X-A: 1', '\tTransfer-Encoding: chunked'], CHUNKED),
  'a bare LF behind the request line': `POST /x HTTP/1.1\nHost: g\r\n${length(SMUGGLED)}\r\n\r\n${SMUGGLED}`,
  'a bare LF behind a header': `POST /x HTTP/1.1\r\nHost: g\n${length(SMUGGLED)}\r\n\r\n${SMUGGLED}`,
  'a bare LF at the end of the head': `POST /x HTTP/1.1\r\nHost: g\r\n${length(SMUGGLED)}\r\n\n${SMUGGLED}`,
  'two bare LFs': `POST /x HTTP/1.1\r\nHost: g\n\n${SMUGGLED}`,
  'a bare CR in a value': request([`X: a\rTransfer-Encoding: chunked`, length(SMUGGLED)], SMUGGLED),
  'a bare CR behind a header': `POST /x HTTP/1.1\r\nHost: g\r${length(SMUGGLED)}\r\n\r\n${SMUGGLED}`,
  'CR CR LF': `POST /x HTTP/1.1\r\nHost: g\r\r\n${length(SMUGGLED)}\r\n\r\n${SMUGGLED}`,
  'a NUL in a name': request([`Content-Length\0: ${SMUGGLED.length}`], SMUGGLED),
  'a NUL in a value': request(['X: a\0b', length(SMUGGLED)], SMUGGLED),
  'a NUL in the target': `POST /x\0y HTTP/1.1\r\nHost: g\r\n${length(SMUGGLED)}\r\n\r\n${SMUGGLED}`,
  'a control character in a value': request(['X: a\x01b', length(SMUGGLED)], SMUGGLED),
  'DEL in a value': request(['X: a\x7fb', length(SMUGGLED)], SMUGGLED),
  'bytes beyond ASCII in a value': request(['X: \xe4\xff', length(SMUGGLED)], SMUGGLED),
  'bytes beyond ASCII in a name': request(['X\xe4: 1', length(SMUGGLED)], SMUGGLED),
  'bytes beyond ASCII in the target': `POST /x\xe4 HTTP/1.1\r\nHost: g\r\n${length(SMUGGLED)}\r\n\r\n${SMUGGLED}`,
  'two spaces before the version': `POST /x  HTTP/1.1\r\nHost: g\r\n${length(SMUGGLED)}\r\n\r\n${SMUGGLED}`,
  'a tab before the version': `POST /x\tHTTP/1.1\r\nHost: g\r\n${length(SMUGGLED)}\r\n\r\n${SMUGGLED}`,
  'a space behind the version': `POST /x HTTP/1.1 \r\nHost: g\r\n${length(SMUGGLED)}\r\n\r\n${SMUGGLED}`,
  'a version in lower case': `POST /x http/1.1\r\nHost: g\r\n${length(SMUGGLED)}\r\n\r\n${SMUGGLED}`,
  'HTTP/1.0': `POST /x HTTP/1.0\r\nHost: g\r\n${length(SMUGGLED)}\r\n\r\n${SMUGGLED}`,
  'a method in lower case': `post /x HTTP/1.1\r\nHost: g\r\n${length(SMUGGLED)}\r\n\r\n${SMUGGLED}`,
  'empty lines before a request': `\r\n\r\n${request([length(SMUGGLED)], SMUGGLED)}`,
  'an empty line between two requests': `${request([length('ab')], 'ab')}\r\n${request([length(SMUGGLED)], SMUGGLED)}`,
  'a header without a name': request([': x', length(SMUGGLED)], SMUGGLED),
  'a header without a colon': request([`Content-Length ${SMUGGLED.length}`], SMUGGLED),
  'Host twice': request(['Host: h', length(SMUGGLED)], SMUGGLED),
  'no Host': `POST /x HTTP/1.1\r\n${length(SMUGGLED)}\r\n\r\n${SMUGGLED}`,
  'an absolute target': `POST http://h/x HTTP/1.1\r\nHost: g\r\n${length(SMUGGLED)}\r\n\r\n${SMUGGLED}`,
  'Proxy-Connection: close before a request': `${request(['Proxy-Connection: close'], '', 'GET')}${SMUGGLED}`,
  'a form with a length': request(['Content-Type: application/x-www-form-urlencoded', length(SMUGGLED)], SMUGGLED),
  'a refused path before a request': `GET /x/../y HTTP/1.1\r\nHost: g\r\n\r\n${SMUGGLED}`,
  'a very long value': request([`X: ${'a'.repeat(20_000)}`, length(SMUGGLED)], SMUGGLED),
  'a head of just under 16 KiB': request([`X: ${'a'.repeat(16_200)}`, length(SMUGGLED)], SMUGGLED),
  'very many lines': request([...Array.from({ length: 120 }, (_, at) => `X-${at}: 1`), length(SMUGGLED)], SMUGGLED),
  'three plain requests, then chunks, then a plain one': [
    request([length('one')], 'one'),
    request([], '', 'GET'),
    request([length(SMUGGLED)], SMUGGLED, 'DELETE'),
    request(['Transfer-Encoding: chunked'], CHUNKED),
    request([length('two')], 'two'),
  ].join(''),
};

async function play(lane: LaneServer, pieces: readonly string[]) {
  // Leaves a connection to the upstream idle: over a new one, what should not go out could be too late to be seen.
  await exchange(lane.port, 'GET /warm HTTP/1.1\r\nHost: g\r\n\r\n');
  const before = upstream.requests.length;
  const client = rawClient(lane.port);
  const warm = pieces.length > 1;
  for (const piece of pieces) {
    client.send(piece);
    if (warm) await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const answers = (await client.closed()).toString('latin1');
  return {
    statuses: [...answers.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => Number(match[1])),
    arrived: upstream.requests
      .slice(before)
      .map(({ method, target, body }) => `${method} ${target} ${body.toString('latin1')}`)
      // node:http may have several under way at once.
      .sort(),
  };
}

describe('with and without the fast lane the same happens:', () => {
  for (const [title, bytes] of Object.entries(cases)) {
    it(title, async () => {
      const [full, fast] = lanes;
      if (full === undefined || fast === undefined) throw new Error('both lanes run');
      const whole = bytes + LAST;
      const expected = await play(full, [whole]);
      expect(await play(fast, [whole])).toEqual(expected);
      const middle = whole.indexOf('\r\n') + 1;
      expect(await play(fast, [whole.slice(0, middle), whole.slice(middle, -9), whole.slice(-9)])).toEqual(expected);
      for (const call of expected.arrived) expect(call).not.toMatch(/^GET \/smuggled/);
    });
  }
});

it('nothing behind a request that closes the connection is one', async () => {
  const fast = lanes[1];
  if (fast === undefined) throw new Error('both lanes run');
  const closing = request(['Connection: close', length('ab')], 'ab');
  expect(await play(fast, [closing + SMUGGLED])).toEqual({ statuses: [200], arrived: ['POST /x ab'] });
  expect(await play(fast, [closing, SMUGGLED])).toEqual({ statuses: [200], arrived: ['POST /x ab'] });
});

it('and the fast lane did carry what is plain', () => {
  expect(lanes[1]?.fastLane?.stats().taken).toBeGreaterThan(100);
});
