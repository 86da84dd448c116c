import type { Identity } from '../model/token.ts';
import type { ProvenClaims } from './oidc_provider.ts';

/** The claims in which a provider writes what an `Identity` holds. */
export interface ClaimNames {
  readonly username: string;
  readonly name: string;
  readonly email: string;
  readonly phoneNumber: string;
  /** Absent: the provider gives no roles. */
  readonly roles?: string | undefined;
}

/**
 * The identity that claims describe. Addresses and numbers that the provider does not call verified are left out, unless it is trusted:
 * an API behind us may know its users by address, and anybody can claim any.
 */
export function identityOf(
  claims: ProvenClaims,
  connection: string,
  names: ClaimNames,
  trustUnverified: boolean,
): Identity {
  const verified = (flag: string) => trustUnverified || claims[flag] === true || claims[flag] === 'true';
  const name = text(claims[names.name]);
  const email = verified('email_verified') ? text(claims[names.email]) : undefined;
  const phoneNumber = verified('phone_number_verified') ? text(claims[names.phoneNumber]) : undefined;
  return {
    subject: `${connection}|${claims.sub}`,
    username: text(claims[names.username]) ?? claims.sub,
    connection,
    roles: names.roles === undefined ? [] : texts(claims[names.roles]),
    ...(name !== undefined && { name }),
    ...(email !== undefined && { email }),
    ...(phoneNumber !== undefined && { phoneNumber }),
  };
}

/** Texts as a header can carry them in length; anything else counts as absent. */
const text = (claim: unknown): string | undefined =>
  typeof claim === 'string' && claim !== '' && claim.length <= 256 ? claim : undefined;

const texts = (claim: unknown): readonly string[] =>
  (Array.isArray(claim) ? claim : [claim]).flatMap((each: unknown) => text(each) ?? []);
