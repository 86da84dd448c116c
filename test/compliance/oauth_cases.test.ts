import { afterAll, describe, expect, it } from 'vitest';
import { type EdgeUnderTest, startEdge } from '../http/edge_under_test.ts';
import { basic, firstPair, getCode, ISSUER, newPkce, request } from '../oauth/core_under_test.ts';
import { measured } from '../support/measured.ts';
import { OAUTH_CASES, type OAuthCase } from '../support/vectors/oauth_cases.ts';

/*
 * The standard endpoints over real sockets, case by case and named by the section that says what is right: grants, errors, cache
 * headers, challenges, and where an error may be sent (RFC 6749 §4.1.2.1: never to an address that was not registered).
 */

it('there are at least 150 of them', () => {
  expect(new Set(OAUTH_CASES.map(({ endpoint, title }) => `${endpoint} ${title}`)).size).toBe(OAUTH_CASES.length);
  expect(OAUTH_CASES.length).toBeGreaterThanOrEqual(150);
});

let right = 0;
let count = 0;
let edge: EdgeUnderTest | undefined;
afterAll(() => edge?.drain());

describe.each(OAUTH_CASES.map((each) => [each.rfc, each] as const))('%s', (_rfc, each) => {
  it(each.title, async () => {
    // A client is locked out after ten wrong secrets, and consent is asked for once: no house sees as much.
    if (count++ % 8 === 0 || JSON.stringify(each.parameters).includes('{code}')) {
      await edge?.drain();
      edge = await startEdge();
    }
    if (edge === undefined) throw new Error('the first case starts one');
    const answer = await play(edge, each);
    if (each.endpoint === 'authorize') await expectAuthorization(answer, each);
    else await expectAnswer(answer, each);
    right++;
  });
});

it('all of them were answered as the standards say', () => {
  expect(right).toBe(OAUTH_CASES.length);
  measured({
    id: 'D1',
    what: 'OAuth cases, by RFC section',
    count: OAUTH_CASES.length,
    max: 0,
    unit: 'answered otherwise',
  });
});

async function play({ core, url }: EdgeUnderTest, each: OAuthCase): Promise<Response> {
  const text = JSON.stringify([each.parameters, each.authorization ?? '']);
  const { verifier, query: challenge } = newPkce();
  const known: Record<string, string> = { verifier };
  if (/\{(access|refresh)\}/.test(text)) Object.assign(known, await firstPair(core));
  if (text.includes('{code}')) known['code'] = (await getCode(core, request(challenge))).code;
  const filled = (value: string) => value.replace(/\{(\w+)\}/g, (whole, name: string) => known[name] ?? whole);

  const parameters = new URLSearchParams(each.parameters.map(([name, value]) => [name, filled(value)]));
  if (each.endpoint === 'authorize') return fetch(`${url}/oauth2/authorize?${parameters}`, { redirect: 'manual' });
  const authorization = each.authorization === undefined ? basic('app', 'app-secret') : each.authorization;
  const method = each.method ?? 'POST';
  return fetch(`${url}/oauth2/${each.endpoint}${each.query ?? ''}`, {
    method,
    headers: authorization === null ? {} : { authorization: filled(authorization) },
    ...(method !== 'GET' && { body: parameters }),
  });
}

async function expectAnswer(answer: Response, { endpoint, status, error, has = {}, hasNot = [] }: OAuthCase) {
  const text = await answer.text();
  expect(answer.status, text).toBe(status);
  if (status === 405) {
    expect(answer.headers.get('allow')).toContain('POST');
    return;
  }
  // RFC 6749 §5.1 and §5.2, RFC 7662 §4: what tells of tokens is kept by nobody.
  expect(answer.headers.get('cache-control')).toBe('no-store');
  if (endpoint === 'token') expect(answer.headers.get('pragma')).toBe('no-cache');
  // RFC 6749 §5.2: a challenge comes with 401, and with nothing else.
  expect(answer.headers.get('www-authenticate')).toBe(status === 401 ? 'Basic realm="gatehouse"' : null);
  if (text === '') {
    expect([status, endpoint]).toEqual([200, 'revoke']);
    return;
  }
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  const body = JSON.parse(text) as Record<string, unknown>;
  expect(body['error']).toBe(error);
  if (error !== undefined) {
    expect(body['error_description']).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]{10,}$/);
    expect(Object.keys(body).sort()).toEqual(['error', 'error_description']);
  }
  expect(body).toMatchObject(has);
  for (const name of hasNot) expect(body).not.toHaveProperty(name);
}

async function expectAuthorization(answer: Response, { status, error, redirects }: OAuthCase) {
  const text = await answer.text();
  expect(answer.status, text).toBe(status);
  expect(answer.headers.get('cache-control')).toContain('no-store');
  const location = answer.headers.get('location');
  if (!redirects) {
    expect(location).toBeNull();
    expect(text).not.toContain('evil.example');
    return;
  }
  const to = new URL(location ?? '');
  expect(`${to.origin}${to.pathname}`).toBe('https://app.example.com/callback');
  // RFC 9207 §2: an answer says whose it is, an error too.
  expect(Object.fromEntries(to.searchParams)).toMatchObject({ error, state: 'xyz', iss: ISSUER });
  expect(to.searchParams.has('code')).toBe(false);
}
