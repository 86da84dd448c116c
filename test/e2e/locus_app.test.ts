import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HouseInTime, startHouseInTime } from '../support/house_in_time.ts';
import { call, post } from '../support/token_client.ts';

/** An app that was written for the Locus Energy documentation, from the user's password to the end of its tokens. */

const APP = { client_id: 'demo-app', client_secret: 'demo-secret' };
const SERVICE = { client_id: 'demo-service', client_secret: 'demo-secret' };
const BOTH = `
  - id: greedy
    secret: demo-secret
    grants: [password, client_credentials, refresh_token]
    scopes: [demo:read]
`;

let house: HouseInTime;
beforeAll(async () => {
  house = await startHouseInTime('config/locus.yaml', '', (yaml) => yaml.replace(/^clients:$/m, `clients:${BOTH}`));
});
afterAll(() => house.close());

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly issued_at: number;
  readonly error?: string;
}
const bodyOf = async (answer: Response): Promise<Tokens> => (await answer.json()) as Tokens;
const token = (form: Record<string, string>) => post(`${house.url}/oauth/token`, form, null);
const signIn = () => token({ ...APP, grant_type: 'password', username: 'alice', password: 'wonderland' });
const refresh = (refresh_token: string) => token({ ...APP, grant_type: 'refresh_token', refresh_token });

describe('the life of its tokens', () => {
  it('a call, an hour, refreshes with one refresh token, and the words of Locus when it is over', async () => {
    const first = await bodyOf(await signIn());
    expect(first.issued_at).toBe(Math.floor(house.clock.now() / 1000));
    const seen = (await (await call(house.url, first.access_token)).json()) as { headers: Record<string, string> };
    expect(seen.headers).toMatchObject({ 'x-user-id': 'u-alice', 'x-client-id': 'demo-app' });

    house.clock.advance(3_600_000);
    const dead = await call(house.url, first.access_token);
    expect(dead.status).toBe(401);
    expect(await dead.json()).toEqual({
      message: 'The access token is unknown, expired or revoked; get a new one.',
      statusCode: 401,
    });

    for (let count = 0; count < 3; count++) {
      const answer = await refresh(first.refresh_token);
      const second = await bodyOf(answer);
      expect(Object.keys(second)).toEqual(['access_token', 'issued_at', 'token_type', 'expires_in']);
      expect((await call(house.url, second.access_token)).status).toBe(200);
      house.clock.advance(60_000);
    }

    house.clock.advance(30 * 86_400_000);
    const over = await refresh(first.refresh_token);
    expect([over.status, (await bodyOf(over)).error]).toEqual([400, 'invalid_grant']);
  });

  it('a service acts for itself', async () => {
    const answer = await bodyOf(await token({ ...SERVICE, grant_type: 'client_credentials' }));
    expect(Object.keys(answer)).toEqual(['access_token', 'issued_at', 'expires_in']);
    const seen = (await (await call(house.url, answer.access_token)).json()) as { headers: Record<string, string> };
    expect(seen.headers).toMatchObject({ 'x-client-id': 'demo-service' });
    expect(seen.headers).not.toHaveProperty('x-user-id');
  });
});

describe('one call at a time', () => {
  it('of two that one token sends at once one is refused, in the words of Locus', async () => {
    const { access_token } = await bodyOf(await signIn());
    const both = await Promise.all([1, 2].map(() => call(house.url, access_token, '/demo/slow?ms=500')));
    const [served, refused] = both.toSorted((one, other) => one.status - other.status);
    expect([served?.status, refused?.status]).toEqual([200, 429]);
    expect(await refused?.text()).toBe('{"message":"Too many requests","statusCode":429}');
    expect(refused?.headers.has('retry-after')).toBe(true);
    expect((await call(house.url, access_token)).status, 'when it is over').toBe(200);
  });

  it('of two tokens both are served', async () => {
    const tokens = [await bodyOf(await signIn()), await bodyOf(await signIn())];
    const both = await Promise.all(
      tokens.map(({ access_token }) => call(house.url, access_token, '/demo/slow?ms=200')),
    );
    expect(both.map(({ status }) => status)).toEqual([200, 200]);
  });
});

describe('races, through the wire', () => {
  it('one refresh token used 10 times at once: ten access tokens, and it stays the one that lives', async () => {
    const { refresh_token } = await bodyOf(await signIn());
    const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(refresh_token)));
    const bodies = await Promise.all(answers.map(bodyOf));
    expect(new Set(bodies.map(({ access_token }) => access_token)).size).toBe(10);
    expect(bodies.filter((body) => 'refresh_token' in body)).toEqual([]);
    for (const { access_token } of bodies) expect((await call(house.url, access_token)).status).toBe(200);
    expect((await refresh(refresh_token)).status).toBe(200);
  });
});

describe('a client with both kinds of grant', () => {
  it.each(['password', 'client_credentials'])('gets nothing by %s, and is told why', async (grant_type) => {
    const form = { grant_type, client_id: 'greedy', client_secret: 'demo-secret', username: 'alice' };
    const answer = await token({ ...form, password: 'wonderland' });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({
      error: 'unauthorized_client',
      error_description:
        'Here a client has one of the grants password and client_credentials, and this one has several: register a client for each.',
    });
  });
});

it('takes no parameters from the query string, where secrets are logged', async () => {
  const query = new URLSearchParams({ ...SERVICE, grant_type: 'client_credentials' });
  expect((await post(`${house.url}/oauth/token?${query}`, {}, null)).status).toBe(400);
});
