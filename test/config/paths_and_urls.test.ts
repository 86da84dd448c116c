import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWithin, prefix, routePath } from '../../src/config/schema/paths.ts';
import { upstreamTarget } from '../../src/config/schema/urls.ts';
import { canonicalTarget, isFailure } from '../../src/gateway/canonical_target.ts';
import { isLoopback } from '../../src/model/loopback.ts';
import { redirectUri } from '../../src/model/redirect_uri.ts';

describe('route paths', () => {
  it.each(['/', '/*', '/a', '/a/', '/a/*', '/a-b/c.d/~e/*', "/a(b)!$&'+,=:@", '/caf%C3%A9', '/a%20b'])(
    'accept %s',
    (path) => {
      expect(routePath().safeParse(path).success).toBe(true);
    },
  );

  it.each([
    '',
    'a',
    '//',
    '/a//b',
    '/a/../b',
    '/./a',
    '/a/..',
    '/a/.',
    '/a?b',
    '/a#b',
    '/a;b',
    '/a\\b',
    '/a b',
    '/é',
    '/a\u0000',
    '/%2e%2e',
    '/%2F',
    '/%41',
    '/%c3%a9',
    '/%C3',
    '/%C0%AE',
    '/%',
    '/%2',
    '/%25',
    '/%3B',
    '/*/a',
    '/a*',
    '/a/*/b',
    '/a/**',
    '*',
    '/**',
  ])('refuse %j', (path) => {
    expect(routePath().safeParse(path).success).toBe(false);
  });

  it('that are accepted are what the gateway makes of a request for them', () => {
    const piece = fc.constantFrom(
      '/',
      'a',
      'B',
      '.',
      '..',
      '%',
      '%2',
      '%C3%A9',
      '%20',
      '%2F',
      '%41',
      '%c3',
      ';',
      '*',
      '\\',
      '?',
      '#',
      ' ',
      'é',
      '(',
      ':',
      '@',
      '~',
    );
    const path = fc.array(piece, { maxLength: 8 }).map((pieces) => `/${pieces.join('')}`);
    let accepted = 0;
    fc.assert(
      fc.property(path, (it) => {
        if (!prefix().safeParse(it).success) return;
        accepted++;
        const target = canonicalTarget(it);
        expect(isFailure(target) ? target.description : target.path).toBe(it);
      }),
      { numRuns: 5000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });

  it('lie below a prefix by whole segments only', () => {
    expect([isWithin('/a', '/a'), isWithin('/a/b', '/a'), isWithin('/ab', '/a'), isWithin('/', '/a')]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});

describe('redirect URIs', () => {
  it.each([
    'https://app.example.com/callback',
    'https://app.example.com:8443/cb?tenant=1',
    'http://127.0.0.1:3000/callback',
    'http://[::1]/cb',
    'http://localhost/cb',
    'com.example.app:/callback',
    'roambi-api://client.roambi.com/authorize',
  ])('accept %s', (uri) => {
    expect(redirectUri().parse(uri)).toBe(uri);
  });

  it.each([
    '/callback',
    'callback',
    'https://',
    'http://app.example.com/cb',
    'http://127.0.0.1.example.com/cb',
    'http://localhost.example.com/cb',
    'https://app.example.com/cb#fragment',
    'https://app.example.com/*',
    'https://*.example.com/cb',
    'https://user:pw@app.example.com/cb',
    'https://app.example.com/a/../b',
    'https://app.example.com\\@evil.example/cb',
    'https://app.example.com/cb ',
    'https://app.example.com/c\nb',
    'javascript:alert(1)',
    'JavaScript:alert(1)',
    'java\tscript:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    'file:///etc/passwd',
    'blob:https://a/b',
    'about:blank',
    'view-source:https://a.example',
    'x-javascript:alert(1)',
    'myapp:/callback',
  ])('refuse %j', (uri) => {
    expect(redirectUri().safeParse(uri).success).toBe(false);
  });
});

describe('upstreams', () => {
  it.each([
    ['demo', 'demo'],
    ['http://127.0.0.1:9000', 'http://127.0.0.1:9000'],
    ['http://Orders.internal:80/', 'http://orders.internal'],
    ['https://[::1]:8443/base/', 'https://[::1]:8443/base'],
    ['unix:/run/app.sock', 'unix:/run/app.sock'],
    ['unix:/run/app.sock:/', 'unix:/run/app.sock'],
    ['unix:/run/app.sock:/base/', 'unix:/run/app.sock:/base'],
  ])('%s becomes %s', (written, target) => {
    expect(upstreamTarget().parse(written)).toBe(target);
  });

  it.each([
    '',
    'demo2',
    'localhost:9000',
    'ftp://a',
    'http://',
    'http://a b',
    'http://a/?',
    'http://a/#',
    'http://u@a',
    'http://a//b',
    'http://a/%2e%2e/b',
    'http://a/*',
    'http:\\\\a',
    'unix:',
    'unix:app.sock',
    'unix:/run/',
    'unix:/run/app.sock:base',
    'unix:/run/app.sock:/a//b',
    `unix:/${'a'.repeat(103)}`,
  ])('refuse %j', (written) => {
    expect(upstreamTarget().safeParse(written).success).toBe(false);
  });
});

it.each([
  ['127.0.0.1', true],
  ['127.8.8.8', true],
  ['::1', true],
  ['[::1]', true],
  ['LOCALHOST', true],
  ['api.localhost', true],
  ['0.0.0.0', false],
  ['::', false],
  ['127.0.0.1.example.com', false],
  ['127.1', false],
  ['localhost.example.com', false],
  ['10.0.0.1', false],
])('%s is loopback: %s', (host, is) => {
  expect(isLoopback(host)).toBe(is);
});
