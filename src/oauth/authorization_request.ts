import type { Client } from '../model/client.ts';
import { ProtocolError } from '../model/failure.ts';
import type { AuthorizationRequest } from '../model/protocol.ts';
import type { TokenPolicy } from '../model/token_policy.ts';
import type { ClientRegistry } from '../registry/clients.ts';
import { checkDialect } from './dialect_choice.ts';
import type { OpenedRequest } from './interactions.ts';
import { checkedChallenge } from './pkce.ts';
import { isRegistered } from './redirects.ts';
import { askedUnder, chosenScopes } from './scopes.ts';

/** A client and a redirect URI that belong together: only from here on may anything be said by a redirect. */
export interface TrustedTarget {
  readonly client: Client;
  readonly redirectUri: string;
}

/** @throws ProtocolError which must be shown to the user, never redirected (RFC 6749 §4.1.2.1). */
export async function trustedTarget(
  { clientId, redirectUri }: Pick<AuthorizationRequest, 'clientId' | 'redirectUri'>,
  clients: Pick<ClientRegistry, 'find'>,
): Promise<TrustedTarget> {
  if (clientId === undefined)
    throw new ProtocolError('invalid_request', 'The app did not say who it is: send client_id.');
  const client = await clients.find(clientId);
  if (!client || client.disabled) {
    throw new ProtocolError('invalid_request', 'No such app is registered here: check client_id.');
  }
  return { client, redirectUri: redirectUriFor(client, redirectUri) };
}

function redirectUriFor({ redirectUris }: Client, sent: string | undefined): string {
  const [only, ...others] = redirectUris;
  // RFC 6749 §3.1.2.3: it may be left out by a client that registered exactly one.
  if (sent === undefined && only !== undefined && others.length === 0) return only;
  if (sent === undefined)
    throw new ProtocolError('invalid_request', 'Send redirect_uri: one that is registered for the app.');
  if (isRegistered(sent, redirectUris)) return sent;
  throw new ProtocolError(
    'redirect_uri_mismatch',
    'The redirect_uri is not registered for this app: send a registered one, character by character, or register this one.',
  );
}

/** Everything else that must be right. @throws ProtocolError which goes to the app by redirect (RFC 6749 §4.1.2.1). */
export function checkedRequest(
  request: AuthorizationRequest,
  { client, redirectUri }: TrustedTarget,
  policy: TokenPolicy,
): OpenedRequest {
  checkDialect(client, request.dialect);
  if (request.responseType === undefined) throw new ProtocolError('invalid_request', 'Send response_type=code.');
  if (request.responseType !== 'code') {
    throw new ProtocolError('unsupported_response_type', 'Send response_type=code: no other is supported.');
  }
  if (!client.grants.includes('authorization_code')) {
    throw new ProtocolError(
      'unauthorized_client',
      'This client may not use authorization_code: have the client changed.',
    );
  }
  const codeChallenge = checkedChallenge(request, client.public || request.pkce !== 'public_clients');
  return {
    dialect: request.dialect,
    client: client.id,
    redirectUri,
    redirectUriSent: request.redirectUri !== undefined,
    scopes: chosenScopes(askedUnder(policy, request.scopes, client.scopes), client.scopes),
    ...(request.state !== undefined && { state: request.state }),
    ...(codeChallenge !== undefined && { codeChallenge }),
    ...(request.nonce !== undefined && { nonce: request.nonce }),
  };
}
