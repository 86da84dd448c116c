import { createAccount } from '../../src/account/account.ts';
import type { PasswordPlace } from '../../src/account/password_change.ts';
import type { PasswordVerifier } from '../../src/connections/connection.ts';
import { hashPassword } from '../../src/connections/password_hash.ts';
import type { AuditEntry } from '../../src/model/audit.ts';
import type { User } from '../../src/model/client.ts';
import type { PersonalTokenSettings } from '../../src/model/config.ts';
import { STANDARD_TOKENS } from '../../src/model/token_policy.ts';
import { seconds } from '../../src/model/units.ts';
import { createIssuer } from '../../src/tokens/issuing.ts';
import { type EdgeOptions, type EdgeUnderTest, startEdge } from '../http/edge_under_test.ts';
import { type PageAnswer, PageClient } from '../http/page_client.ts';
import { alice, newPkce, request, settings } from '../oauth/core_under_test.ts';

/** The account pages on a real listener, over the real protocol core. Users of the store: alice and bob, both with `wonderland`. */
export interface AccountUnderTest {
  readonly edge: EdgeUnderTest;
  /** What was written down so far. */
  readonly events: readonly AuditEntry[];
  /** A browser of its own. */
  browser(headers?: Readonly<Record<string, string>>): PageClient;
  /** One that this user is signed in with. */
  signedIn(username?: string, headers?: Readonly<Record<string, string>>): Promise<PageClient>;
  /** What an app was given of a user. @returns its access token. */
  grant(user: User, how?: { client?: string; device?: string; scopes?: string[] }): Promise<string>;
}

export const bob: User = { ...alice, id: 'u-bob', username: 'bob', name: 'Bob Builder', email: 'bob@example.com' };
export const TOKENS: PersonalTokenSettings = { scopes: ['read', 'write'], audience: [], maxTtl: seconds(365 * 86_400) };

export interface AccountOptions extends EdgeOptions {
  readonly tokens?: Partial<PersonalTokenSettings>;
  readonly placeOf?: PasswordPlace;
}

/** Most of these tests are about what comes after a sign-in: real hashing would take most of their time. */
const WONDERLAND_ALONE: PasswordVerifier = { verify: async (_hash, password) => password === 'wonderland' };

export async function startAccount(options: AccountOptions = {}): Promise<AccountUnderTest> {
  const events: AuditEntry[] = [];
  const edge = await startEdge({
    passwords: WONDERLAND_ALONE,
    ...options,
    pages: (core) =>
      createAccount({
        settings: { path: '/account', personalTokens: { ...TOKENS, ...options.tokens } },
        callback: '/oauth2/callback',
        flow: core.protocol.authorization,
        desk: core.desk,
        store: core.store,
        clients: core.clients,
        consents: core.consents,
        users: core.users,
        issuer: createIssuer({ store: core.store, clock: core.clock, settings }),
        clock: core.clock,
        hashPassword,
        placeOf: () => options.placeOf ?? 'store',
        note: (entry) => events.push(entry),
        tokenIssued: () => {},
      }),
  });
  const { core } = edge;
  if (!options.users) await core.users.add(bob);
  const issuer = createIssuer({ store: core.store, clock: core.clock, settings });
  const browser = (headers?: Readonly<Record<string, string>>) => new PageClient(edge.url, headers);
  return {
    edge,
    events,
    browser,
    async signedIn(username = 'alice', headers) {
      const client = browser(headers);
      await signIn(client, username);
      return client;
    },
    async grant(user, { client = 'app', device, scopes = ['read'] } = {}) {
      const { id: subject, username, connection, roles } = user;
      const authorization = { client, user: { subject, username, connection, roles }, scopes, audience: [] };
      const order = { policy: STANDARD_TOKENS, authorization, scopes, refreshable: true };
      return (await issuer.issue({ ...order, ...(device !== undefined && { device }) })).accessToken;
    },
  };
}

/** Goes from a page of the account through the sign-in page back to it. */
export async function signIn(
  client: PageClient,
  username = 'alice',
  path = '/account',
  password = 'wonderland',
): Promise<PageAnswer> {
  const asked = await client.get(path);
  return answerSignIn(client, asked, username, password);
}

export async function answerSignIn(
  client: PageClient,
  asked: PageAnswer,
  username = 'alice',
  password = 'wonderland',
): Promise<PageAnswer> {
  const signed = await client.submit(asked, '/account/sign-in', { username, password });
  if (signed.status !== 303) return signed;
  const resumed = await client.get(signed.location);
  return client.get(resumed.location);
}

/** What an app would send the browser to. */
export const authorizeUrl = (change: Record<string, string> = {}): string =>
  `/oauth2/authorize?${new URLSearchParams({ ...request(), ...newPkce().query, ...change })}`;

/** The value of a hidden field of the page, by what its form says. */
export function hidden(page: PageAnswer, name: string, near: string): string {
  const at = page.text.indexOf(near);
  const pattern = new RegExp(`<input type="hidden" name="${name}" value="([^"]*)">`, 'g');
  const found = [...page.text.matchAll(pattern)].find(({ index }) => index > at);
  if (at < 0 || !found) throw new Error(`no field ${name} behind ${near}: ${page.text}`);
  return found[1] ?? '';
}
