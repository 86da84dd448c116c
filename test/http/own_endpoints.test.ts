import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { oauth2 } from '../../src/dialects/oauth2.ts';
import { exchange } from '../support/raw_client.ts';
import { type EdgeUnderTest, startEdge } from './edge_under_test.ts';

const METADATA = '/.well-known/oauth-authorization-server';
let edge: EdgeUnderTest;

beforeAll(async () => {
  const other = oauth2.create({ require_pkce: true }, { prefix: '/other' });
  const hidden = oauth2.create({ require_pkce: true }, { prefix: '/hidden' });
  edge = await startEdge({
    mounts: [
      { dialect: other, host: 'other.example.com' },
      { dialect: hidden, host: 'b.example' },
    ],
  });
});
afterAll(() => edge.drain());

const get = (target: string, host = 'localhost') =>
  exchange(edge.port, `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);

describe('which requests are ours', () => {
  it.each([METADATA, '/.well-known/oauth%2Dauthorization-server', `${METADATA}?x=1`])('ours: %s', async (target) => {
    const answer = await get(target);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toMatchObject({ issuer: 'https://auth.example.com' });
  });

  it.each([
    `${METADATA}/`,
    METADATA.toUpperCase(),
    `/${METADATA}`,
    `/x/..${METADATA}`,
    '/.well-known%2Foauth-authorization-server',
    `http://localhost${METADATA}`,
    '/oauth2',
    '/oauth2/token/x',
    '/demo',
  ])('the gateway judges: %s', async (target) => {
    expect((await get(target)).body).toBe('lane');
  });

  it('tells dialects of different hosts apart, and prefers the exact host', async () => {
    expect((await get('/other/token', 'other.example.com:8443')).status).toBe(405);
    expect((await get('/other/token', 'OTHER.example.com')).status).toBe(405);
    expect((await get('/other/token', 'localhost')).body).toBe('lane');
    expect((await get('/other/token', 'xother.example.com')).body).toBe('lane');
    expect((await get('/other/token', 'b.example')).body).toBe('lane');
    expect(JSON.parse((await get(METADATA, 'other.example.com')).body).token_endpoint).toContain('/other/token');
    expect(JSON.parse((await get(METADATA)).body).token_endpoint).toContain('/oauth2/token');
  });

  it.each([
    ['no Host', `GET ${METADATA} HTTP/1.1\r\n\r\n`],
    ['two Hosts', `GET ${METADATA} HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n`],
    ['a Host with user info', `GET ${METADATA} HTTP/1.1\r\nHost: a@b\r\n\r\n`],
    ['a fragment in the query', `GET ${METADATA}?a#b HTTP/1.1\r\nHost: a\r\n\r\n`],
  ])('refuses %s on our own endpoints as strictly as on routes', async (_what, bytes) => {
    const answer = await exchange(edge.port, bytes);
    expect(answer.status).toBe(400);
    expect(answer.values('connection')).toEqual(['close']);
    expect(JSON.parse(answer.body)).toMatchObject({ error: 'invalid_request' });
  });
});
