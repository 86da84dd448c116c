import type { Client } from '../model/client.ts';
import { ProtocolError } from '../model/failure.ts';
import type { DirectAuthorizationRequest } from '../model/protocol.ts';
import { inSeconds } from '../model/units.ts';
import { type CodeDependencies, createCodeIssuer } from './authorization_codes.ts';
import type { AuthenticateClient } from './client_authentication.ts';
import { checkDialect } from './dialect_choice.ts';
import { isRegistered, withParameters } from './redirects.ts';
import { chosenScopes } from './scopes.ts';
import type { SignInDesk } from './sign_in.ts';

export interface DirectAuthorizationDependencies extends CodeDependencies {
  readonly authenticate: AuthenticateClient;
  readonly desk: Pick<SignInDesk, 'signIn' | 'refusal'>;
}

/** A code is what is asked for, and a password is what it is given for: the client needs the right to both. */
const GRANTS = ['password', 'authorization_code'] as const;

/**
 * The user's name and password in, an authorization code out, without a page: no RFC has it, older APIs document it. Everything
 * that the authorization endpoint and the password grant check is checked here too, and failures are never redirected.
 */
export function createDirectAuthorization(
  deps: DirectAuthorizationDependencies,
): (request: DirectAuthorizationRequest) => Promise<{ readonly to: string }> {
  const { authenticate, clock, desk } = deps;
  const issueCode = createCodeIssuer(deps);

  return async (request) => {
    // 1. Who is asking, and may they?
    const client = await authenticate(request.credentials, request.caller);
    checkDialect(client, request.dialect);
    checkGrants(client);

    // 2. Is the request whole? All of it before the password, so that no wrong request uses up an attempt.
    const { username, password } = checkedRequest(request);
    const redirectUri = checkedRedirectUri(request.redirectUri, client);
    const scopes = chosenScopes(request.scopes, client.scopes);

    // 3. Is it the user?
    const user = await desk.signIn(client, { caller: request.caller, username, password });
    if (!user) throw desk.refusal({});

    // 4. A code, bound to the client and to the redirect URI, which must be repeated with it.
    const order = { dialect: request.dialect, redirectUri, redirectUriSent: true, scopes };
    const code = await issueCode({ request: order, client, user, authenticatedAt: inSeconds(clock.now()) });
    return { to: withParameters(redirectUri, { code, state: request.state }) };
  };
}

function checkGrants(client: Client): void {
  // The code of a public client is worth nothing without PKCE, which there is none of here.
  if (client.public) {
    throw new ProtocolError(
      'unauthorized_client',
      'A public client cannot use this: send the user to the sign-in page.',
    );
  }
  if (GRANTS.every((grant) => client.grants.includes(grant))) return;
  throw new ProtocolError(
    'unauthorized_client',
    `This client may not exchange a password for a code: it needs the grants ${GRANTS.join(' and ')}.`,
  );
}

function checkedRequest({ responseType, username, password }: DirectAuthorizationRequest) {
  if (responseType === undefined) throw new ProtocolError('invalid_request', 'Send response_type=code.');
  if (responseType !== 'code') {
    throw new ProtocolError('unsupported_response_type', 'Send response_type=code: no other is supported.');
  }
  if (username === undefined) throw new ProtocolError('invalid_request', 'Send username, or HTTP Basic.');
  if (password === undefined) throw new ProtocolError('invalid_request', 'Send password, or HTTP Basic.');
  return { username, password };
}

function checkedRedirectUri(sent: string | undefined, { redirectUris }: Client): string {
  if (sent === undefined) {
    throw new ProtocolError('redirect_uri_mismatch', 'Send redirect_uri: one that is registered for the client.');
  }
  if (isRegistered(sent, redirectUris)) return sent;
  throw new ProtocolError(
    'redirect_uri_mismatch',
    'The redirect_uri is not registered for this client: send a registered one, character by character.',
  );
}
