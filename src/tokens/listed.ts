import type { Seconds } from '../model/units.ts';
import type { FamilyListing } from '../stores/token_store.ts';

/** How many listings are asked for at once: a store gives these within the time that any call may take. */
const LISTED_AT_ONCE = 1_000;

type List = (limit: number, until: Seconds | undefined) => Promise<readonly FamilyListing[]>;

/**
 * Goes through everything that a store lists of somebody, a part at a time, those that end last first. Listings may outlive what they
 * name, so only a part that is not full is the last one. What is prolonged meanwhile moves to the front, where it is not seen again.
 * @param list `TokenStore.families` or `sessions` of that somebody.
 */
export async function* listed(list: List): AsyncGenerator<readonly FamilyListing[], void> {
  let until: Seconds | undefined;
  let limit = LISTED_AT_ONCE;
  /** Those that end at `until`: the next part begins with them again, as far as they are still listed. */
  let seen: ReadonlySet<string> = new Set();
  for (;;) {
    const part = await list(limit, until);
    yield part.filter((listing) => !seen.has(keyOf(listing)));
    const last = part.at(-1)?.expiresAt;
    if (part.length < limit || last === undefined) return;
    // All of them end in the same second: there may be more of these than one part holds.
    limit = part[0]?.expiresAt === last ? limit * 2 : LISTED_AT_ONCE;
    seen = new Set(part.filter(({ expiresAt }) => expiresAt === last).map(keyOf));
    until = last;
  }
}

/**
 * Ends what a store lists of somebody until nothing more is found: what was prolonged while the rest ended is found the next time.
 * @param end ends one, if it is meant. @returns whether it did. @returns how many ended.
 */
export async function endListed(list: List, end: (listing: FamilyListing) => Promise<boolean>): Promise<number> {
  let ended = 0;
  for (;;) {
    const before = ended;
    let parts = 0;
    for await (const part of listed(list)) {
      parts += 1;
      for (let index = 0; index < part.length; index += AT_ONCE) {
        const outcomes = await Promise.all(part.slice(index, index + AT_ONCE).map(end));
        ended += outcomes.filter(Boolean).length;
      }
    }
    // Whoever looked at everything at once has missed nothing.
    if (parts === 1 || ended === before) return ended;
  }
}

const AT_ONCE = 50;

const keyOf = ({ ref }: FamilyListing): string => `${ref.tag} ${ref.hash}`;
