import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FastHead, readFastHead } from '../../src/gateway/fast_head.ts';
import { type Name, readAnswerHead } from '../../src/gateway/upstream/answer_head.ts';

/* The names of the head before are compared with first. Whatever that head was, it must change nothing in how the next is read. */

/** Names that begin like others, that decide how a head is read, and that are none. */
const names = fc.constantFrom(
  ...[
    'Host',
    'host',
    'Hos',
    'Hosts',
    'Content-Length',
    'content-length',
    'Content-Lengt',
    'Content-Type',
    'Connection',
  ],
  ...[
    'Transfer-Encoding',
    'Transfer-Encodings',
    'Date',
    'X',
    'X-',
    'X ',
    '',
    'Host ',
    'X:Y',
    'Expect',
    'Upgrade',
    'X\r',
  ],
);
const values = fc.constantFrom('1', '2', 'close', 'keep-alive', 'chunked', '', ' ', 'a:b', 'é');
const lines = fc.array(fc.tuple(names, fc.constantFrom(':', ': ', ' :', ''), values), { maxLength: 6 });
const textOf = (start: string, of: readonly (readonly string[])[]): string =>
  `${start}\r\n${of.map((line) => `${line.join('')}\r\n`).join('')}\r\n`;

it('a request head is read alike, whatever head came before it', () => {
  const read = (text: string, head: FastHead) => {
    const length = readFastHead(text, head);
    const { rawHeaders, host, length: body, close } = head;
    return length > 0 ? { length, rawHeaders, host, body, close } : length;
  };
  let carried = 0;
  fc.assert(
    fc.property(lines, lines, fc.nat(), (before, after, cut) => {
      const start = 'GET / HTTP/1.1\r\nHost: g';
      const used = new FastHead(false);
      readFastHead(textOf(start, before), used);
      const whole = textOf(start, after);
      const text = cut % 3 === 0 ? whole.slice(0, cut % whole.length) : whole;
      const fresh = read(text, new FastHead(false));
      if (typeof fresh === 'object') carried++;
      expect(read(text, used)).toEqual(fresh);
    }),
    { numRuns: 3_000 },
  );
  expect(carried).toBeGreaterThan(100);
});

it('an answer head is read alike, whatever head came before it', () => {
  let good = 0;
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      const start = 'HTTP/1.1 200 OK';
      const used: Name[] = [];
      const read = (of: readonly (readonly string[])[], expected: Name[]) => {
        const text = textOf(start, of);
        return readAnswerHead(text, 0, text.length - 2, false, expected);
      };
      read(before, used);
      const fresh = read(after, []);
      if (typeof fresh === 'object') good++;
      expect(read(after, used)).toEqual(fresh);
    }),
    { numRuns: 3_000 },
  );
  expect(good).toBeGreaterThan(100);
});
