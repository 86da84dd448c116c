import type { TokenHash, TokenRef } from '../model/token.ts';
import { seconds } from '../model/units.ts';
import type { FamilyListing } from '../stores/token_store.ts';
import { AdminProblem } from './problem.ts';

/** Grants as operators name them: where the record is, in one word. A grant's place is no secret, and no token can be made of it. */
export const grantIdOf = ({ tag, hash }: TokenRef): string => `${tag}.${hash}`;

/** @throws AdminProblem `not_found` for what is no id of a grant. */
export function readGrantId(id: string): TokenRef {
  const [, tag, hash] = /^([A-Za-z0-9_-]{8})\.([A-Za-z0-9_-]{22})$/.exec(id) ?? [];
  if (tag === undefined || hash === undefined) throw noSuchGrant();
  // The id takes the place of a hash in a family's ref, as TokenRef says.
  return { tag, hash: hash as TokenHash };
}

export const noSuchGrant = () =>
  new AdminProblem('not_found', 'There is no such grant, or no longer: see the list of grants.');

export const grantCursor = ({ ref, expiresAt }: FamilyListing): string => `${expiresAt}.${grantIdOf(ref)}`;

/** @throws AdminProblem `invalid` */
export function readGrantCursor(cursor: string): FamilyListing {
  const [, expiresAt, id] = /^(\d{1,12})\.(.+)$/.exec(cursor) ?? [];
  try {
    if (id === undefined) throw noSuchGrant();
    return { ref: readGrantId(id), expiresAt: seconds(Number(expiresAt)) };
  } catch {
    throw new AdminProblem('invalid', 'Not right: after.', [{ path: 'after', message: 'is no `next` of a page' }]);
  }
}
