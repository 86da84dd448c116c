import type { Failure } from '../model/failure.ts';
import type { Route } from '../model/route.ts';
import type { AccessToken } from '../model/token.ts';
import type { Milliseconds } from '../model/units.ts';

/**
 * Judges what is known about a token against one route: expiry, audience, connection, scopes. A verdict is a value, not an exception.
 * @param now milliseconds since the epoch.
 * @returns undefined if the call may pass.
 */
export function authorize(record: AccessToken, route: Route, method: string, now: Milliseconds): Failure | undefined {
  if (now >= record.expiresAt * 1000) {
    return { code: 'invalid_token', description: 'The access token has expired; get a new one.' };
  }
  if (route.audience !== undefined && !record.audience.includes(route.audience)) {
    return { code: 'invalid_token', description: 'The access token was issued for another API.' };
  }
  if (route.connections !== undefined && !comesFrom(record, route.connections)) {
    // RFC 6750 §3.1 has one word for every privilege that a token lacks.
    return { code: 'insufficient_scope', description: 'This call is not for users who signed in where this one did.' };
  }
  const needed = neededScopes(route, method);
  for (const scope of needed) {
    if (record.scopes.includes(scope)) continue;
    return {
      code: 'insufficient_scope',
      description: `This call needs the scope "${needed.join(' ')}".`,
      scope: needed,
    };
  }
  return undefined;
}

/**
 * A method that the mapping forgets needs every scope it names: `{ GET: [read], POST: [write] }` must not leave DELETE open to
 * any token. HEAD is GET without the body (RFC 9110 §9.3.2), so it needs what GET needs.
 */
function neededScopes({ scopes }: Route, method: string): readonly string[] {
  if (isList(scopes)) return scopes;
  const named = method === 'HEAD' && !Object.hasOwn(scopes, 'HEAD') ? 'GET' : method;
  const needed = Object.hasOwn(scopes, named) ? scopes[named] : undefined;
  return needed ?? [...new Set(Object.values(scopes).flat())];
}

/** A token without a user (client credentials) comes from no connection. */
function comesFrom({ user }: AccessToken, connections: readonly string[]): boolean {
  return user !== undefined && connections.includes(user.connection);
}

/** Array.isArray does not narrow readonly arrays. */
function isList(scopes: Route['scopes']): scopes is readonly string[] {
  return Array.isArray(scopes);
}
