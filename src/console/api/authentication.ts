import { TextDecoder } from 'node:util';
import type { By } from '../../admin/operation.ts';
import type { OwnRequest } from '../../http/own_request.ts';
import type { Pair } from '../../model/wire.ts';
import type { Operator, Operators } from '../operators.ts';
import { ApiProblem } from './problems.ts';

export interface AuthenticationDependencies {
  readonly operators: Operators;
  readonly operatorOfToken: OperatorOfToken;
}

/** Who an access token stands for; why it does not do, if it does not. */
export type OperatorOfToken = (token: string) => Promise<Operator | TokenRefusal>;
export type TokenRefusal =
  | { readonly refused: 'unknown' | 'no_role' | 'no_user' | 'sign_in_only' }
  | { readonly refused: 'scope'; readonly scope: string };

/**
 * Says who asks: an administrator or auditor by password (RFC 7617) or by access token (RFC 6750). A cookie says nothing here, so
 * that no page can make a browser that is signed in to the console do anything.
 * @throws ApiProblem `unauthenticated`, `forbidden`; ProtocolError `too_many_attempts`; DependencyUnavailable.
 */
export type Authenticate = (own: OwnRequest) => Promise<By>;

const REALM = 'realm="gatehouse"';
const BASIC: Pair = ['WWW-Authenticate', `Basic ${REALM}, charset="UTF-8"`];
const bearer = (...more: readonly string[]): Pair => ['WWW-Authenticate', `Bearer ${[REALM, ...more].join(', ')}`];

export function createAuthenticate({ operators, operatorOfToken }: AuthenticationDependencies): Authenticate {
  async function byPassword(credentials: string, address: string): Promise<Operator> {
    const pair = passwordOf(credentials);
    const proven = pair && (await operators.prove({ ...pair, caller: { address } }));
    if (!proven) throw unauthenticated('Wrong username or password.');
    const operator = await operators.current(proven);
    if (!operator) throw noRole();
    return operator;
  }

  async function byToken(token: string): Promise<Operator> {
    const known = await operatorOfToken(token);
    if (!('refused' in known)) return known;
    switch (known.refused) {
      case 'unknown':
        throw unauthenticated(
          'The access token is unknown, expired, revoked or for something else.',
          bearer('error="invalid_token"'),
        );
      case 'scope':
        throw new ApiProblem('forbidden', `The access token must have the scope ${known.scope}.`, {
          headers: [bearer('error="insufficient_scope"', `scope="${known.scope}"`)],
        });
      case 'no_user':
        throw new ApiProblem('forbidden', 'This is a token of an app itself: use one that a user signed in for.');
      case 'sign_in_only':
        throw new ApiProblem('forbidden', 'This token only says who the user is: use one that has another scope too.', {
          headers: [bearer('error="insufficient_scope"')],
        });
      case 'no_role':
        throw noRole();
    }
  }

  return async ({ authorization, callerAddress: address, requestId }) => {
    const [, scheme = '', credentials = ''] = /^([A-Za-z]+) +([\x21-\x7e]+)$/.exec(authorization ?? '') ?? [];
    const known = scheme.toLowerCase();
    if (known !== 'basic' && known !== 'bearer') {
      throw unauthenticated('Send the username and password of a user with the role admin or auditor, or a token.');
    }
    const { user, role } = await (known === 'basic' ? byPassword(credentials, address) : byToken(credentials));
    const actor = { kind: 'user', id: user.subject, name: user.name ?? user.username } as const;
    return { actor, role, via: 'api', address, requestId };
  };
}

const unauthenticated = (detail: string, challenge: Pair = bearer()) =>
  new ApiProblem('unauthenticated', detail, { headers: [BASIC, challenge] });

const noRole = () => new ApiProblem('forbidden', 'This needs a user with the role admin or auditor.');

/** Reads `user-pass` of RFC 7617 §2 in UTF-8, strictly: one spelling, and no control characters. */
function passwordOf(credentials: string): { readonly username: string; readonly password: string } | undefined {
  const bytes = Buffer.from(credentials, 'base64');
  if (bytes.toString('base64').replace(/=+$/, '') !== credentials.replace(/=+$/, '')) return undefined;
  const text = utf8(bytes);
  const colon = text?.indexOf(':') ?? -1;
  if (text === undefined || colon < 1 || /\p{Cc}/u.test(text)) return undefined;
  const [username, password] = [text.slice(0, colon), text.slice(colon + 1)];
  return password === '' ? undefined : { username, password };
}

function utf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
