import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { errors, interactionPolicy, Provider, type TokenContext } from 'oidc-provider';

/** A real OpenID Connect provider on a free port, with pages of its own, that signs in whoever gives the name of one of its people. */
export interface OutsideProvider {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The people it knows, by `sub`: what it says about them. */
  readonly people: Map<string, Readonly<Record<string, unknown>>>;
  /** What its token endpoint was asked for. */
  readonly tokenRequests: number;
  /** What its token endpoint answered, as it was sent. */
  readonly tokenAnswers: readonly string[];
  /** Lets the token endpoint fail while the rest goes on. */
  failTokens(failing: boolean): void;
  /** Stops answering, or answers again on the same port. */
  setDown(down: boolean): void;
  close(): Promise<void>;
}

/** Everybody's password, where it takes one. */
export const PASSWORD = 'correct horse';

/** @param base where it lives below its origin. */
export async function startOutsideProvider(settings: object = {}, base = ''): Promise<OutsideProvider> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}${base}`;
  const [clientId, clientSecret] = ['gatehouse', 'a secret with spaces & signs'];
  const people = new Map<string, Readonly<Record<string, unknown>>>([
    ['bob', { name: 'Bob Builder', preferred_username: 'bob.b', email: 'bob@example.com', email_verified: true }],
  ]);
  const tokenAnswers: string[] = [];
  let [tokenRequests, isDown, tokensFail] = [0, false, false];

  // Native applications would be asked at every sign-in; ours is none, it only has no fixed port.
  const policy = interactionPolicy.base();
  policy.get('consent').checks.remove('native_client_prompt');
  const provider = new Provider(issuer, {
    interactions: { policy },
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        grant_types: ['authorization_code', 'password'],
        // At a loopback address a native application may use any port.
        application_type: 'native',
        redirect_uris: ['http://127.0.0.1/oauth2/callback'],
      },
    ],
    claims: {
      openid: ['sub', 'groups', 'upn', 'unique_name'],
      profile: ['name', 'preferred_username'],
      email: ['email', 'email_verified'],
    },
    findAccount: (_ctx: unknown, sub: string) =>
      people.has(sub) ? { accountId: sub, claims: () => ({ sub, ...people.get(sub) }) } : undefined,
    cookies: { keys: ['for tests'] },
    ...settings,
  });
  provider.registerGrantType('password', (ctx) => passwordGrant(provider, ctx, people), ['username', 'password']);

  const answer = provider.callback();
  server.on('request', (request, response) => {
    if (isDown || (tokensFail && request.url === `${base}/token`)) return void request.socket.destroy();
    if (request.url === `${base}/token`) {
      tokenRequests++;
      const end = response.end.bind(response) as (body?: unknown) => typeof response;
      response.end = (body?: unknown) => {
        tokenAnswers.push(String(body));
        return end(body);
      };
    }
    // Mounted as an app mounts it: it sees paths without the base, and is told of it.
    const { url = '/' } = request;
    answer(Object.assign(request, { originalUrl: url, url: url.slice(base.length) || '/' }), response);
  });
  return {
    issuer,
    clientId,
    clientSecret,
    people,
    tokenAnswers,
    get tokenRequests() {
      return tokenRequests;
    },
    failTokens(failing) {
      tokensFail = failing;
    },
    setDown(down) {
      isDown = down;
      server.closeAllConnections();
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function passwordGrant(provider: Provider, ctx: TokenContext, people: OutsideProvider['people']): Promise<void> {
  const { username = '', password } = ctx.oidc.params;
  const claims = people.get(username);
  if (!claims || password !== PASSWORD) throw new errors.InvalidGrant('wrong name or password');
  const { client } = ctx.oidc;
  const grant = new provider.Grant({ accountId: username, clientId: client.clientId });
  grant.addOIDCScope('openid profile email');
  const shared = { accountId: username, client, scope: 'openid profile email', gty: 'password' };
  const accessToken = new provider.AccessToken({ ...shared, grantId: await grant.save() });
  const idToken = new provider.IdToken({ sub: username, ...claims }, { ctx });
  idToken.scope = 'openid profile email';
  ctx.body = {
    access_token: await accessToken.save(),
    id_token: await idToken.issue({ use: 'idtoken' }),
    token_type: 'Bearer',
    expires_in: 60,
  };
}

/**
 * Goes through the provider's pages as a person without a browser: signs in, agrees, and stops where the provider sends the browser
 * back to Gatehouse.
 * @returns the URL it was sent back to.
 */
export async function visitProvider(start: string, login: string): Promise<URL> {
  const cookies = new Map<string, string>();
  let next: { readonly url: string; readonly form?: URLSearchParams } = { url: start };
  for (let steps = 0; steps < 12; steps++) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response: Response = await fetch(next.url, {
      redirect: 'manual',
      headers: { cookie },
      ...(next.form && { method: 'POST', body: next.form }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') cookies.delete(name);
      else cookies.set(name, value);
    }
    const page = await response.text();
    const location = response.headers.get('location');
    if (location !== null) {
      const url = new URL(location, next.url);
      if (url.origin !== new URL(start).origin) return url;
      next = { url: url.href };
      continue;
    }
    const action = /<form[^>]* action="([^"]+)"/.exec(page)?.[1];
    const prompt = /name="prompt" value="([^"]+)"/.exec(page)?.[1];
    if (action === undefined || prompt === undefined) throw new Error(`no form: ${response.status} ${page}`);
    const form = new URLSearchParams(prompt === 'login' ? { prompt, login, password: 'any' } : { prompt });
    next = { url: new URL(action, next.url).href, form };
  }
  throw new Error('the provider sends in circles');
}
