import { describe, expect, it } from 'vitest';
import { HASH, parse, problemsOf } from './stand_ins.ts';

const ROUTE = 'routes: [{ name: orders, path: /orders/*, upstream: http://127.0.0.1:9000 }]';
const route = (path: string) => `routes: [{ name: orders, path: '${path}', upstream: http://127.0.0.1:9000 }]`;

describe('account', () => {
  it('is on without being named, and without personal tokens', () => {
    expect(parse(ROUTE).account).toEqual({
      path: '/account',
      personalTokens: { scopes: [], audience: [], maxTtl: 365 * 86_400 },
    });
  });

  it('can be moved, given scopes, or switched off', () => {
    const moved = 'account: { path: /me, personal_tokens: { scopes: [a, b], audience: [c], max_ttl: 30d } }';
    expect(parse(`${ROUTE}\n${moved}`).account).toEqual({
      path: '/me',
      personalTokens: { scopes: ['a', 'b'], audience: ['c'], maxTtl: 30 * 86_400 },
    });
    expect(parse(`${ROUTE}\naccount: false`).account).toBeUndefined();
  });

  it.each([
    ['account: true', 'must be a mapping'],
    ['account: { path: / }', 'must not end with /'],
    ['account: { path: account }', 'must start with /'],
    ['account: { path: /a/../b }', 'must not contain . or ..'],
    ['account: { personal_tokens: { max_ttl: never } }', 'must be a duration'],
    ['account: { personal_tokens: { max_ttl: 1s } }', 'must be from 1h to 3650d'],
    ['account: { personal_tokens: { scopes: [a, a] } }', 'is in the list twice'],
    ['account: { personal_token: {} }', 'did you mean personal_tokens?'],
  ])('is refused with advice: %s', (yaml, message) => {
    expect(problemsOf(`${ROUTE}\n${yaml}`).join('\n')).toContain(message);
  });

  it.each(['/account', '/account/*', '/account/x', '/account/tokens/*'])('leaves no room for the route %s', (path) => {
    expect(problemsOf(route(path))).toEqual([
      expect.stringMatching(/^1:\d+: routes\[0\]\.path: lies at \/account, .*or account: false$/),
    ]);
    expect(parse(`${route(path)}\naccount: false`).routes).toHaveLength(1);
    expect(parse(`${route(path)}\naccount: { path: /me }`).routes).toHaveLength(1);
  });

  it.each(['/*', '/accounts/*', '/accounts', '/a/*'])('leaves room for the route %s', (path) => {
    expect(parse(route(path)).routes).toHaveLength(1);
  });

  it('stays away from dialects and from forward_auth', () => {
    const dialect = 'dialects: [oauth2, { type: roambi, prefix: /account/1 }]';
    expect(problemsOf(`${ROUTE}\n${dialect}`).join('\n')).toContain('where users look after their account');
    const verdicts = 'forward_auth: true\naccount: { path: /auth/me }';
    expect(problemsOf(`${ROUTE}\n${verdicts}`).join('\n')).toContain('lies at /auth, where forward_auth answers');
  });

  it('keeps its client id to itself', () => {
    const client = `clients: [{ id: personal-access-token, secret_hash: '${HASH}', grants: [client_credentials] }]`;
    expect(problemsOf(`${ROUTE}\n${client}`).join('\n')).toContain('stands for the tokens that users make');
  });
});
