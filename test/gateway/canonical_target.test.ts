import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalTarget, isFailure, MAX_TARGET } from '../../src/gateway/canonical_target.ts';

function pathOf(target: string): string | undefined {
  const answer = canonicalTarget(target);
  return isFailure(answer) ? undefined : answer.path;
}

describe('canonicalTarget', () => {
  for (const [target, path] of [
    ['/', '/'],
    ['/a/b', '/a/b'],
    ['/a/b/', '/a/b/'],
    ['/%61%2Db', '/a-b'],
    ['/a%2eb', '/a.b'],
    ['/...', '/...'],
    ['/.well-known/x', '/.well-known/x'],
    ['/a%20b%3a%e2%82%ac', '/a%20b%3A%E2%82%AC'],
    ["/a!$&'()*+,=:@b", "/a!$&'()*+,=:@b"],
    ['/100%25', '/100%25'],
    ['/100%25zz', '/100%25zz'],
  ] as const) {
    it(`reads ${target} as ${path}`, () => expect(pathOf(target)).toBe(path));
  }

  it('keeps the query as it was sent', () => {
    expect(canonicalTarget('/a?x=%2F..%2f&y=//;[]|"\\')).toEqual({ path: '/a', query: '?x=%2F..%2f&y=//;[]|"\\' });
    expect(canonicalTarget('/a?')).toEqual({ path: '/a', query: '?' });
  });

  for (const target of [
    ...[
      '',
      '*',
      'a',
      'http://h/a',
      'HTTP://h',
      'h:80',
      '//a',
      '/a//b',
      '/a//',
      '/.',
      '/..',
      '/a/../b',
      '/a/./b',
      '/a/..',
    ],
    ...[
      '/%2e',
      '/%2E%2e/a',
      '/a/.%2e',
      '/a%2fb',
      '/a%2Fb',
      '/a%5cb',
      '/a\\b',
      '/a;b',
      '/a%3bb',
      '/a#b',
      '/a%23',
      '/a%3f',
    ],
    ...[
      '/a%00',
      '/a%1F',
      '/a%0d%0aX: 1',
      '/a%7f',
      '/a\0',
      '/a b',
      '/a\tb',
      '/é',
      '/a%',
      '/a%4',
      '/a%zz',
      '/a%u0041',
      '/%',
    ],
    ...[
      '/%252e',
      '/%252F',
      '/%25%32%65',
      '/%25%32e',
      '/%252525',
      '/%c0%ae',
      '/%c0%af',
      '/%e0%80%ae',
      '/%ff',
      '/%ed%a0%80',
    ],
    ...['/a"b', '/a<b', '/a|b', '/a[b]', '/a{b}', '/a^b', '/a`b', '/a?b#c', '/a?b c', '/a?é', '/a?\0', '/a?\x7f'],
  ]) {
    it(`refuses ${JSON.stringify(target)} and closes`, () => {
      expect(canonicalTarget(target)).toMatchObject({ code: 'ambiguous_request', close: true });
    });
  }

  it('refuses a target of more than 8 KiB', () => {
    expect(pathOf(`/${'a'.repeat(MAX_TARGET - 1)}`)).toHaveLength(MAX_TARGET);
    expect(canonicalTarget(`/${'a'.repeat(MAX_TARGET)}`)).toMatchObject({ code: 'uri_too_long', close: true });
  });
});

/** Mostly the characters and escapes that go wrong somewhere, in any order. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...['/', '.', '..', '%2e', '%2F', '%5C', '%25', '%32', '%66', '%', '\\', ';', '#', '?', '//', '%00'],
      ),
      fc.constantFrom(
        ...['a', 'B', '0', '%61', '%7E', '%20', '%C3', '%A9', '%28', '(', ':', '@', '+', '\0', 'é', ' ', '~'],
      ),
      fc.string({ maxLength: 3 }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => `/${parts.join('')}`);

const RUNS = { numRuns: 10_000 };

describe('every accepted path', () => {
  const accepted = (check: (path: string, target: string) => void) =>
    fc.assert(
      fc.property(hostile, (target) => {
        const path = pathOf(target);
        if (path !== undefined) check(path, target);
      }),
      RUNS,
    );

  it('is its own canonical form', () => accepted((path) => expect(pathOf(path)).toBe(path)));

  it('decodes to the same text as what was sent', () =>
    accepted((path, target) => {
      expect(decodeURIComponent(path)).toBe(decodeURIComponent(target.split('?', 1)[0] ?? ''));
    }));

  it('is what the URL parser of Node makes of it too', () =>
    accepted((path) => expect(new URL(`http://h${path}`).pathname).toBe(path)));

  it('has no dot segment, empty segment or separator, however often it is decoded', () =>
    accepted((path) => {
      let text = path;
      for (let round = 0; round < 4; round++) {
        const segments = text.split('/').slice(1);
        expect(segments.slice(0, -1)).not.toContain('');
        for (const segment of segments) expect(['.', '..']).not.toContain(segment);
        expect(text).not.toMatch(/[\\;#?\p{Cc}]|%2f|%5c/iu);
        expect(text.split('/').length).toBe(path.split('/').length);
        text = decode(text);
      }
    }));
});

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
