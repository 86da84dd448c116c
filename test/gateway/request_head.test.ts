import { describe, expect, it } from 'vitest';
import { isFailure } from '../../src/gateway/canonical_target.ts';
import { DEFAULT_IDENTITY_HEADERS, headerKinds } from '../../src/gateway/header_kinds.ts';
import { readHead } from '../../src/gateway/request_head.ts';

/**
 * The parsers in front refuse most of this before it comes here. They change with every release of Node, and one day another reads
 * the bytes; what has two readings must be refused here too.
 */

const kindOf = headerKinds(DEFAULT_IDENTITY_HEADERS);

const read = (headers: readonly string[], httpVersion = '1.1') =>
  readHead(
    {
      method: 'POST',
      target: '/',
      httpVersion,
      rawHeaders: ['Host', 'g', ...headers],
      remoteAddress: '::1',
      secure: false,
    },
    kindOf,
  );

describe('a head that can be read in two ways is refused, and its connection closed', () => {
  it.each([
    ['a length and a coding', ['Content-Length', '5', 'Transfer-Encoding', 'chunked']],
    ['a coding and a length', ['transfer-encoding', 'chunked', 'content-length', '0']],
    ['two lengths', ['Content-Length', '5', 'Content-Length', '6']],
    ['the same length twice', ['Content-Length', '5', 'content-length', '5']],
    ['two codings', ['Transfer-Encoding', 'chunked', 'Transfer-Encoding', 'chunked']],
    ['a list of codings', ['Transfer-Encoding', 'gzip, chunked']],
    ['another coding', ['Transfer-Encoding', 'identity']],
    ['a coding with something behind it', ['Transfer-Encoding', 'chunked ']],
    ['a length with a sign', ['Content-Length', '+5']],
    ['a list of lengths', ['Content-Length', '5, 5']],
    ['a length in another base', ['Content-Length', '0x5']],
    ['no length at all', ['Content-Length', '']],
    ['a length that no number holds', ['Content-Length', '1'.repeat(16)]],
    ['two hosts', ['Host', 'g']],
    ['a Connection that names a length', ['Connection', 'close, Content-Length', 'Content-Length', '5']],
  ])('%s', (_, headers) => {
    expect(read(headers)).toMatchObject({ code: 'ambiguous_request', close: true });
  });

  it.each(['0.9', '2.0', '1.2', ''])('version %j without a stream', (version) => {
    expect(read([], version)).toMatchObject({ code: 'ambiguous_request', close: true });
  });

  it.each([
    ['a length without a body', false, ['Content-Length', '5']],
    ['a coding', true, ['Transfer-Encoding', 'chunked']],
    ['a Connection', true, ['Connection', 'close']],
  ] as const)('%s in an HTTP/2 stream', (_, streamHasBody, headers) => {
    const rawHeaders = ['host', 'g', ...headers];
    const about = { method: 'POST', target: '/', httpVersion: '2.0', rawHeaders, streamHasBody, secure: true };
    expect(readHead(about, kindOf)).toMatchObject({ code: 'ambiguous_request', close: true });
  });

  it('a coding on HTTP/1.0', () => {
    expect(read(['Transfer-Encoding', 'chunked'], '1.0')).toMatchObject({ code: 'ambiguous_request', close: true });
  });
});

it('a head that can be read in one way says where its body ends', () => {
  const facts = ([] as string[][])
    .concat([['Content-Length', '5']], [['Transfer-Encoding', 'CHUNKED']], [[]], [['Content-Length', '0']])
    .map((headers) => read(headers));
  expect(facts.map((it) => (isFailure(it) ? it.code : [it.body, it.bodyLength]))).toEqual([
    ...[
      ['length', 5],
      ['chunked', 0],
      ['none', 0],
      ['none', 0],
    ],
  ]);
});
