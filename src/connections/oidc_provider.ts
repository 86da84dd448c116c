import * as client from 'openid-client';
import type { Clock } from '../model/clock.ts';
import { DependencyUnavailable } from '../model/failure.ts';
import { type Milliseconds, milliseconds } from '../model/units.ts';
import type { ConnectionDependencies } from './connection.ts';

/** Our registration at an OpenID Connect provider. */
export interface Registration {
  readonly issuer: string;
  readonly clientId: string;
  /** Absent for a public client. */
  readonly clientSecret?: string | undefined;
  readonly authentication: 'client_secret_basic' | 'client_secret_post';
  readonly timeout: Milliseconds;
  /** Lets http through to a loopback address; never to any other. */
  readonly allowInsecure: boolean;
}

/** What a provider said about one user: the claims of an `id_token` whose signature, issuer, audience and times were checked. */
export type ProvenClaims = Readonly<Record<string, unknown>> & { readonly sub: string };

/** Someone else's OpenID Connect server. Outcomes are values; a server that gives no usable answer is `DependencyUnavailable`. */
export interface Provider {
  /** The origin that browsers are sent to; the issuer's own until discovery has worked. */
  origin(): Promise<string>;
  authorizationUrl(parameters: Readonly<Record<string, string>>): Promise<URL>;
  /** Redeems the code of an authorization answer. @returns undefined when the provider or the checks say no. */
  redeem(returned: URL, checks: client.AuthorizationCodeGrantChecks): Promise<ProvenClaims | undefined>;
  /** The resource owner password grant (RFC 6749 §4.3). @returns undefined when the provider says no. */
  password(parameters: Readonly<Record<string, string>>): Promise<ProvenClaims | undefined>;
}

/** How long metadata is believed without asking again, and how long a failed look-up is. */
const FRESH = milliseconds(60 * 60_000);
const FAILED = milliseconds(2_000);

interface Discovered {
  readonly at: Milliseconds;
  readonly configuration: Promise<client.Configuration>;
  ok?: boolean;
}

export function createProvider(
  registration: Registration,
  { name, clock, report }: Pick<ConnectionDependencies, 'name' | 'clock' | 'report'>,
): Provider {
  const configuration = discoveries(registration, clock, () => report('provider_not_discovered'));

  async function ask<T>(work: (found: client.Configuration) => Promise<T>): Promise<T | undefined> {
    try {
      return await work(await configuration());
    } catch (error) {
      const reason = refusalOf(error);
      if (reason === undefined) throw unavailable(name, error);
      report('provider_refused', { reason });
      return undefined;
    }
  }

  /** What the `id_token` lacks is at the userinfo endpoint (OpenID Connect Core §5.4); the `id_token` wins. */
  async function claimsOf(
    found: client.Configuration,
    answer: client.TokenEndpointResponse & client.TokenEndpointResponseHelpers,
  ): Promise<ProvenClaims> {
    const proven = answer.claims();
    // A token answer without an id_token proves no user to us: an access token is for somebody else.
    if (!proven) throw new DependencyUnavailable(name, 'the provider sent no id_token');
    if (found.serverMetadata().userinfo_endpoint === undefined) return proven;
    const more = await client.fetchUserInfo(found, answer.access_token, proven.sub);
    return { ...more, ...proven };
  }

  return {
    async origin() {
      const own = new URL(registration.issuer).origin;
      const found = await configuration().catch(() => undefined);
      return new URL(found?.serverMetadata().authorization_endpoint ?? own).origin;
    },
    async authorizationUrl(parameters) {
      const url = await ask(async (found) => client.buildAuthorizationUrl(found, parameters));
      if (!url || !isAllowed(url, registration)) {
        throw new DependencyUnavailable(name, 'its authorization endpoint does not use https');
      }
      return url;
    },
    redeem: (returned, checks) =>
      ask(async (found) => claimsOf(found, await client.authorizationCodeGrant(found, returned, checks))),
    password: (parameters) =>
      ask(async (found) => claimsOf(found, await client.genericGrantRequest(found, 'password', parameters))),
  };
}

/** Asks the provider for its metadata when it is first needed and once an hour; an older answer serves while a new one fails. */
function discoveries(
  registration: Registration,
  clock: Clock,
  failed: () => void,
): () => Promise<client.Configuration> {
  let latest: Discovered | undefined;
  let last: client.Configuration | undefined;

  return () => {
    const now = clock.monotonic();
    if (latest && now - latest.at < (latest.ok === false ? FAILED : FRESH)) return latest.configuration;
    const next: Discovered = {
      at: now,
      configuration: discover(registration).then(
        (found) => {
          next.ok = true;
          last = found;
          return found;
        },
        (error: unknown) => {
          next.ok = false;
          failed();
          if (last) return last;
          throw error;
        },
      ),
    };
    latest = next;
    return next.configuration;
  };
}

async function discover(registration: Registration): Promise<client.Configuration> {
  const { issuer, clientId, clientSecret, authentication, timeout, allowInsecure } = registration;
  const basic = authentication === 'client_secret_basic';
  const method = clientSecret === undefined ? client.None() : undefined;
  const secretMethod = basic ? client.ClientSecretBasic(clientSecret) : client.ClientSecretPost(clientSecret);
  return client.discovery(new URL(issuer), clientId, {}, method ?? secretMethod, {
    timeout: timeout / 1000,
    // TLS alone would do for what the token endpoint sends (OpenID Connect Core §3.1.3.7); the signature is checked as well.
    execute: [client.enableNonRepudiationChecks, ...(allowInsecure ? [client.allowInsecureRequests] : [])],
    // Metadata may name any URL: none but https is asked, or loopback where that was allowed.
    [client.customFetch]: (url, options) => {
      if (!isAllowed(new URL(url), registration)) throw new TypeError('only https is allowed');
      return fetch(url, options as RequestInit);
    },
  });
}

/** 256 random bits, as a state, a nonce or a PKCE verifier. */
export const randomValue = (): string => client.randomPKCECodeVerifier();
export const pkceOf = (verifier: string): Promise<string> => client.calculatePKCECodeChallenge(verifier);

export const isLoopback = ({ hostname }: URL): boolean => /^(127\.0\.0\.1|\[::1\]|localhost)$/.test(hostname);

const isAllowed = (url: URL, { allowInsecure }: Pick<Registration, 'allowInsecure'>): boolean =>
  url.protocol === 'https:' || (allowInsecure && url.protocol === 'http:' && isLoopback(url));

/** Errors of the user, by which a provider says no: wrong password, locked, expired, more factors wanted, "Cancel". */
const REFUSALS = ['invalid_grant', 'access_denied', 'interaction_required', 'login_required', 'consent_required'];

/** Checks that an answer did not pass: it is for another client, of another issuer, for another nonce, too old, not signed. */
const FAILED_CHECKS = [
  'OAUTH_INVALID_RESPONSE',
  'OAUTH_JWT_CLAIM_COMPARISON_FAILED',
  'OAUTH_JWT_TIMESTAMP_CHECK_FAILED',
  'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED',
];

/** Why the answer is no; undefined when there was no answer that could be used. Only registered words, no text of a server. */
function refusalOf(error: unknown): string | undefined {
  if (error instanceof client.ResponseBodyError || error instanceof client.AuthorizationResponseError) {
    return REFUSALS.find((word) => word === error.error);
  }
  return error instanceof client.ClientError ? FAILED_CHECKS.find((code) => code === error.code) : undefined;
}

/** @returns an error that carries no message of the provider, which may quote what it was sent. */
function unavailable(name: string, error: unknown): DependencyUnavailable {
  if (error instanceof DependencyUnavailable) return error;
  // An HTTP challenge is for us, and never about the user.
  if (error instanceof client.WWWAuthenticateChallengeError) return new DependencyUnavailable(name, 'invalid_client');
  const word =
    error instanceof client.ResponseBodyError || error instanceof client.AuthorizationResponseError
      ? error.error
      : error instanceof client.ClientError && error.code;
  const known = typeof word === 'string' && /^[A-Za-z_]{1,64}$/.test(word) ? word : 'no usable answer';
  return new DependencyUnavailable(name, known);
}
