import type { Claims } from '../model/protocol.ts';
import type { Identity } from '../model/token.ts';

/**
 * What each scope tells about a user (OpenID Connect Core §5.4). `name` is older than the standard and tells one claim only.
 * Nothing says that an e-mail address or a number was verified, because no connection can vouch for that.
 */
const CLAIMS_OF_SCOPE: Readonly<Record<string, (user: Identity) => Claims>> = {
  profile: (user) => ({ name: nameOf(user), preferred_username: user.username }),
  name: (user) => ({ name: nameOf(user) }),
  email: ({ email }) => (email === undefined ? {} : { email }),
  phone: ({ phoneNumber }) => (phoneNumber === undefined ? {} : { phone_number: phoneNumber }),
};

/** The statements about a user that these scopes allow, `sub` among them in any case. */
export function claimsOf(user: Identity, scopes: readonly string[]): Claims {
  const claims = scopes.map((scope) => (Object.hasOwn(CLAIMS_OF_SCOPE, scope) ? CLAIMS_OF_SCOPE[scope]?.(user) : {}));
  return Object.assign({}, ...claims, { sub: user.subject });
}

/** As upstreams see it in `X-User-Name`. */
const nameOf = ({ name, username }: Identity): string => name ?? username;

/**
 * The scopes that tell a client about a person, or give it more than access: a client gets them only when it asks for them by name,
 * never because it asked for nothing and may have everything.
 */
const ONLY_BY_NAME: readonly string[] = ['openid', 'offline_access', ...Object.keys(CLAIMS_OF_SCOPE)];

export const isPersonal = (scope: string): boolean => ONLY_BY_NAME.includes(scope);

/** What is given when no scope is named. */
export const withoutPersonal = (scopes: readonly string[]): readonly string[] =>
  scopes.filter((scope) => !isPersonal(scope));
