import { ProtocolError } from '../model/failure.ts';
import type { Identity } from '../model/token.ts';
import type { TokenPolicy } from '../model/token_policy.ts';
import { isPersonal, withoutPersonal } from './claims.ts';

/**
 * The scopes to give: those asked for, or the default when none were named (RFC 6749 §3.3).
 * @param byDefault all that may be had, without those that must be asked for by name.
 * @throws ProtocolError `invalid_scope` when one was asked for that may not be had.
 */
export function chosenScopes(
  asked: readonly string[] | undefined,
  available: readonly string[],
  byDefault: readonly string[] = withoutPersonal(available),
): readonly string[] {
  if (asked === undefined) return byDefault;
  if (asked.every((scope) => available.includes(scope))) return [...new Set(asked)];
  // What was asked for is not repeated: it is whatever a stranger wrote.
  const hint = available.length > 0 ? `ask for any of: ${available.join(' ')}` : 'leave scope out';
  throw new ProtocolError('invalid_scope', `A scope was asked for that cannot be given here: ${hint}.`);
}

/** What a request that names only personal scopes asks for in a dialect where no others can be named: these, and the default. */
export function askedUnder(
  { personalScopesOnly }: TokenPolicy,
  asked: readonly string[] | undefined,
  available: readonly string[],
): readonly string[] | undefined {
  if (!personalScopesOnly || asked === undefined || withoutPersonal(asked).length > 0) return asked;
  return [...asked, ...withoutPersonal(available)];
}

/** The scopes that are still the client's: what was granted before the client was restricted is not given again. */
export function stillAllowed(granted: readonly string[], allowed: readonly string[]): readonly string[] {
  return granted.filter((scope) => allowed.includes(scope));
}

/** The scopes that this user may have. Those about the user themselves are the client's affair alone. */
export function allowedTo({ allowedScopes }: Identity, granted: readonly string[]): readonly string[] {
  return granted.filter((scope) => isPersonal(scope) || (allowedScopes?.includes(scope) ?? true));
}
