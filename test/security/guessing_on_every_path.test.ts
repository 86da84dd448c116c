/**
 * Threat: one of the ways in forgot to count. Guesses come all at once, from as many addresses, to three nodes of one Redis, at each
 * path that takes a password or a secret; what is evaluated is what is not answered with 429.
 *
 * F1: ten evaluations for an account in five minutes, whichever path and however many guesses; and ten of a client's secret for each
 * address.
 */
import { randomUUID } from 'node:crypto';
import { Agent, fetch, type Response } from 'undici';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hashPassword } from '../../src/connections/password_hash.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { isLong, measured } from '../support/measured.ts';
import { type RedisServer, startRedis } from '../support/redis_server.ts';

const GUESSES = isLong() ? 10_000 : 150;
const CALLBACK = 'http://127.0.0.1:3000/callback';

const agent = new Agent({ connections: 64 });
let redis: RedisServer;
let nodes: GatehouseProcess[];
beforeAll(async () => {
  redis = await startRedis();
  const chosen = await hashPassword('a secret that a person chose');
  const client = (id: string, grants: string) =>
    `  - { id: ${id}, secret_hash: "${chosen}", grants: [${grants}], scopes: [a, openid], redirect_uris: ["${CALLBACK}"] }`;
  const yaml = `
listen: { host: 127.0.0.1, port: 0, trusted_proxies: [127.0.0.1] }
admin: { host: 127.0.0.1, port: 0 }
store: { type: redis, url: "${redis.url}", command_timeout: 10s }
server_secret: thirty-two characters and a few more
dialects: [oauth2, roambi, { type: locus, prefix: /locus }, auth0]
routes: [{ name: api, path: /api/*, upstream: demo }]
clients:
${['token', 'introspection', 'revocation', 'in_the_body'].map((id) => client(id, 'client_credentials')).join('\n')}
  - { id: app, secret: the-secret-of-the-app, grants: [authorization_code, password, refresh_token], scopes: [a, openid], redirect_uris: ["${CALLBACK}"] }
connections: [{ name: users, type: database }]
`;
  nodes = await Promise.all([1, 2, 3].map(() => startGatehouse(yaml)));
}, 60_000);
afterAll(async () => {
  await Promise.all((nodes ?? []).map((node) => node.stop('SIGKILL')));
  await agent.destroy();
  await redis?.stop();
});

interface Guess {
  readonly origin: string;
  readonly from: Readonly<Record<string, string>>;
  readonly user: string;
  readonly password: string;
}
type Way = (guess: Guess) => Promise<Response>;

const form = (
  path: string,
  fields: (guess: Guess) => Record<string, string>,
  basic?: (guess: Guess) => string,
): Way => {
  return (guess) => {
    const credentials = basic?.(guess);
    const authorization = credentials && { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
    const body = new URLSearchParams(fields(guess));
    const headers = { ...guess.from, ...authorization };
    return fetch(guess.origin + path, { method: 'POST', body, headers, dispatcher: agent, redirect: 'manual' });
  };
};
const app = { client_id: 'app', client_secret: 'the-secret-of-the-app' };

/** A browser of its own for every guess, as somebody would have who hides. */
const signInPage: Way = async ({ origin, from, user, password }) => {
  const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';
  const query = new URLSearchParams({
    ...{ response_type: 'code', client_id: 'app', redirect_uri: CALLBACK, scope: 'a' },
    ...{ code_challenge: challenge, code_challenge_method: 'S256' },
  });
  const options = { headers: from, dispatcher: agent };
  const page = await fetch(`${origin}/oauth2/authorize?${query}`, options);
  const hidden = Object.fromEntries(
    [...(await page.text()).matchAll(/name="(interaction|csrf)" value="([^"]+)"/g)].map(([, name, value]) => [
      name,
      value,
    ]),
  );
  const cookie = page.headers
    .getSetCookie()
    .map((each) => each.split(';')[0])
    .join('; ');
  return fetch(`${origin}/oauth2/sign-in`, {
    ...{ ...options, method: 'POST', headers: { ...from, cookie }, redirect: 'manual' },
    body: new URLSearchParams({ ...hidden, username: user, password }),
  });
};

const WAYS: Readonly<Record<string, Way>> = {
  'the password grant': form('/oauth2/token', ({ user: username, password }) => ({
    ...{ ...app, grant_type: 'password', username, password },
  })),
  'the sign-in page': signInPage,
  'POST /oauth/ro of Auth0': form('/oauth/ro', ({ user: username, password }) => ({
    ...{ ...app, grant_type: 'password', connection: 'users', scope: 'openid', username, password },
  })),
  'POST /1/authorize of Roambi': form(
    '/1/authorize',
    () => ({ ...app, redirect_uri: CALLBACK, response_type: 'code' }),
    ({ user, password }) => `${user}:${password}`,
  ),
  'POST /oauth/token of Locus': form('/locus/token', ({ user: username, password }) => ({
    ...{ ...app, grant_type: 'password', username, password },
  })),
  'the secret of a client, at the token endpoint': form(
    '/oauth2/token',
    () => ({ grant_type: 'client_credentials' }),
    ({ password }) => `token:${password}`,
  ),
  'the secret of a client, in the body': form('/oauth2/token', ({ password }) => ({
    ...{ grant_type: 'client_credentials', client_id: 'in_the_body', client_secret: password },
  })),
  'the secret of a client, at introspection': form(
    '/oauth2/introspect',
    () => ({ token: 'x' }),
    ({ password }) => `introspection:${password}`,
  ),
  'the secret of a client, at revocation': form(
    '/oauth2/revoke',
    () => ({ token: 'x' }),
    ({ password }) => `revocation:${password}`,
  ),
};

it.each(Object.entries(WAYS))(
  `%s evaluates ten of ${GUESSES} guesses that come at once`,
  { timeout: 300_000 },
  async (name, way) => {
    const user = `user-${randomUUID()}`;
    const statuses = await Promise.all(
      Array.from({ length: GUESSES }, async (_, index) => {
        const origin = nodes[index % nodes.length]?.url ?? '';
        // A client's secret is counted for each address by itself: else anybody could lock any client out.
        const from = { 'x-forwarded-for': name.includes('secret') ? '10.9.9.9' : `10.${index >> 8}.${index & 255}.7` };
        const answer = await way({ origin, from, user, password: `guess-${index}` });
        await answer.arrayBuffer();
        return answer.status;
      }),
    );
    const evaluated = statuses.filter((status) => status !== 429);
    // Not refused for another reason, or nothing would be shown.
    expect(evaluated.filter((status) => ![400, 401, 403, 422].includes(status))).toEqual([]);
    // Of a secret each node has one under way before it sees what the others have counted.
    expect(evaluated.length).toBeLessThanOrEqual(name.includes('secret') ? 9 + nodes.length : 10);
    expect(evaluated.length).toBeGreaterThanOrEqual(10);
    measured({
      id: 'F1',
      what: `guesses evaluated: ${name}`,
      count: GUESSES,
      max: evaluated.length,
      unit: 'evaluated',
    });
  },
);
