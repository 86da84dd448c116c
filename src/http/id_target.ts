import { canonicalTarget, isFailure, type Target } from '../gateway/canonical_target.ts';
import type { Failure } from '../model/failure.ts';

/**
 * What no proxied path may hold encoded, because another server could read it differently. Behind a listener of our own there is no
 * other server, and ids of directories hold such characters: they stand encoded in a segment, and are decoded once, segment by segment.
 */
const RESERVED = ['2F', '5C', '3B', '3F', '23', '25'] as const;
const ENCODED = /%(?:2F|5C|3B|3F|23|25)/gi;

/** Noncharacters of Unicode, U+FDD0 and its neighbours: no id holds them, so each can stand for one of the above meanwhile. */
const STAND_INS = RESERVED.map((_, index) => `%EF%B7%9${index}`);
const STAND_IN = /%EF%B7%9[0-5]/gi;

/** As `canonicalTarget`, but a segment of the path may hold `/`, `\\`, `;`, `?`, `#` and `%` percent-encoded, and keeps them so. */
export function idTarget(target: string): Target | Failure {
  const mark = target.indexOf('?');
  const [path, query] = mark < 0 ? [target, ''] : [target.slice(0, mark), target.slice(mark)];
  if (path.search(STAND_IN) >= 0) {
    return { code: 'ambiguous_request', description: 'The path contains a noncharacter.', close: true };
  }
  const standing = path.replace(ENCODED, (text) => STAND_INS[indexOf(RESERVED, text.slice(1))] ?? text);
  const judged = canonicalTarget(standing + query);
  if (isFailure(judged)) return judged;
  const restored = judged.path.replace(STAND_IN, (text) => `%${RESERVED[indexOf(STAND_INS, text)]}`);
  return { path: restored, query: judged.query };
}

const indexOf = (list: readonly string[], text: string): number => list.indexOf(text.toUpperCase());

/** The segments of a canonical path, decoded: `/users/a%2Fb` is `users` and `a/b`. */
export const segmentsOf = (path: string): readonly string[] => path.slice(1).split('/').map(decodeURIComponent);
