import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonValue } from '../../src/http/json_value.ts';
import { ProtocolError } from '../../src/model/failure.ts';

describe('a JSON value', () => {
  it('is what JSON.parse makes of it', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 6, stringUnit: 'grapheme' }),
        fc.constantFrom(undefined, 1, '\t'),
        (value, space) => {
          const text = JSON.stringify(value, undefined, space);
          if (text.includes('__proto__')) return;
          expect(jsonValue(text)).toEqual(JSON.parse(text));
        },
      ),
    );
  });

  it('may repeat a name in another object, or a text in a list', () => {
    expect(jsonValue('[{"a":1},{"a":{"a":"a"}},"a","a"]')).toEqual([{ a: 1 }, { a: { a: 'a' } }, 'a', 'a']);
  });

  it.each([
    ['{"a":1,"a":2}', 'same member twice'],
    ['{"a":1,"b":{"c":1,"c":1}}', 'same member twice'],
    ['{"a":1,"\\u0061" :2}', 'same member twice'],
    ['[{"x":[{"a":1,"b":[],"a":2}]}]', 'same member twice'],
    ['{"__proto__":{"role":"admin"}}', '__proto__'],
    ['{"a":{"\\u005f_proto__":1}}', '__proto__'],
    ['{"a":"\\ud800"}', 'surrogate'],
    ['{"\\udc00":1}', 'surrogate'],
    ['['.repeat(33) + ']'.repeat(33), 'deeper than 32'],
    ['{"a":'.repeat(200_000), 'deeper than 32'],
    ['', 'not JSON'],
    ['{', 'not JSON'],
    ['{"a"', 'not JSON'],
    ['"a', 'not JSON'],
    ['{a:1}', 'not JSON'],
    ["{'a':1}", 'not JSON'],
    ['{"a":1,}', 'not JSON'],
    ['{"a":01}', 'not JSON'],
    ['{"a":NaN}', 'not JSON'],
    ['{} {}', 'not JSON'],
    ['// {}', 'not JSON'],
    ['"\\x"', 'not JSON'],
  ])('is refused: %.40s', (text, reason) => {
    expect(() => jsonValue(text)).toThrow(ProtocolError);
    expect(() => jsonValue(text)).toThrow(reason);
  });

  it('is read in a time that follows its length, whatever it is', () => {
    const megabyte = 1_048_576;
    for (const text of [`"${'\\"'.repeat(megabyte / 2)}"`, `[${'"a",'.repeat(megabyte / 4)}0]`, '['.repeat(megabyte)]) {
      const began = performance.now();
      try {
        jsonValue(text);
      } catch {}
      expect(performance.now() - began).toBeLessThan(2000);
    }
  });
});
