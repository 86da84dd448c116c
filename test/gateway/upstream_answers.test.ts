import { afterEach, describe, expect, it } from 'vitest';
import { AnswerParser, type AnswerSink } from '../../src/gateway/upstream/answer_parser.ts';
import { createUpstreams } from '../../src/gateway/upstream/upstreams.ts';
import { route } from '../support/lane_server.ts';
import { startRecordingUpstream } from '../support/recording_upstream.ts';
import { call } from '../support/upstream_call.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const it of open.splice(0).reverse()) await it.close();
});

/** An upstream that gives the answers one after another, in turn for ever. */
async function start(...answers: readonly string[]) {
  let turn = 0;
  const upstream = await startRecordingUpstream(() => Buffer.from(answers[turn++ % answers.length] ?? '', 'latin1'));
  const upstreams = createUpstreams({});
  open.push(upstream, upstreams);
  const to = route('/*', upstream.origin);
  return { upstream, call: (method = 'GET') => call(upstreams, to, { method }) };
}

const GOOD = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const lines = (...all: string[]) => `${['HTTP/1.1 200 OK', ...all].join('\r\n')}\r\n\r\n`;
const chunked = (body: string) => `${lines('Transfer-Encoding: chunked')}${body}`;

/** What it is called in the log, and the bytes. */
const NONSENSE: readonly (readonly [title: string, code: string, bytes: string])[] = [
  ['another protocol', 'not_http', 'SSH-2.0-OpenSSH_9.9\r\n'],
  ['another version', 'not_http', 'HTTP/2.0 200 OK\r\n\r\n'],
  ['HTTP/0.9', 'not_http', '<html>hello</html>\r\n'],
  ['version and status without a space', 'not_http', 'HTTP/1.1200 OK\r\n\r\n'],
  ['a status of two digits', 'bad_status', 'HTTP/1.1 20 OK\r\n\r\n'],
  ['a status of four digits', 'bad_status', 'HTTP/1.1 2000 OK\r\n\r\n'],
  ['a status below 100', 'bad_status', 'HTTP/1.1 099 No\r\n\r\n'],
  ['a control character in the reason', 'bad_status', 'HTTP/1.1 200 O\x00K\r\n\r\n'],
  ['a bare carriage return in the reason', 'bad_line', 'HTTP/1.1 200 O\rK\r\n\r\n'],
  ['bare line feeds', 'not_http', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok'],
  ['a bare line feed behind a header', 'bad_value', lines('X: 1\nContent-Length: 0')],
  ['a bare carriage return in a header', 'bad_line', lines('X: 1\rContent-Length: 0')],
  ['a zero byte in a header', 'bad_value', lines('X: 1\x002')],
  ['a folded line', 'bad_name', lines('X: 1', ' 2')],
  ['a line that is folded with a tab', 'bad_name', lines('X: 1', '\t2')],
  ['a space before the colon', 'bad_name', lines('Content-Length : 2')],
  ['no name', 'bad_name', lines(': 1')],
  ['no colon', 'bad_name', lines('Content-Length 2')],
  ['a name that is no token', 'bad_name', lines('X(1): 2')],
  ['a name beyond ASCII', 'bad_name', lines('X\xe9: 2')],
  ['two lengths', 'two_lengths', `${lines('Content-Length: 2', 'Content-Length: 3')}abc`],
  ['the same length twice', 'two_lengths', `${lines('Content-Length: 2', 'Content-Length: 2')}ok`],
  ['a list of lengths', 'bad_length', `${lines('Content-Length: 2, 2')}ok`],
  ['a length with a sign', 'bad_length', `${lines('Content-Length: +2')}ok`],
  ['a hexadecimal length', 'bad_length', `${lines('Content-Length: 0x2')}ok`],
  ['no length where one is said', 'bad_length', lines('Content-Length:')],
  ['a length beyond all numbers', 'bad_length', lines(`Content-Length: ${'9'.repeat(16)}`)],
  ['a length and chunks', 'length_and_coding', `${lines('Content-Length: 5', 'Transfer-Encoding: chunked')}0\r\n\r\n`],
  ['a coding that would be lost', 'bad_coding', `${lines('Transfer-Encoding: gzip, chunked')}0\r\n\r\n`],
  ['a coding that hides', 'bad_coding', `${lines('Transfer-Encoding: xchunked')}0\r\n\r\n`],
  ['chunks twice', 'bad_coding', `${lines('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked')}0\r\n\r\n`],
  ['chunks in HTTP/1.0', 'bad_coding', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['chunks on 204', 'bad_coding', 'HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a length on an interim answer', 'bad_interim', `HTTP/1.1 103 X\r\nContent-Length: 5\r\n\r\n${GOOD}`],
  [
    'a switch that nobody asked for',
    'bad_switch',
    'HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n',
  ],
  ['endless interim answers', 'endless_interim', `${'HTTP/1.1 103 X\r\n\r\n'.repeat(21)}${GOOD}`],
  ['too many lines', 'too_many_lines', lines(...Array.from({ length: 257 }, (_, at) => `X-${at}: 1`))],
  ['a giant head', 'long_head', `${lines(`X: ${'a'.repeat(70_000)}`)}`],
  ['a head that never ends', 'long_head', `HTTP/1.1 200 OK\r\n${'X: 1\r\n'.repeat(12_000)}`],
];

/** After the head went on there is only one way to say so: the answer is cut off. */
const NONSENSE_IN_BODY: readonly (readonly [title: string, code: string, bytes: string])[] = [
  ['a chunk without a size', 'bad_chunk', '\r\nabc\r\n'],
  ['a size that is no number', 'bad_chunk', 'xyz\r\nabc\r\n'],
  ['a size with a prefix', 'bad_chunk', '0x3\r\nabc\r\n'],
  ['a size with a sign', 'bad_chunk', '+3\r\nabc\r\n'],
  ['a size of nine digits', 'bad_chunk', '000000003\r\nabc\r\n'],
  ['a space behind the size', 'bad_chunk', '3 \r\nabc\r\n'],
  ['a size that ends with a bare line feed', 'bad_chunk', '3\nabc\r\n'],
  ['a chunk that is longer than it says', 'bad_chunk', '3\r\nabcd\r\n'],
  ['a chunk that ends with a bare line feed', 'bad_chunk', '3\r\nabc\n'],
  ['a bare carriage return in an extension', 'bad_chunk', '3;a\rb\r\nabc\r\n'],
  ['an extension that is none', 'bad_extension', '3;a b\r\nabc\r\n'],
  ['endless extensions', 'bad_extension', `3;${'a'.repeat(4_200)}\r\nabc\r\n`],
  ['a trailer without a name', 'bad_trailer', '0\r\n: 1\r\n\r\n'],
  ['a folded trailer', 'bad_trailer', '0\r\nX: 1\r\n 2\r\n\r\n'],
  ['a trailer that ends with a bare line feed', 'bad_trailer', '0\r\nX: 1\n\r\n'],
  ['endless trailers', 'bad_trailer', `0\r\n${'X: 1\r\n'.repeat(2_000)}`],
];

describe('nonsense', () => {
  for (const [title, code, bytes] of [
    ...NONSENSE,
    ...NONSENSE_IN_BODY.map(([title, code, body]) => [`${title}, at once`, code, chunked(body)] as const),
  ]) {
    it(`(${title}) is no answer, and its connection is not used again`, async () => {
      const { upstream, call } = await start(bytes, GOOD);
      const told = await call();
      expect(told.status).toBeUndefined();
      expect(told.error).toMatchObject({ problem: 'nonsense', code });
      await upstream.idle();
      expect(await call()).toMatchObject({ status: 200, body: 'ok', error: undefined });
      expect(upstream.connections.map((it) => it.open)).toEqual([false, true]);
    });
  }

  for (const [title, code, bytes] of NONSENSE_IN_BODY) {
    it(`(${title}) cuts off an answer that had begun`, () => {
      const seen = parse([chunked('2\r\nok\r\n'), bytes]);
      expect(seen).toMatchObject({ status: 200, end: code });
      expect(seen.body.startsWith('ok')).toBe(true);
    });
  }
});

/** What the parser makes of the bytes in these pieces, and of the end of the connection behind them. */
function parse(pieces: readonly string[], method = 'GET') {
  let seen = { status: 0, headers: [] as readonly string[], body: '', trailers: [] as readonly string[], end: 'open' };
  const sink: AnswerSink = {
    onWhole({ status, headers }, body, clean) {
      seen = { ...seen, status, headers, body, end: clean ? 'whole' : 'more' };
    },
    onHead({ status, headers }) {
      seen = { ...seen, status, headers };
    },
    onData(chunk) {
      seen.body += chunk.toString('latin1');
    },
    onEnd(trailers = [], clean) {
      seen = { ...seen, trailers, end: clean ? 'whole' : 'more' };
    },
    onSwitch() {},
    onProgress() {},
    onFault(fault) {
      seen.end = fault;
    },
  };
  const parser = new AnswerParser(sink);
  parser.begin(method, undefined);
  for (const piece of pieces) parser.take(Buffer.from(piece, 'latin1'), piece.length);
  if (seen.end === 'open' && parser.end()) seen.end = 'ended';
  return seen;
}

const ANSWERS: Record<string, string> = {
  'of known length': `${lines('Content-Length: 11', 'Set-Cookie: a=1', 'Set-Cookie:b=2 ', 'X-Empty:')}hello world`,
  'in chunks': chunked('5\r\nhello\r\n6;a=b;c="d"\r\n world\r\n0\r\nX-T: 1\r\nContent-Length: 5\r\n\r\n'),
  'behind hints': `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${GOOD}`,
  'without a reason': 'HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok',
  'without a body': lines('Content-Length: 0'),
  'of 304 with a length': 'HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\nETag: "1"\r\n\r\n',
};

describe('an answer', () => {
  it('says its length in one spelling: with a zero in front it is another number in octal', async () => {
    const { call } = await start('HTTP/1.1 200 OK\r\nContent-Length: 010\r\n\r\n0123456789');
    expect(await call()).toMatchObject({ status: 200, headers: ['content-length', '10'], body: '0123456789' });
  });

  for (const [title, bytes] of Object.entries(ANSWERS)) {
    it(`(${title}) is the same however it is cut, and complete only with its last byte`, () => {
      const whole = parse([bytes]);
      expect(whole.end).toBe('whole');
      for (let at = 1; at < bytes.length; at++) {
        expect(parse([bytes.slice(0, at), bytes.slice(at)])).toEqual(whole);
        expect(parse([bytes.slice(0, at)]).end).toBe('open');
      }
      expect(parse([...bytes])).toEqual(whole);
      expect(parse([`${bytes}H`])).toEqual({ ...whole, end: 'more' });
    });
  }

  it('keeps its trailers, but none that would change where the body ends, or that are ours', () => {
    expect(parse([ANSWERS['in chunks'] ?? ''])).toMatchObject({ body: 'hello world', trailers: ['X-T', '1'] });
    for (const name of ['Transfer-Encoding', 'Connection', 'Trailer', 'X-Request-Id', 'Set-Cookie', 'RateLimit-Policy'])
      expect(parse([chunked(`0\r\n${name}: 1\r\n\r\n`)])).toMatchObject({ trailers: [], end: 'whole' });
  });

  it('ends with the connection where nothing else says where', () => {
    expect(parse([lines('X: 1'), 'abc', 'def'])).toMatchObject({ body: 'abcdef', end: 'ended' });
  });

  it('to HEAD has no body, whatever it says', () => {
    for (const line of ['Content-Length: 1000', 'Transfer-Encoding: chunked'])
      expect(parse([lines(line)], 'HEAD')).toMatchObject({ body: '', end: 'whole' });
  });

  it('stands if more comes behind it, but its connection is not used again', async () => {
    const { upstream, call } = await start(`${GOOD}${GOOD}`, GOOD);
    for (let turn = 0; turn < 2; turn++) {
      expect(await call()).toMatchObject({ status: 200, body: 'ok', error: undefined });
      if (turn === 0) await upstream.idle();
    }
    expect(upstream.connections).toHaveLength(2);
  });

  it('of HTTP/1.0, or one that closes, ends its connection', async () => {
    const { upstream, call } = await start(
      'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok',
      lines('Connection: X-A, Close', 'X-A: 1', 'Content-Length: 0'),
      GOOD,
    );
    await call();
    await upstream.idle();
    expect((await call()).headers).toEqual(['content-length', '0']);
    await upstream.idle();
    await call();
    await call();
    expect(upstream.connections).toHaveLength(3);
  });
});
