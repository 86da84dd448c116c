import { describe, expect, it } from 'vitest';
import { pageHeaders, sourceOf } from '../../src/http/page_headers.ts';

describe('where a form may lead', () => {
  it.each([
    ['https://app.example.com/callback?x=1', 'https://app.example.com'],
    ['http://127.0.0.1:3000/callback', 'http://127.0.0.1:3000'],
    ['https://app.example.com', 'https://app.example.com'],
    ['com.example.app:/callback', 'com.example.app:'],
    ['roambi-api://client.roambi.com/authorize', 'roambi-api:'],
    ['http://[::1]:3000/callback', 'http:'],
    ['https://a;script-src https:/x', 'https:'],
    ["https://a 'unsafe-inline'/", 'https:'],
    ['https://user@evil.example/', 'https:'],
  ])('%s → %s', (redirectUri, source) => {
    expect(sourceOf(redirectUri)).toBe(source);
  });

  it('is nowhere else when there is no redirect URI, or none that is one', () => {
    expect(sourceOf('/relative')).toBeUndefined();
    const policy = new Map(pageHeaders()).get('Content-Security-Policy');
    expect(policy).toContain("form-action 'self';");
  });
});
