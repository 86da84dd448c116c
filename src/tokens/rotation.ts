import type { Family, TokenHash } from '../model/token.ts';
import { inMilliseconds, type Milliseconds } from '../model/units.ts';
import { isLiveRefresh, isPreviousRefresh } from './families.ts';

/** What presenting a refresh token leads to. */
export type RotationPlan =
  | { readonly do: 'rotate' }
  /** A lost answer asked for again: the pair of the last rotation, sealed. */
  | { readonly do: 'replay'; readonly sealed: string }
  /** A token that was rotated out: somebody has a copy, and nobody can tell who. The family ends (RFC 9700 §4.14.2). */
  | { readonly do: 'reuse' };

/**
 * Decides from the family's record alone; only the store's compare-and-swap makes it true. Whoever loses that swap reads the
 * family again and plans again: then the token that was live is the previous one, and the winner's pair is replayed.
 */
export function planRotation(family: Family, presented: TokenHash, now: Milliseconds): RotationPlan {
  if (isLiveRefresh(family, presented)) return { do: 'rotate' };
  const { replay } = family;
  const inGrace = replay !== undefined && now < inMilliseconds(replay.until);
  if (inGrace && isPreviousRefresh(family, presented)) return { do: 'replay', sealed: replay.sealed };
  return { do: 'reuse' };
}
