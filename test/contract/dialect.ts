import { describe, expect, it } from 'vitest';
import type { Dialect } from '../../src/dialects/dialect.ts';
import type { ErrorCode, Failure } from '../../src/model/failure.ts';
import { seconds } from '../../src/model/units.ts';
import type { WireRequest } from '../../src/model/wire.ts';

/** What every dialect owes, whatever its words are. */
export function describeDialect(name: string, dialect: Dialect): void {
  const codes = Object.keys(dialect.errors) as ErrorCode[];
  const places = ['endpoint', 'route'] as const;
  const failed = (failure: Failure, at: 'endpoint' | 'route') => {
    const answer = dialect.fail(failure, at);
    return { ...answer, headers: new Map(answer.headers), raw: answer.headers };
  };

  describe(`the dialect ${name}`, () => {
    it('has the standard list of errors to word', () => {
      expect(codes).toEqual(expect.arrayContaining(['invalid_request', 'invalid_token', 'server_error', 'not_found']));
    });

    it.each(codes)('words %s as JSON that nobody keeps', (code) => {
      for (const at of places) {
        const { status, headers, body } = failed({ code, description: 'Do this.' }, at);
        expect(status).toBeGreaterThanOrEqual(400);
        expect(status).toBeLessThan(600);
        expect(headers.get('content-type')).toBe('application/json');
        expect(headers.get('cache-control')).toBe('no-store');
        expect(Object.values(JSON.parse(body)).every((value) => value !== '' && value !== null)).toBe(true);
      }
    });

    it('blames nobody for what is the gateway’s own trouble, and never turns it into a dead token', () => {
      const own: ErrorCode[] = ['server_error', 'temporarily_unavailable', 'upstream_unreachable', 'upstream_timeout'];
      for (const at of places) {
        for (const code of own) expect(failed({ code, description: 'x' }, at).status).toBeGreaterThanOrEqual(500);
        expect(failed({ code: 'invalid_token', description: 'x' }, at).status).toBe(401);
        expect(failed({ code: 'missing_token', description: 'x' }, at).status).toBe(401);
      }
    });

    it.each(codes)('lets no text of %s end a header or write one', (code) => {
      const description = 'a"\\ b\r\nset-cookie: c=d \u2028é';
      for (const at of places) {
        const { raw, body } = failed({ code, description, scope: ['x"y\n'] }, at);
        for (const [key, value] of raw) {
          expect(key).toMatch(/^[a-z-]+$/i);
          expect(value).toMatch(/^[\x20-\x7e]*$/);
        }
        // `set-cookie` may be told, as text; the line it began with may not.
        expect(body).not.toMatch(/[\r\n\u2028]|\\[rn]/);
      }
    });

    it('passes on Retry-After and the headers of a failure', () => {
      for (const at of places) {
        const failure: Failure = {
          code: 'rate_limited',
          description: 'x',
          retryAfter: seconds(3),
          headers: [['ratelimit', 'r=0']],
        };
        const { headers } = failed(failure, at);
        expect([headers.get('retry-after'), headers.get('ratelimit')]).toEqual(['3', 'r=0']);
      }
    });

    it('challenges who sent no token without an error code (RFC 6750 §3.1)', () => {
      const { headers } = failed({ code: 'missing_token', description: 'x' }, 'route');
      expect(headers.get('www-authenticate')).toBe('Bearer realm="gatehouse"');
    });

    it('has endpoints with paths of their own, one for each method', () => {
      const places = dialect.endpoints.map(({ method, path }) => `${method} ${path}`);
      expect(new Set(places).size).toBe(places.length);
      for (const { path } of dialect.endpoints) expect(path).toMatch(/^\/[\w./%-]+$/);
    });

    it('has tokens with 128 random bits, whose place can be found from their characters', () => {
      for (const { prefix, alphabet, length } of [dialect.tokens.access, dialect.tokens.refresh, dialect.tokens.code]) {
        expect(prefix).toMatch(/^(\w{0,3}[_/])?$/);
        expect(length * (alphabet === 'hex' ? 4 : 6)).toBeGreaterThanOrEqual(128);
      }
    });

    it('repeats no secret when a request makes no sense', () => {
      const canary = 'canary-5e8f0c';
      const secrets = ['client_secret', 'password', 'refresh_token', 'code', 'code_verifier', 'id_token'];
      const body = secrets.flatMap((key): [string, string][] => [
        [key, canary],
        [key, canary],
      ]);
      for (const endpoint of dialect.endpoints) {
        const request: WireRequest = {
          method: endpoint.method,
          path: endpoint.path,
          query: endpoint.method === 'GET' ? body : [],
          body: endpoint.method === 'GET' ? [] : body,
          authorization: `Basic ${canary}`,
          callerAddress: '192.0.2.1',
        };
        let thrown = '';
        try {
          endpoint.decode(request);
        } catch (error) {
          thrown = String(error);
        }
        expect(thrown).not.toContain(canary);
      }
    });
  });
}
