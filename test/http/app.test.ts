import { describe, expect, it, onTestFinished } from 'vitest';
import { CorruptRecord, DependencyUnavailable, ProtocolError } from '../../src/model/failure.ts';
import { seconds } from '../../src/model/units.ts';
import { exchange, rawClient } from '../support/raw_client.ts';
import { type EdgeOptions, postBytes, startEdge } from './edge_under_test.ts';

const FORM = 'Content-Type: application/x-www-form-urlencoded';
const BASIC = `Authorization: Basic ${Buffer.from('app:app-secret').toString('base64')}`;
const TOKEN = postBytes('/oauth2/token', 'grant_type=client_credentials', [FORM, BASIC]);

async function edgeWith(options: EdgeOptions = {}) {
  const edge = await startEdge(options);
  onTestFinished(() => edge.drain());
  return edge;
}

describe('a request that can be read in two ways', () => {
  it('is the last one of its connection: what stands behind it is not taken for another', async () => {
    const edge = await edgeWith();
    const client = rawClient(edge.port);
    client.send(`POST /oauth2/token HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n${TOKEN}`);
    expect((await client.response()).status).toBe(400);
    expect(await client.closed()).toHaveLength(0);
    expect(edge.issued).toEqual([]);
  });
});

describe('the one exit of failures', () => {
  it('says what was wrong in the words of the dialect', async () => {
    const edge = await edgeWith({
      token: async () => {
        throw new ProtocolError('too_many_attempts', 'Wait a minute.', { retryAfter: seconds(60) });
      },
    });
    const answer = await exchange(edge.port, TOKEN);
    expect(answer.status).toBe(429);
    expect(answer.values('retry-after')).toEqual(['60']);
    expect(JSON.parse(answer.body)).toEqual({ error: 'too_many_attempts', error_description: 'Wait a minute.' });
    expect(edge.troubles).toEqual([]);
  });

  it('answers 503 with Retry-After when a server behind us is away, and tells the operator which', async () => {
    const edge = await edgeWith({
      token: async () => {
        throw new DependencyUnavailable('redis', 'no answer within 250 ms');
      },
    });
    const answer = await exchange(edge.port, TOKEN);
    expect(answer.status).toBe(503);
    expect(answer.values('retry-after')).toEqual(['1']);
    expect(JSON.parse(answer.body)).toMatchObject({ error: 'temporarily_unavailable' });
    expect(answer.body).not.toContain('redis');
    expect(edge.troubles).toMatchObject([{ event: 'dependency_unavailable', detail: { dependency: 'redis' } }]);
  });

  it('answers 503 for a corrupt record', async () => {
    const edge = await edgeWith({
      token: async () => {
        throw new CorruptRecord('family');
      },
    });
    expect((await exchange(edge.port, TOKEN)).status).toBe(503);
    expect(edge.troubles).toMatchObject([{ event: 'corrupt_record' }]);
  });

  it('tells nobody what an unexpected error says, and the operator where it was', async () => {
    const edge = await edgeWith({
      token: async () => {
        throw new TypeError('cannot read "hunter2" of undefined');
      },
    });
    const answer = await exchange(edge.port, TOKEN);
    expect(answer.status).toBe(500);
    expect(JSON.parse(answer.body)).toMatchObject({ error: 'server_error' });
    const [trouble] = edge.troubles;
    expect(trouble).toMatchObject({
      event: 'unexpected_error',
      detail: { error: 'TypeError', request_id: answer.values('x-request-id')[0] },
    });
    expect(JSON.stringify(trouble)).toContain('app.test.ts');
    expect(answer.body + JSON.stringify(trouble)).not.toContain('hunter2');
  });

  it('survives whatever is thrown', async () => {
    const thrown: unknown[] = [undefined, null, 'text', 7, Object.create(null), { status: 200, expose: true }];
    const edge = await edgeWith({ token: () => Promise.reject(thrown.shift()) });
    while (thrown.length > 0) expect((await exchange(edge.port, TOKEN)).status).toBe(500);
  });
});

describe('every answer of our own endpoints', () => {
  it.each([
    ['a token', TOKEN, 200],
    ['an error', postBytes('/oauth2/token', '', [FORM]), 400],
    ['metadata', 'GET /.well-known/oauth-authorization-server HTTP/1.1\r\nHost: x\r\n\r\n', 200],
    ['a page', 'GET /oauth2/authorize HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ])('is not stored and carries a request id: %s', async (_what, bytes, status) => {
    const edge = await edgeWith();
    const answer = await exchange(edge.port, bytes);
    expect(answer.status).toBe(status);
    expect(answer.values('cache-control')).toEqual(['no-store']);
    expect(answer.values('x-request-id')).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/)]);
    expect(answer.values('x-content-type-options')).toEqual(['nosniff']);
  });

  it.each([
    ['GET', '/oauth2/token', 'POST'],
    ['DELETE', '/oauth2/revoke', 'POST'],
    ['OPTIONS', '/oauth2/token', 'POST'],
    ['PROPFIND', '/oauth2/introspect', 'POST'],
    ['PUT', '/oauth2/authorize', 'GET, HEAD'],
    ['POST', '/.well-known/oauth-authorization-server', 'GET, HEAD'],
    ['GET', '/oauth2/sign-in', 'POST'],
  ])('to a wrong method says which is right: %s %s', async (method, path, allow) => {
    const edge = await edgeWith();
    const answer = await exchange(
      edge.port,
      `${method} ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`,
      method,
    );
    expect(answer.status).toBe(405);
    expect(answer.values('allow')).toEqual([allow]);
    expect(JSON.parse(answer.body)).toMatchObject({ error: 'method_not_allowed' });
  });

  it('to HEAD has the headers of GET and no body', async () => {
    const edge = await edgeWith();
    const client = rawClient(edge.port);
    client.send('HEAD /.well-known/oauth-authorization-server HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    const answer = await client.response('HEAD');
    expect(answer.status).toBe(200);
    expect(Number(answer.values('content-length')[0])).toBeGreaterThan(100);
    expect(await client.closed()).toHaveLength(0);
  });
});

describe('what is reported of a request to our own endpoints', () => {
  it('names the operation, and the client once it has proved who it is', async () => {
    const edge = await edgeWith();
    const report = edge.nextExchange();
    const answer = await exchange(edge.port, TOKEN);
    expect(await report).toMatchObject({
      requestId: answer.values('x-request-id')[0],
      method: 'POST',
      path: '/oauth2/token',
      route: 'token',
      client: 'app',
      status: 200,
    });
    expect(edge.issued).toEqual(['client_credentials']);
  });

  it('says why it was refused, and names no client that was only claimed', async () => {
    const edge = await edgeWith();
    const report = edge.nextExchange();
    const wrong = `Authorization: Basic ${Buffer.from('app:wrong').toString('base64')}`;
    await exchange(edge.port, postBytes('/oauth2/token', 'grant_type=client_credentials', [FORM, wrong]));
    expect(await report).toMatchObject({ route: 'token', status: 401, refused: 'invalid_client', client: undefined });
    expect(edge.issued).toEqual([]);
  });

  it('is 499 when the caller left before the answer', async () => {
    const reached = Promise.withResolvers<void>();
    const edge = await edgeWith({
      token: () => {
        reached.resolve();
        return new Promise(() => {});
      },
    });
    const report = edge.nextExchange();
    const client = rawClient(edge.port);
    client.send(TOKEN);
    await reached.promise;
    client.close();
    expect(await report).toMatchObject({ route: 'token', status: 499 });
  });

  it('carries the request id of a trusted proxy, and of nobody else', async () => {
    const mine = TOKEN.replace('Host: localhost', 'Host: localhost\r\nX-Request-Id: from-the-proxy-1');
    const strict = await edgeWith();
    expect((await exchange(strict.port, mine)).values('x-request-id')).not.toContain('from-the-proxy-1');
    const behind = await edgeWith({ trustedProxies: ['127.0.0.0/8'] });
    expect((await exchange(behind.port, mine)).values('x-request-id')).toEqual(['from-the-proxy-1']);
  });
});
