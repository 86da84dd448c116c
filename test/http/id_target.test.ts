import { describe, expect, it } from 'vitest';
import { isFailure } from '../../src/gateway/canonical_target.ts';
import { idTarget, segmentsOf } from '../../src/http/id_target.ts';

describe('a target with ids in it', () => {
  it.each([
    'alice',
    'corp/alice',
    'CN=Alice;OU=a\\b,DC=c',
    'https://idp.example.com/?a=b#c',
    'ž 日本 %',
    '100%',
    '%2f',
    '%41%',
    '%25%32%66',
    '__proto__',
  ])('keeps %j as one segment', (id) => {
    const target = idTarget(`/api/v1/users/${encodeURIComponent(id)}/lock?after=x`);
    expect(target).toMatchObject({ query: '?after=x' });
    if (isFailure(target)) throw new Error(target.description);
    expect(segmentsOf(target.path)).toEqual(['api', 'v1', 'users', id, 'lock']);
  });

  it('has one spelling only', () => {
    expect(idTarget('/%61%2f%7E')).toEqual({ path: '/a%2F~', query: '' });
    expect(idTarget('/a%2F~')).toEqual({ path: '/a%2F~', query: '' });
  });

  it.each([
    '/users/../clients',
    '/users/%2e%2e/clients',
    '/users//clients',
    '/users;a=b',
    '/users/%00',
    '/users/%0d%0aSet-Cookie:a',
    '/users/%C0%AF',
    '/users/%EF%B7%90',
    '/users/%ef%b7%95x',
    '/users/%',
    'http://example.com/users',
    '*',
  ])('is refused as ambiguous: %s', (target) => {
    expect(idTarget(target)).toMatchObject({ code: 'ambiguous_request', close: true });
  });
});
