import type { Client } from '../../model/client.ts';
import { ProtocolError } from '../../model/failure.ts';
import type { AuthorizationCode, TokenRef } from '../../model/token.ts';
import { familyOfCode } from '../../tokens/families.ts';
import { refOf } from '../../tokens/format.ts';
import { checkVerifier } from '../pkce.ts';
import type { Grant, GrantDependencies } from './grant.ts';

/** RFC 6749 §4.1.3, RFC 7636 §4.6: a code that a browser brought back, redeemed once by the client that asked for it. */
export function create({ store, reused }: Pick<GrantDependencies, 'store' | 'reused'>): Grant {
  return {
    type: 'authorization_code',
    async authorize({ code, redirectUri, codeVerifier }, client) {
      if (code === undefined) throw new ProtocolError('invalid_request', 'Send code.');
      const ref = refOf(code);
      if (!ref) throw unknown();
      const family = familyOfCode(code, ref);

      // Taken before anything is checked: a failed try leaves no code behind to try again with.
      const record = await store.take('code', ref);
      if (!record) {
        await endReplayed(family, client);
        throw unknown();
      }
      if (record.client !== client.id) throw unknown();
      checkRedirectUri(redirectUri, record, client);
      if (client.public && record.codeChallenge === undefined) throw unknown();
      checkVerifier(codeVerifier, record.codeChallenge);

      return { authorization: record, refreshable: true, family, chosen: true, nonce: record.nonce };
    },
  };

  /** A code that comes twice was seen by somebody else: what it gave is revoked (RFC 6749 §4.1.2), for its own client only. */
  async function endReplayed(ref: TokenRef, client: Client): Promise<void> {
    const family = await store.get('family', ref);
    if (family?.client !== client.id) return;
    await store.revoke(ref);
    reused?.(family, ref);
  }
}

/** RFC 6749 §4.1.3: the same as in the authorization request; one that was not sent there can only be one of the client's. */
function checkRedirectUri(sent: string | undefined, { redirectUri }: AuthorizationCode, client: Client): void {
  const right =
    redirectUri === undefined ? sent === undefined || client.redirectUris.includes(sent) : sent === redirectUri;
  if (right) return;
  throw new ProtocolError(
    'redirect_uri_mismatch',
    'Send the redirect_uri of the authorization request, unchanged. This code is void: start the sign-in again.',
  );
}

const unknown = () =>
  new ProtocolError(
    'invalid_grant',
    'This code is unknown, expired or used, or not of this client: start the sign-in again.',
  );
