import { ProtocolError } from '../model/failure.ts';
import type { Claims, TokenInfoRequest } from '../model/protocol.ts';
import { STANDARD_TOKENS, type TokenPolicy } from '../model/token_policy.ts';
import type { ClientRegistry } from '../registry/clients.ts';
import { peek } from '../tokens/jws.ts';
import type { IdTokens } from './id_tokens.ts';

export interface TokenInfoDependencies {
  readonly clients: Pick<ClientRegistry, 'find'>;
  readonly idTokens: IdTokens;
}

/** However it was signed: reading one signs nobody in. */
const EVERY_WAY: readonly TokenPolicy[] = [STANDARD_TOKENS, { ...STANDARD_TOKENS, idTokens: 'HS256' }];

/** What an `id_token` of this gateway says, for clients that cannot check its signature themselves. */
export function createTokenInfo({
  clients,
  idTokens,
}: TokenInfoDependencies): (request: TokenInfoRequest) => Promise<Claims> {
  return async ({ idToken }) => {
    if (idToken === undefined) throw new ProtocolError('invalid_request', 'Send id_token.');
    const audience = peek(idToken)?.aud;
    const client = typeof audience === 'string' ? await clients.find(audience) : undefined;
    const told = client && !client.disabled ? await idTokens.read(idToken, client, EVERY_WAY) : undefined;
    if (told) return told.claims;
    throw new ProtocolError(
      'invalid_token',
      'This is no id_token of this server, or it has expired: ask the user to sign in again.',
    );
  };
}
