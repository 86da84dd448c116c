import { hash, randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Client } from '../model/client.ts';
import type { Clock } from '../model/clock.ts';
import type { IdTokenSettings } from '../model/config.ts';
import { ProtocolError } from '../model/failure.ts';
import type { Claims, ServerFacts } from '../model/protocol.ts';
import type { Identity, TokenRef } from '../model/token.ts';
import type { TokenPolicy } from '../model/token_policy.ts';
import { inSeconds, type Seconds, seconds } from '../model/units.ts';
import { familyRef } from '../tokens/families.ts';
import {
  isSignedWith,
  type JwsAlgorithm,
  type JwsKey,
  peek,
  type SignWith,
  signJwt,
  verifyJwt,
} from '../tokens/jws.ts';
import type { SigningKeys } from '../tokens/signing_keys.ts';
import { claimsOf } from './claims.ts';

/** Statements of this gateway to a client about who signed in (OpenID Connect Core §2). */
export interface IdTokens {
  /** How long one is valid. */
  readonly ttl: Seconds;
  /**
   * Finds what signs for this client, before anything is issued that would then lack its `id_token`.
   * @throws ProtocolError `invalid_client` when the dialect signs with the client's secret and only its hash is known.
   */
  signer(client: Client, policy: TokenPolicy): Promise<(statement: Statement) => Promise<string>>;
  /**
   * Reads one that was issued to this client and has not expired. @param policies of dialects whose way of signing is accepted.
   * @returns undefined for any other token.
   */
  read(token: string, client: Client, policies: readonly TokenPolicy[]): Promise<VerifiedIdToken | undefined>;
  /** Whether the secret of this client signed it, expired or not: what a caller learns here, it learns about the secret. */
  isSignedBySecret(token: string, client: Client): Promise<boolean>;
}

export interface Statement {
  /** Whose tokens were asked for. */
  readonly dialect: string;
  readonly user: Identity;
  readonly scopes: readonly string[];
  /** The family that the sign-in began. */
  readonly family: TokenRef;
  readonly authenticatedAt?: Seconds | undefined;
  readonly nonce?: string | undefined;
  readonly accessToken?: string | undefined;
}

export interface VerifiedIdToken {
  readonly claims: Claims;
  readonly subject: string;
  readonly family?: TokenRef | undefined;
  /** The dialect it was issued in. */
  readonly dialect?: string | undefined;
}

export interface IdTokenDependencies {
  readonly keys: SigningKeys;
  readonly clock: Clock;
  readonly settings: IdTokenSettings;
  readonly facts: Pick<ServerFacts, 'issuer'>;
}

/** Longer than any that we issue; a stranger's is not even parsed. */
const LONGEST = 16_384;

const verifiedClaims = z.looseObject({ sub: z.string(), aud: z.string(), sid: z.string().optional() });

export function createIdTokens({ keys, clock, settings, facts }: IdTokenDependencies): IdTokens {
  async function signer(client: Client, policy: TokenPolicy) {
    const algorithm = policy.idTokens;
    const signWith: SignWith =
      algorithm === 'HS256' ? { algorithm, key: secretOf(client) } : await keys.current(algorithm);
    return (statement: Statement) => signJwt(claimsFor(client, statement), signWith);
  }

  function claimsFor(client: Client, statement: Statement): Claims {
    const now = inSeconds(clock.now());
    const { dialect, user, scopes, family, authenticatedAt, nonce, accessToken } = statement;
    return {
      ...claimsOf(user, scopes),
      iss: facts.issuer,
      aud: client.id,
      iat: now,
      exp: seconds(now + settings.ttl),
      jti: randomUUID(),
      sid: `${family.tag}.${family.hash}.${dialect}`,
      ...(authenticatedAt !== undefined && { auth_time: authenticatedAt }),
      ...(nonce !== undefined && { nonce }),
      ...(accessToken !== undefined && { at_hash: accessTokenHash(accessToken) }),
    };
  }

  async function read(token: string, client: Client, policies: readonly TokenPolicy[]) {
    const claimed = token.length <= LONGEST ? peek(token) : undefined;
    const found = claimed && (await keyFor(claimed, client));
    if (!found || !policies.some((policy) => accepts(policy, found.algorithm))) return undefined;
    const now = inSeconds(clock.now());
    const claims = await verifyJwt(token, { ...found, issuer: facts.issuer, audience: client.id, now });
    const { data } = verifiedClaims.safeParse(claims);
    return claims && data && { claims, subject: data.sub, ...sessionIn(data.sid) };
  }

  /**
   * The one key that can have signed it, with the algorithm that belongs to the key. A public key is therefore never taken for a
   * shared secret, whatever the header says (RFC 8725 §2.1).
   */
  async function keyFor(
    { alg, kid }: { readonly alg?: string; readonly kid?: string },
    { signingSecret }: Client,
  ): Promise<{ readonly algorithm: JwsAlgorithm; readonly key: JwsKey } | undefined> {
    if (alg === 'HS256')
      return signingSecret === undefined ? undefined : { algorithm: alg, key: octets(signingSecret) };
    const key = kid === undefined ? undefined : await keys.find(kid);
    return key && { algorithm: key.algorithm, key: key.publicKey };
  }

  async function isSignedBySecret(token: string, { signingSecret }: Client) {
    if (signingSecret === undefined || token.length > LONGEST) return false;
    return isSignedWith(token, { algorithm: 'HS256', key: octets(signingSecret) });
  }

  return { ttl: settings.ttl, signer, read, isSignedBySecret };
}

/** Keys of the gateway are believed whichever their algorithm: which one signs may have been configured anew since. */
const accepts = ({ idTokens }: TokenPolicy, algorithm: JwsAlgorithm): boolean =>
  (idTokens === 'HS256') === (algorithm === 'HS256');

/** OpenID Connect Core §10.1: the octets of the UTF-8 form of the secret. */
const octets = (secret: string): Uint8Array => new TextEncoder().encode(secret);

function secretOf({ signingSecret }: Client): Uint8Array {
  if (signingSecret !== undefined) return octets(signingSecret);
  throw new ProtocolError(
    'invalid_client',
    'The id_tokens of this API are signed with the client secret (HS256), and only a hash of it is kept: write the secret of this client into the configuration, or have the API sign with RS256, or leave openid out of scope.',
  );
}

/** OpenID Connect Core §3.1.3.6: the left half of the SHA-256, which all our algorithms share. */
const accessTokenHash = (token: string): string =>
  hash('sha256', token, 'buffer').subarray(0, 16).toString('base64url');

/** `sid` says where the family lives, and in which dialect it began. No secret: without one of its tokens nothing can be done with it. */
function sessionIn(sid: string | undefined): Pick<VerifiedIdToken, 'family' | 'dialect'> {
  const [, tag, id, dialect] = /^([A-Za-z0-9_-]{8})\.([A-Za-z0-9_-]{22})\.([a-z0-9_]+)$/.exec(sid ?? '') ?? [];
  return tag === undefined || id === undefined ? {} : { family: familyRef(tag, id), dialect };
}
