import { isDeepStrictEqual } from 'node:util';
import type { Family, Identity, TokenRef } from '../model/token.ts';
import type { TokenStore } from '../stores/token_store.ts';
import { familyRef } from './families.ts';

/**
 * Has the tokens of a grant tell who their user is today. Other nodes go on with what they have cached for as long as entries live.
 * @returns whether they do now; false if the grant was rotated or ended meanwhile, whose outcome stands.
 */
export async function renewUser(
  store: Pick<TokenStore, 'get' | 'rotate'>,
  ref: TokenRef,
  family: Family,
  user: Identity,
): Promise<boolean> {
  if (family.user === undefined || user.subject !== family.user.subject) return false;
  if (isDeepStrictEqual(plain(user), plain(family.user))) return true;
  const places = family.live.map(([hash]) => ({ tag: ref.tag, hash }));
  const tokens = await Promise.all(places.map(async (place) => ({ place, record: await store.get('access', place) })));
  const entries = tokens.flatMap(({ place, record }) =>
    // Two grants may share a tag, and no token is taken from another one.
    record && familyRef(ref.tag, record.family).hash === ref.hash
      ? [{ kind: 'access' as const, ref: place, record: { ...record, user } }]
      : [],
  );
  // The next generation: what another node read before may not be written over it.
  const renewed = { kind: 'family' as const, ref, record: { ...family, user, generation: family.generation + 1 } };
  return store.rotate(ref, family.generation, [renewed, ...entries]);
}

/** As it is kept: what is undefined is not there. */
const plain = (user: Identity): unknown => JSON.parse(JSON.stringify(user));
