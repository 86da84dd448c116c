import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HouseInTime, startHouseInTime } from '../support/house_in_time.ts';
import { call, post } from '../support/token_client.ts';

/** An app that was written for the Roambi documentation, from the user's password to the end of its tokens. */

const CALLBACK = 'http://127.0.0.1:3000/callback';
const CLIENT = { client_id: 'demo-app', client_secret: 'demo-secret' };
const WHERE = { ...CLIENT, redirect_uri: CALLBACK, response_type: 'code' };
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
const ALICE = basic('alice:wonderland');

let house: HouseInTime;
beforeAll(async () => {
  house = await startHouseInTime('config/roambi.yaml');
});
afterAll(() => house.close());

const authorize = (form: Record<string, string>, authorization: string | null = ALICE) =>
  fetch(`${house.url}/1/authorize`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams(form),
    ...(authorization === null ? {} : { headers: { authorization } }),
  });
const token = (form: Record<string, string>) => post(`${house.url}/1/token`, { ...CLIENT, ...form }, null);
const refresh = (refresh_token: string) => token({ grant_type: 'refresh_token', refresh_token });

/** As the documentation has it: out of the page. */
async function getCode(): Promise<string> {
  const page = await (await authorize(WHERE)).text();
  const link = /<a href="([^"]+)">/.exec(page)?.[1] ?? '';
  return new URL(link).searchParams.get('code') ?? '';
}

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly error?: string;
}
const bodyOf = async (answer: Response): Promise<Tokens> => (await answer.json()) as Tokens;
const getTokens = async () => bodyOf(await token({ code: await getCode(), redirect_uri: CALLBACK }));

describe('the life of its tokens', () => {
  it('a code, a call, 24 hours, a refresh, and the words of Roambi when it is over', async () => {
    const first = await getTokens();
    const seen = (await (await call(house.url, first.access_token)).json()) as { headers: Record<string, string> };
    expect(seen.headers).toMatchObject({ 'x-user-id': 'u-alice', 'x-client-id': 'demo-app' });

    house.clock.advance(86_399_000);
    expect((await call(house.url, first.access_token)).status).toBe(200);
    house.clock.advance(1_000);
    const dead = await call(house.url, first.access_token);
    expect([dead.status, (await bodyOf(dead)).error]).toEqual([401, 'invalid_token']);

    const second = await bodyOf(await refresh(first.refresh_token));
    expect((await call(house.url, second.access_token)).status).toBe(200);

    house.clock.advance(11_000);
    const reused = await refresh(first.refresh_token);
    expect([reused.status, (await bodyOf(reused)).error]).toEqual([400, 'invalid_request']);
    expect((await call(house.url, second.access_token)).status).toBe(401);
  });

  it('a code lives for a minute', async () => {
    const code = await getCode();
    house.clock.advance(60_000);
    const late = await token({ code, redirect_uri: CALLBACK });
    expect([late.status, (await bodyOf(late)).error]).toEqual([400, 'invalid_grant']);
  });

  it('100 calls a minute of one token, and 503 for the next', async () => {
    const { access_token } = await getTokens();
    const statuses = await Promise.all(
      Array.from({ length: 101 }, async () => (await call(house.url, access_token)).status),
    );
    expect(statuses.filter((status) => status === 503)).toHaveLength(1);
    expect((await call(house.url, (await getTokens()).access_token)).status, 'another token').toBe(200);
    house.clock.advance(60_000);
    expect((await call(house.url, access_token)).status, 'a minute later').toBe(200);
  });
});

describe('races, through the wire', () => {
  it('one code redeemed 20 times at once: one success', async () => {
    const code = await getCode();
    const answers = await Promise.all(Array.from({ length: 20 }, () => token({ code, redirect_uri: CALLBACK })));
    const won = answers.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    const bodies = await Promise.all(answers.filter(({ status }) => status !== 200).map(bodyOf));
    expect(new Set(bodies.map(({ error }) => error))).toEqual(new Set(['invalid_grant']));
  });

  it('one refresh token used 10 times at once: one pair, exactly one live refresh token', async () => {
    const first = await getTokens();
    const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(first.refresh_token)));
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
    const given = new Set((await Promise.all(answers.map(bodyOf))).map(({ refresh_token }) => refresh_token));
    expect(given.size).toBe(1);
    expect(given.has(first.refresh_token)).toBe(false);
    house.clock.advance(11_000);
    for (const live of given) expect((await refresh(live)).status).toBe(200);
  });
});

describe('the command line of the documentation', () => {
  // Unquoted, the shell makes two words of it: `-u alice`, for which curl asks for the password, and a URL that is none.
  const line = (user: string) =>
    `curl -s -i -u ${user} "${house.url}/1/authorize" -d "client_id=$CLIENT_UID " -d "client_secret=$CLIENT_SECRET " ` +
    '-d "redirect_uri=$REDIRECT_URI " -d "response_type=code" -X POST';
  const run = async (user: string) => {
    const env = {
      PATH: process.env['PATH'] ?? '',
      USERNAME: 'alice',
      PASSWORD: 'wonderland',
      CLIENT_UID: 'demo-app',
      CLIENT_SECRET: 'demo-secret',
      REDIRECT_URI: CALLBACK,
    };
    return (await promisify(execFile)('sh', ['-c', line(user)], { env })).stdout;
  };

  it.each(['"$USERNAME :$PASSWORD"', '"$USERNAME:$PASSWORD"'])('works in curl with -u %s', async (user) => {
    const answer = await run(user);
    expect(answer).toMatch(/^HTTP\/1.1 302 Found\r\n/);
    expect(answer).toMatch(/<a href="http:\/\/127\.0\.0\.1:3000\/callback\?code=[\w-]{40}">/);
  });

  it('that sends the name alone is told what is missing', async () => {
    expect(await run('"$USERNAME:"')).toMatch(/"error_description":"Send password, or HTTP Basic."/);
  });
});

describe('its API below the same prefix', () => {
  let whole: HouseInTime;
  const ROUTE = '\n  - { name: api, path: /1/*, upstream: demo, dialect: roambi, scopes: [demo:read] }';
  beforeAll(async () => {
    whole = await startHouseInTime('config/roambi.yaml', '', (text) => text.replace(/^routes:$/m, `routes:${ROUTE}`));
  });
  afterAll(() => whole.close());

  it('has everything that is no endpoint, and all its routes count calls together', async () => {
    const location = await fetch(`${whole.url}/1/authorize`, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams(WHERE),
      headers: { authorization: ALICE },
    });
    const code = new URL(location.headers.get('location') ?? '').searchParams.get('code') ?? '';
    const form = { ...CLIENT, code, redirect_uri: CALLBACK };
    const { access_token } = await bodyOf(await post(`${whole.url}/1/token`, form, null));
    const seen = (await (await call(whole.url, access_token, '/1/accounts')).json()) as { path: string };
    expect(seen.path).toBe('/1/accounts');
    const other = await call(whole.url, access_token);
    expect(other.headers.get('ratelimit')).toMatch(/r=98;/);
  });
});

describe('the option require_client_secret', () => {
  let lenient: HouseInTime;
  beforeAll(async () => {
    lenient = await startHouseInTime('config/roambi.yaml', '', (text) =>
      text.replace('# require_client_secret: false', 'require_client_secret: false'),
    );
  });
  afterAll(() => lenient.close());
  const ask = (form: Record<string, string>) => post(`${lenient.url}/1/authorize`, form, ALICE);
  const { client_secret: _, ...named } = WHERE;

  it('set to false lets /authorize do without the secret, and checks one that is sent', async () => {
    const answer = await fetch(`${lenient.url}/1/authorize`, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams(named),
      headers: { authorization: ALICE },
    });
    expect(answer.status).toBe(302);
    expect((await ask({ ...WHERE, client_secret: 'wrong' })).status).toBe(401);

    const code = new URL(answer.headers.get('location') ?? '').searchParams.get('code') ?? '';
    const form = { client_id: 'demo-app', redirect_uri: CALLBACK, code };
    expect((await post(`${lenient.url}/1/token`, form, null)).status, '/token needs it').toBe(401);
  });

  it('left alone makes it needed', async () => {
    expect((await authorize(named)).status).toBe(401);
  });
});

describe('what it must not open', () => {
  it.each([
    ['an empty password', basic('alice:')],
    ['no user', basic(':wonderland')],
    ['what is no Basic', 'Basic !'],
    ['a token', 'Bearer 1/65_EnBUJxDe5GsIjC'],
    ['nobody', null],
  ])('refuses %s', async (_, authorization) => {
    const answer = await authorize(WHERE, authorization);
    expect([answer.status, answer.headers.get('location')]).toEqual([400, null]);
    expect((await bodyOf(answer)).error).toBe('invalid_request');
  });

  it('refuses a user by Basic and another by parameters', async () => {
    expect((await authorize({ ...WHERE, username: 'bob', password: 'x' })).status).toBe(400);
  });

  it('takes a space at the end of the path for none', async () => {
    const answer = await fetch(`${house.url}/1/authorize%20`, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams(WHERE),
      headers: { authorization: ALICE },
    });
    expect(answer.status).toBe(302);
  });

  it('gives the state back as it came, spaces too', async () => {
    const answer = await authorize({ ...WHERE, state: ' a ' });
    expect(answer.headers.get('location')).toMatch(/&state=%20a%20$/);
  });

  it('escapes what it puts into the page', async () => {
    const page = await (await authorize({ ...WHERE, state: `"><script>alert('1')</script>` })).text();
    expect(page).not.toContain('<script>');
    expect(page).toContain('&amp;state=%22%3E%3Cscript%3E');
  });
});
