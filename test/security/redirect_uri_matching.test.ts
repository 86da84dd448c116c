import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRegistered, withParameters } from '../../src/oauth/redirects.ts';
import { app, CALLBACK, request, startCore } from '../oauth/core_under_test.ts';

// Threat: a code, or an error with a chosen state, is sent to a place that the app never named: by a prefix, a suffix, a user part,
// another spelling, or a parser that reads the URI differently from the one that compared it.

const EVIL = [
  `${CALLBACK}/../evil`,
  `${CALLBACK}/`,
  `${CALLBACK}?`,
  `${CALLBACK}#`,
  `${CALLBACK}#fragment`,
  `${CALLBACK}%2e`,
  ` ${CALLBACK}`,
  `${CALLBACK}\n`,
  CALLBACK.toUpperCase(),
  'https://app.example.com/Callback',
  'http://app.example.com/callback',
  'https://app.example.com:443/callback',
  'https://app.example.com./callback',
  'https://app.example.com.evil.example/callback',
  'https://evil.example/callback',
  'https://app.example.com@evil.example/callback',
  'https://evil.example/?x=https://app.example.com/callback',
  'https://app.example.com\\@evil.example/callback',
  '//app.example.com/callback',
  '/callback',
  'javascript:alert(1)',
  'data:text/html,x',
];

describe('redirect URIs match exactly', () => {
  it.each(EVIL)('%j is refused, and nothing is redirected there', async (redirect_uri) => {
    const core = await startCore();
    await expect(core.authorize(request({ redirect_uri, response_type: 'token' }))).rejects.toMatchObject({
      failure: { code: 'redirect_uri_mismatch' },
    });
  });

  it('whatever is not the registered text itself is refused', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(CALLBACK.length), (inserted, at) => {
        const changed = CALLBACK.slice(0, at) + inserted + CALLBACK.slice(at);
        expect(isRegistered(changed, app.redirectUris)).toBe(inserted === '');
      }),
    );
  });

  it('a fragment is refused even where one was registered (RFC 6749 §3.1.2)', () => {
    expect(isRegistered(`${CALLBACK}#/spa`, [`${CALLBACK}#/spa`])).toBe(false);
  });

  it('a loopback URI stays at its host, whatever is written in place of the port', () => {
    fc.assert(
      fc.property(fc.string(), (inserted) => {
        const sent = `http://127.0.0.1${inserted}/callback`;
        if (!isRegistered(sent, ['http://127.0.0.1:3000/callback'])) return;
        const { hostname, pathname, username } = new URL(sent);
        expect([hostname, pathname, username]).toEqual(['127.0.0.1', '/callback', '']);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('what is added to a redirect URI', () => {
  it('cannot change anything but its own parameter', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (state) => {
        const url = new URL(withParameters(`${CALLBACK}?tenant=1`, { code: 'c', state, iss: 'i' }));
        expect([...url.searchParams]).toEqual([
          ['tenant', '1'],
          ['code', 'c'],
          ['state', state.toWellFormed()],
          ['iss', 'i'],
        ]);
        expect(url.href.startsWith(`${CALLBACK}?tenant=1&`)).toBe(true);
      }),
    );
  });

  it.each([
    ['https://a.example/cb', 'https://a.example/cb?code=1'],
    ['https://a.example/cb?', 'https://a.example/cb?code=1'],
    ['https://a.example/cb?x=1', 'https://a.example/cb?x=1&code=1'],
    ['https://a.example/cb?x=1&', 'https://a.example/cb?x=1&code=1'],
    ['app.example:/cb', 'app.example:/cb?code=1'],
  ])('%s becomes %s', (uri, expected) => {
    expect(withParameters(uri, { code: '1', state: undefined })).toBe(expected);
  });
});
