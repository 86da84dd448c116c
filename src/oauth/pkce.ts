import { ProtocolError } from '../model/failure.ts';
import { hashToken, sameSecret } from '../tokens/hashing.ts';

/** Proof Key for Code Exchange (RFC 7636): whoever redeems a code must be who asked for it. S256 only. */

/** A SHA-256 in base64url. */
const CHALLENGE = /^[A-Za-z0-9_-]{43}$/;
/** RFC 7636 §4.1. */
const VERIFIER = /^[A-Za-z0-9\-._~]{43,128}$/;

export interface ChallengeRequest {
  readonly codeChallenge?: string | undefined;
  readonly codeChallengeMethod?: string | undefined;
}

/**
 * The challenge of an authorization request, once it is one that can be relied on; undefined if none was sent and none is needed.
 * @throws ProtocolError `invalid_request`. A missing method would mean `plain` (RFC 7636 §4.3), which is refused too.
 */
export function checkedChallenge(request: ChallengeRequest, required: boolean): string | undefined {
  const { codeChallenge, codeChallengeMethod } = request;
  if (codeChallenge === undefined && codeChallengeMethod === undefined && !required) return undefined;
  if (codeChallenge === undefined) {
    throw new ProtocolError('invalid_request', 'PKCE is required: send code_challenge and code_challenge_method=S256.');
  }
  if (codeChallengeMethod !== 'S256') {
    throw new ProtocolError('invalid_request', 'Send code_challenge_method=S256: no other method is accepted.');
  }
  if (!CHALLENGE.test(codeChallenge)) {
    const right = 'the base64url SHA-256 of the code_verifier, 43 characters without padding';
    throw new ProtocolError('invalid_request', `The code_challenge is malformed: it must be ${right}.`);
  }
  return codeChallenge;
}

/** @throws ProtocolError `invalid_grant` unless the verifier is the one that the challenge was made from. */
export function checkVerifier(verifier: string | undefined, challenge: string | undefined): void {
  if (challenge === undefined) {
    // A verifier where no challenge was sent means that somebody took the challenge out on the way (RFC 9700 §4.8.2).
    if (verifier === undefined) return;
    throw new ProtocolError(
      'invalid_grant',
      'A code_verifier was sent, but the authorization request had no code_challenge: start the sign-in again with PKCE.',
    );
  }
  if (verifier !== undefined && VERIFIER.test(verifier) && sameSecret(hashToken(verifier), challenge)) return;
  throw new ProtocolError(
    'invalid_grant',
    'The code_verifier does not match the code_challenge: send the verifier this sign-in was begun with. The code is void.',
  );
}
