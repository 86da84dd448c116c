import { describe, expect, it } from 'vitest';
import { isRegistered } from '../../src/oauth/redirects.ts';
import { expectStep, newPkce, request, signIn, spa, startCore } from '../oauth/core_under_test.ts';

describe('RFC 8252 §7.3 loopback redirect URIs', () => {
  it.each([
    ['http://127.0.0.1:3000/callback', 'http://127.0.0.1:51004/callback'],
    ['http://127.0.0.1/callback', 'http://127.0.0.1:51004/callback'],
    ['http://127.0.0.1:3000/callback', 'http://127.0.0.1/callback'],
    ['http://[::1]:3000/callback?a=1', 'http://[::1]:4/callback?a=1'],
    ['http://127.0.0.1:3000', 'http://127.0.0.1:3001'],
  ])('%s also stands for %s', (registered, sent) => {
    expect(isRegistered(sent, [registered])).toBe(true);
  });

  it.each([
    ['another path', 'http://127.0.0.1:3000/callback', 'http://127.0.0.1:3000/callback2'],
    ['another query', 'http://127.0.0.1:3000/callback', 'http://127.0.0.1:3000/callback?x'],
    ['another address', 'http://127.0.0.1:3000/callback', 'http://[::1]:3000/callback'],
    ['localhost (§8.3)', 'http://localhost:3000/callback', 'http://localhost:3001/callback'],
    ['https', 'https://127.0.0.1:3000/callback', 'https://127.0.0.1:3001/callback'],
    ['a user part', 'http://127.0.0.1:3000/callback', 'http://127.0.0.1:3000@evil.example/callback'],
    ['a longer host', 'http://127.0.0.1/callback', 'http://127.0.0.1.evil.example/callback'],
    ['port 0', 'http://127.0.0.1:3000/callback', 'http://127.0.0.1:0/callback'],
    ['port 65536', 'http://127.0.0.1:3000/callback', 'http://127.0.0.1:65536/callback'],
    ['an empty port', 'http://127.0.0.1:3000/callback', 'http://127.0.0.1:/callback'],
    ['an address of another spelling', 'http://127.0.0.1:3000/callback', 'http://2130706433:3000/callback'],
    ['a port elsewhere', 'https://app.example.com/callback', 'https://app.example.com:8443/callback'],
  ])('refused: %s', (_case, registered, sent) => {
    expect(isRegistered(sent, [registered])).toBe(false);
  });
});

describe('RFC 8252 §7.1, §8.6', () => {
  it('redirects to a private-use scheme, character by character', async () => {
    const uri = 'com.example.app:/oauth2redirect';
    const core = await startCore({ clients: [{ ...spa, redirectUris: [uri] }] });
    const { browser, step } = await signIn(core, request({ ...newPkce().query, client_id: 'spa', redirect_uri: uri }));
    const { interaction, csrf } = expectStep(step, 'consent');
    const done = await core.protocol.authorization.consent(interaction, browser, { csrf, allow: true });
    expect(expectStep(done, 'redirect').to).toMatch(/^com\.example\.app:\/oauth2redirect\?code=ghc_/);
  });
});
