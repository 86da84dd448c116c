import { Buffer } from 'node:buffer';
import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { SecretSearch } from './secret_search.ts';

const SECRETS = ['canary-0f1e2d3c4b5a69788796a5b4c3d2e1f0', 'a secret with spaces & signs', 'pass<word>"ü😀"'];
const folded = (text: string, width: number) => text.match(new RegExp(`.{1,${width}}`, 'gs'))?.join('\n  ') ?? '';
const everyByte = (text: string, prefix: string) =>
  [...Buffer.from(text)].map((byte) => prefix + byte.toString(16).padStart(2, '0')).join('');

const WRITTEN: Readonly<Record<string, (secret: string) => string>> = {
  'as it is': (secret) => secret,
  'in capitals': (secret) => secret.toUpperCase(),
  'in the middle of a word': (secret) => `x${secret}x`,
  'percent-encoded': (secret) => encodeURIComponent(secret),
  'percent-encoded twice': (secret) => encodeURIComponent(encodeURIComponent(secret)),
  'every byte percent-encoded': (secret) => everyByte(secret, '%'),
  'in a form': (secret) => new URLSearchParams({ secret }).toString(),
  'in JSON': (secret) => JSON.stringify({ secret }),
  'in JSON in JSON': (secret) => JSON.stringify(JSON.stringify({ secret })),
  'in escapes of JSON': (secret) => [...secret].map((each) => `\\u${hexOf(each)}`).join(''),
  'in HTML': (secret) => [...secret].map((each) => `&#x${each.codePointAt(0)?.toString(16)};`).join(''),
  'in base64': (secret) => Buffer.from(secret).toString('base64'),
  'in base64, one behind': (secret) => Buffer.from(`a:${secret}:b`.slice(1)).toString('base64'),
  'in base64, two behind': (secret) => Buffer.from(`ab${secret}c`).toString('base64'),
  'in base64url': (secret) => Buffer.from(`app:${secret}`).toString('base64url'),
  'in Basic credentials of a form': (secret) => Buffer.from(`app:${encodeURIComponent(secret)}`).toString('base64'),
  'in base64 on several lines': (secret) => folded(Buffer.from(`abc${secret}`).toString('base64'), 16),
  'in hex': (secret) => Buffer.from(`abc${secret}`).toString('hex').toUpperCase(),
  'in escapes of bytes': (secret) => (isAscii(secret) ? everyByte(secret, '\\x') : secret),
  'as a Buffer that is shown': (secret) => inspect(Buffer.from(secret)),
  'as a Buffer in JSON': (secret) => JSON.stringify(Buffer.from(secret)),
  'on several lines': (secret) => folded(secret, 7),
  'on several lines in JSON': (secret) => JSON.stringify(folded(secret, 7)),
  'in pieces of a text that is shown': (secret) => `'${folded(secret, 7).replaceAll('\n  ', "' +\n  '")}'`,
  'as bytes that are read as Latin': (secret) => Buffer.from(secret).toString('latin1'),
};
const hexOf = (each: string) =>
  (each.codePointAt(0) ?? 0) > 0xffff ? `{${each.codePointAt(0)?.toString(16)}}` : hex4(each);
const hex4 = (each: string) => each.charCodeAt(0).toString(16).padStart(4, '0');
const isAscii = (text: string) => /^[ -~]*$/.test(text);
const LINE = '{"level":"info","time":"2026-01-01T00:00:00.000Z","event":"request","path":"/api/x"}\n';

it.each(Object.entries(WRITTEN))('sees a secret in a log: %s', (_how, write) => {
  for (const secret of SECRETS) {
    const search = new SecretSearch();
    search.remember('the secret', secret);
    expect(search.in(LINE + LINE), secret).toEqual([]);
    expect(search.in(`${LINE}{"said":"${write(secret)}"}\n${LINE}`), secret).toEqual(['the secret']);
  }
});

it('sees no secret where half of one or another one is', () => {
  const search = new SecretSearch();
  const secret = search.canary('one');
  for (const write of Object.values(WRITTEN)) {
    expect(search.in(LINE + write(`canary-${'1'.repeat(32)}`))).toEqual([]);
    expect(search.in(LINE + write(secret.slice(0, 20)))).toEqual([]);
  }
});

it('finds those of a shape in a long text', () => {
  const search = new SecretSearch();
  search.remember('token', 'gha_one-token');
  search.remember('other', 'another-one');
  expect(search.asTheyAreIn('of gha_one-token, gha_two-token, another-one', /gha_[\w-]+/g)).toEqual(['token']);
});

it('takes nothing for a secret that chance would find', () => {
  expect(() => new SecretSearch().remember('code', '123456')).toThrow('there is no code');
  expect(() => new SecretSearch().remember('token', undefined)).toThrow('there is no token');
});
