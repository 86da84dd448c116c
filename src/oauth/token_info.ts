import { ProtocolError } from '../model/failure.ts';
import type { Claims, TokenInfoRequest } from '../model/protocol.ts';
import { STANDARD_TOKENS, type TokenPolicy } from '../model/token_policy.ts';
import type { ClientRegistry } from '../registry/clients.ts';
import { peek } from '../tokens/jws.ts';
import type { Attempts } from './attempts.ts';
import type { IdTokens } from './id_tokens.ts';

export interface TokenInfoDependencies {
  readonly clients: Pick<ClientRegistry, 'find'>;
  readonly idTokens: IdTokens;
  readonly attempts: Pick<Attempts, 'clientSecret'>;
}

/** However it was signed: reading one signs nobody in. */
const EVERY_WAY: readonly TokenPolicy[] = [STANDARD_TOKENS, { ...STANDARD_TOKENS, idTokens: 'HS256' }];

/** What an `id_token` of this gateway says, for clients that cannot check its signature themselves. */
export function createTokenInfo({
  clients,
  idTokens,
  attempts,
}: TokenInfoDependencies): (request: TokenInfoRequest) => Promise<Claims> {
  return async ({ idToken, caller }) => {
    if (idToken === undefined) throw new ProtocolError('invalid_request', 'Send id_token.');
    const { alg, aud } = peek(idToken) ?? {};
    const client = typeof aud === 'string' ? await clients.find(aud) : undefined;
    if (!client || client.disabled) throw dead();
    // Whoever makes signatures up tries secrets, and is bounded as where clients authenticate. Counted apart from that: tokens
    // that are older than the secret must not lock the client out there.
    const signed = () => idTokens.isSignedBySecret(idToken, client);
    if (alg === 'HS256' && !(await attempts.clientSecret(`id_token ${client.id}`, caller, signed))) throw dead();
    const told = await idTokens.read(idToken, client, EVERY_WAY);
    if (!told) throw dead();
    return told.claims;
  };
}

const dead = () =>
  new ProtocolError(
    'invalid_token',
    'This is no id_token of this server, or it has expired: ask the user to sign in again.',
  );
