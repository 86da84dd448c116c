import {
  type CryptoKey,
  calculateJwkThumbprint,
  compactVerify,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  exportJWK,
  generateKeyPair,
  importJWK,
  jwtVerify,
  SignJWT,
} from 'jose';
import type { SigningKey } from '../model/client.ts';
import type { Claims } from '../model/protocol.ts';
import { inMilliseconds, type Seconds } from '../model/units.ts';

/**
 * JSON Web Signatures and Keys (RFC 7515, RFC 7517): the only file that knows the library. A key goes with one algorithm, and a
 * verifier names the one it expects: what a token's own header says is never enough (RFC 8725 §3.1).
 */

export type KeyAlgorithm = SigningKey['algorithm'];
export type JwsAlgorithm = KeyAlgorithm | 'HS256';
export type Jwk = Readonly<Record<string, unknown>>;
/** The octets of a client's secret (OpenID Connect Core §10.1), or one half of a key pair. */
export type JwsKey = CryptoKey | Uint8Array;

const RSA_BITS = 2048;

/** A fresh key pair. Its `kid` is the thumbprint of its public half (RFC 7638), so that no two keys can share one. */
export async function newKeyPair(
  algorithm: KeyAlgorithm,
): Promise<{ readonly publicJwk: Jwk; readonly privateJwk: Jwk }> {
  const pair = await generateKeyPair(algorithm, { extractable: true, modulusLength: RSA_BITS });
  const open = await exportJWK(pair.publicKey);
  const kid = await calculateJwkThumbprint(open);
  return {
    publicJwk: { ...open, kid, alg: algorithm, use: 'sig' },
    privateJwk: { ...(await exportJWK(pair.privateKey)) },
  };
}

/** @throws Error for what is no asymmetric key of this algorithm. */
export async function readJwk(jwk: Jwk, algorithm: KeyAlgorithm): Promise<CryptoKey> {
  const key = await importJWK(jwk, algorithm);
  if (key instanceof Uint8Array) throw new TypeError('a symmetric key stands where a key pair belongs');
  return key;
}

export interface SignWith {
  readonly algorithm: JwsAlgorithm;
  readonly key: JwsKey;
  readonly kid?: string | undefined;
}

export function signJwt(claims: Claims, { algorithm, key, kid }: SignWith): Promise<string> {
  const header = { alg: algorithm, typ: 'JWT', ...(kid !== undefined && { kid }) };
  return new SignJWT({ ...claims }).setProtectedHeader(header).sign(key);
}

export interface Expected {
  /** The algorithm of the key. A token that says another one is refused. */
  readonly algorithm: JwsAlgorithm;
  readonly key: JwsKey;
  readonly issuer: string;
  readonly audience: string;
  readonly now: Seconds;
}

/** @returns the claims of a token that is signed with this key, for this audience, and not expired; undefined for any other. */
export async function verifyJwt(token: string, expected: Expected): Promise<Claims | undefined> {
  try {
    const { payload } = await jwtVerify(token, expected.key, {
      algorithms: [expected.algorithm],
      issuer: expected.issuer,
      audience: expected.audience,
      currentDate: new Date(inMilliseconds(expected.now)),
      requiredClaims: ['sub', 'iat', 'exp'],
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}

/** Whether this key signed a token, whatever it says. */
export async function isSignedWith(token: string, { algorithm, key }: SignWith): Promise<boolean> {
  try {
    await compactVerify(token, key, { algorithms: [algorithm] });
    return true;
  } catch (error) {
    if (error instanceof errors.JOSEError) return false;
    throw error;
  }
}

/** What a token says of itself, unproved: good for choosing the key to prove it with, and for nothing else. */
export function peek(
  token: string,
): { readonly alg?: string; readonly kid?: string; readonly aud?: unknown } | undefined {
  try {
    const { alg, kid } = decodeProtectedHeader(token);
    const { aud } = decodeJwt(token);
    return { ...(alg !== undefined && { alg }), ...(kid !== undefined && { kid }), aud };
  } catch {
    // Not even a JWT.
    return undefined;
  }
}
