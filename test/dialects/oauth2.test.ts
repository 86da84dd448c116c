import { describe, expect, it } from 'vitest';
import type { Dialect } from '../../src/dialects/dialect.ts';
import { oauth2 } from '../../src/dialects/oauth2.ts';
import type { ErrorCode, Failure } from '../../src/model/failure.ts';
import { seconds } from '../../src/model/units.ts';

const dialect: Dialect = oauth2.create(oauth2.options.parse({}), { prefix: oauth2.prefix });

const failed = (failure: Failure, at: 'endpoint' | 'route') => {
  const { status, headers, body } = dialect.fail(failure, at);
  return { status, headers: new Map(headers), body: JSON.parse(body) as Record<string, string> };
};

describe('failures on routes (contract: "Answers on proxied paths", RFC 6750 §3)', () => {
  it('no token: a challenge without an error code', () => {
    const { status, headers, body } = failed({ code: 'missing_token', description: 'Send one.' }, 'route');
    expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="gatehouse"']);
    expect(body).toEqual({ error: 'unauthorized', error_description: 'Send one.' });
  });

  it.each([
    ['invalid_token', 401],
    ['invalid_request', 400],
  ] as const)('%s: %i and the error in the challenge', (code, status) => {
    const answer = failed({ code, description: 'Get a new one.' }, 'route');
    expect(answer.status).toBe(status);
    expect(answer.headers.get('www-authenticate')).toBe(
      `Bearer realm="gatehouse", error="${code}", error_description="Get a new one."`,
    );
    expect(answer.body['error']).toBe(code);
  });

  it('insufficient_scope: 403 and the scopes that would do', () => {
    const failure: Failure = { code: 'insufficient_scope', description: 'Ask for them.', scope: ['a:b', 'c'] };
    const { status, headers } = failed(failure, 'route');
    expect(status).toBe(403);
    expect(headers.get('www-authenticate')).toBe(
      'Bearer realm="gatehouse", error="insufficient_scope", error_description="Ask for them.", scope="a:b c"',
    );
  });

  it.each([
    ['ambiguous_request', 400],
    ['not_found', 404],
    ['rate_limited', 429],
    ['upstream_unreachable', 502],
    ['temporarily_unavailable', 503],
    ['upstream_timeout', 504],
  ] as const)('%s: %i without a challenge', (code, status) => {
    const answer = failed({ code, description: 'x' }, 'route');
    expect([answer.status, answer.headers.has('www-authenticate')]).toEqual([status, false]);
  });
});

describe('every failure', () => {
  const codes = Object.keys(dialect.errors) as ErrorCode[];

  it.each(codes)('%s is JSON that nobody keeps', (code) => {
    for (const at of ['endpoint', 'route'] as const) {
      const { status, headers, body } = failed({ code, description: 'Do this.' }, at);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('content-type')).toBe('application/json');
      expect(Object.keys(body)).toEqual(['error', 'error_description']);
    }
  });

  it('carries Retry-After and headers of its own', () => {
    const failure: Failure = {
      code: 'rate_limited',
      description: 'x',
      retryAfter: seconds(3),
      headers: [['ratelimit', 'r=0']],
    };
    const { headers } = failed(failure, 'route');
    expect([headers.get('retry-after'), headers.get('ratelimit')]).toEqual(['3', 'r=0']);
  });

  it('cannot be made to write a header of its own', () => {
    const description = 'a"\\ b\r\nset-cookie: c=d \u2028é';
    const { headers, body } = failed({ code: 'invalid_token', description, scope: ['x"y\n'] }, 'route');
    expect(headers.get('www-authenticate')).toBe(
      `Bearer realm="gatehouse", error="invalid_token", error_description="a'' b??set-cookie: c=d ??", scope="x'y?"`,
    );
    expect(body['error_description']).toBe("a'' b??set-cookie: c=d ??");
  });
});

describe('options', () => {
  it('require PKCE of everybody unless told otherwise', () => {
    expect(oauth2.options.parse({})).toEqual({ require_pkce: true, id_token_signing: 'RS256' });
    expect(oauth2.options.safeParse({ requirePkce: false }).success).toBe(false);
  });
});
