import { z } from 'zod';
import { duration } from '../model/fields.ts';
import { variant } from '../model/variant.ts';
import type { Connection, ConnectionDependencies, PasswordConnection, RedirectConnection } from './connection.ts';
import { type ClaimNames, identityOf } from './oidc_claims.ts';
import { createProvider, isLoopback, type ProvenClaims, type Provider, pkceOf, randomValue } from './oidc_provider.ts';

/**
 * Users of somebody else's OpenID Connect provider: in the browser by the authorization code flow with PKCE, state and nonce, and by
 * password where the provider still allows that. Their `sub` is `<connection>|<sub>`: whatever else the provider says about them,
 * they are never taken for a user of another connection.
 */

const claimName = (claim: string, what: string) =>
  z.string().min(1).max(128).default(claim).describe(`The claim that holds ${what}.`);

const options = z
  .strictObject({
    issuer: z
      .url({ protocol: /^https?$/, error: 'must be a URL such as https://login.example.com' })
      .describe('The provider: where its /.well-known/openid-configuration is.'),
    client_id: z.string().min(1).max(256).describe('How Gatehouse is registered at the provider.'),
    client_secret: z.string().min(1).max(1024).optional().describe('Absent for a public client.'),
    client_authentication: z
      .enum(['client_secret_basic', 'client_secret_post'])
      .default('client_secret_basic')
      .describe('How the secret is sent to the token endpoint.'),
    scopes: z
      .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/, 'must be a scope: visible ASCII without spaces'))
      .default(['openid', 'profile', 'email'])
      .refine((scopes) => scopes.includes('openid'), 'must contain openid: without it no provider says who signed in')
      .describe('What is asked of the provider.'),
    claims: z
      .strictObject({
        username: claimName('preferred_username', 'the user name; `sub` serves if it is absent'),
        name: claimName('name', 'the name that people know'),
        email: claimName('email', 'the e-mail address'),
        phone_number: claimName('phone_number', 'the phone number'),
        roles: z.string().min(1).max(128).optional().describe('The claim that holds roles; without it there are none.'),
      })
      .prefault({})
      .describe('Where the provider writes what Gatehouse wants to know.'),
    trust_unverified: z
      .boolean()
      .default(false)
      .describe('Pass on addresses and numbers that the provider does not call verified. Azure AD never says it.'),
    label: z.string().min(1).max(64).optional().describe('On the button: "Continue with …". The name if absent.'),
    browser: z.boolean().default(true).describe('Whether users may sign in at the provider, in the browser.'),
    password: z
      .boolean()
      .default(false)
      .describe('Whether Gatehouse may take the password and send it to the provider (RFC 6749, section 4.3).'),
    timeout: duration().prefault('5s').describe('How long to wait for an answer of the provider.'),
    allow_insecure: z
      .boolean()
      .default(false)
      .describe('Accept an http issuer at a loopback address, for development.'),
  })
  .superRefine(({ issuer, allow_insecure, browser, password }, context) => {
    const url = URL.parse(issuer);
    if (url?.protocol === 'http:' && !(allow_insecure && isLoopback(url))) {
      const message = 'must use https; http is for loopback addresses, with allow_insecure: true';
      context.addIssue({ code: 'custom', path: ['issuer'], message });
    }
    if (!browser && !password) {
      const message = 'leaves no way to sign in: write password: true, or browser: true';
      context.addIssue({ code: 'custom', path: ['browser'], message });
    }
  });
export type OidcOptions = z.infer<typeof options>;

export const oidc = variant<OidcOptions, ConnectionDependencies, readonly Connection[]>({
  type: 'oidc',
  options,
  create(settings, dependencies) {
    const { name } = dependencies;
    const provider = createProvider(
      {
        issuer: settings.issuer,
        clientId: settings.client_id,
        clientSecret: settings.client_secret,
        authentication: settings.client_authentication,
        timeout: settings.timeout,
        allowInsecure: settings.allow_insecure,
      },
      dependencies,
    );
    const { username, email, phone_number: phoneNumber, roles } = settings.claims;
    const claims: ClaimNames = { username, name: settings.claims.name, email, phoneNumber, roles };
    const identify = (proven: ProvenClaims | undefined) =>
      proven
        ? ({ ok: true, identity: identityOf(proven, name, claims, settings.trust_unverified) } as const)
        : ({ ok: false } as const);
    const shared: Shared = { name, provider, scope: settings.scopes.join(' '), identify };
    return [
      ...(settings.browser ? [inBrowser(shared, settings.label ?? name)] : []),
      ...(settings.password ? [byPassword(shared)] : []),
    ];
  },
});

interface Shared {
  readonly name: string;
  readonly provider: Provider;
  readonly scope: string;
  readonly identify: (proven: ProvenClaims | undefined) => Awaited<ReturnType<PasswordConnection['signIn']>>;
}

function inBrowser({ name, provider, scope, identify }: Shared, label: string): RedirectConnection {
  return {
    kind: 'redirect',
    name,
    label,
    origin: () => provider.origin(),

    async begin(callback, state, how) {
      const [nonce, codeVerifier] = [randomValue(), randomValue()];
      const url = await provider.authorizationUrl({
        redirect_uri: callback,
        scope,
        state,
        nonce,
        code_challenge: await pkceOf(codeVerifier),
        code_challenge_method: 'S256',
        ...(how?.again && { prompt: 'login' }),
      });
      return { to: url.href, away: { connection: name, nonce, codeVerifier, callback } };
    },

    async finish(returned, { nonce, codeVerifier }) {
      const expectedState = returned.searchParams.get('state') ?? '';
      const checks = { expectedState, expectedNonce: nonce, pkceCodeVerifier: codeVerifier, idTokenExpected: true };
      return identify(await provider.redeem(returned, checks));
    },
  };
}

function byPassword({ name, provider, scope, identify }: Shared): PasswordConnection {
  return {
    kind: 'password',
    name,
    async signIn(username, password) {
      // A provider may read a missing password as another way of asking; it is never one that was typed.
      if (username === '' || password === '') return { ok: false };
      return identify(await provider.password({ username, password, scope }));
    },
  };
}
