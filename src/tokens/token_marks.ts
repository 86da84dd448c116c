import { hash, randomBytes } from 'node:crypto';
import type { TokenShape } from '../model/token_policy.ts';
import type { DocumentStore } from '../stores/document_store.ts';
import { hasShape } from './format.ts';

/**
 * Access and refresh tokens end in a mark: eight hexadecimal digits that follow from the rest and a key of this gateway. Whoever
 * makes tokens up hits it once in four billion times, so that a flood of them is refused here and costs the store nothing. A mark
 * proves no more than that asking is worthwhile: what a token is worth, the store alone says.
 *
 * The key is kept in the store, made by whoever comes first. All nodes that share tokens share it, and it depends on no setting: a
 * `server_secret` may change. Whoever reads it can make the store be asked, and nothing else.
 */
export interface TokenMarks {
  /** The key to mark new tokens with. @throws DependencyUnavailable if this node has not seen it yet and cannot. */
  key(): Promise<MarkKey>;
  /**
   * Whether a token cannot be one of ours, at once and without asking anybody. While the key is not known yet, none is.
   * @param unmarked the shapes in use that have no room for a mark.
   */
  isForged(token: string, unmarked: readonly TokenShape[]): boolean;
  /** Whether the key is known: until then what is not forged is not genuine either. */
  isReady(): boolean;
  close(): void;
}

declare const marking: unique symbol;
export type MarkKey = string & { readonly [marking]: true };

export const MARK_LENGTH = 8;
/** Shapes with fewer characters behind the prefix have no room for a mark beside 128 random bits. */
const SHORTEST_MARKED = 40;
const ID = 'marks';
const LOOK_AGAIN_MS = 5_000;
/** Keys that were replaced because the store had lost them: their tokens may have been written before or after. */
const MOST_KEYS = 4;

/** Whether tokens of this shape carry a mark. */
export const isMarked = ({ length }: TokenShape): boolean => length >= SHORTEST_MARKED;

/**
 * The mark of what comes before it. Cut short, a SHA-256 with the key in front cannot be continued, and takes a third of the time of
 * an HMAC.
 */
export const markOf = (unmarked: string, key: MarkKey): string =>
  hash('sha256', key + unmarked, 'hex').slice(0, MARK_LENGTH);

/** Begins to look for the key at once, and again every five seconds: a store that was emptied is given it back. */
export function createTokenMarks({
  documents,
}: {
  readonly documents: Pick<DocumentStore, 'get' | 'put'>;
}): TokenMarks {
  /** The one to mark with comes first. */
  let keys: readonly MarkKey[] = [];
  let looking: Promise<void> | undefined;

  async function look(): Promise<void> {
    let kept = await documents.get('token_key', ID);
    if (!kept) {
      await documents.put('token_key', ID, { key: keys[0] ?? newKey() }, { ifAbsent: true });
      // Somebody else may have been first.
      kept = await documents.get('token_key', ID);
    }
    if (!kept || kept.key === keys[0]) return;
    const key = kept.key as MarkKey; // only ever written here
    keys = [key, ...keys.filter((other) => other !== key)].slice(0, MOST_KEYS);
  }

  /** One look at a time. */
  function refresh(): Promise<void> {
    looking ??= look().finally(() => {
      looking = undefined;
    });
    return looking;
  }

  const quietly = (): void => void refresh().catch(() => {});
  quietly();
  const timer = setInterval(quietly, LOOK_AGAIN_MS).unref();

  return {
    async key() {
      if (keys[0] === undefined) await refresh();
      const [key] = keys;
      if (key === undefined) throw new Error('a key that was just written is not there');
      return key;
    },
    isForged(token, unmarked) {
      if (keys.length === 0) return false;
      if (unmarked.some((shape) => hasShape(token, shape))) return false;
      const end = token.length - MARK_LENGTH;
      const [rest, mark] = [token.slice(0, end), token.slice(end)];
      // No secret is compared: who learns a mark digit by digit learns how to make the store be asked.
      return !keys.some((key) => markOf(rest, key) === mark);
    },
    isReady: () => keys.length > 0,
    close: () => clearInterval(timer),
  };
}

const newKey = (): string => randomBytes(32).toString('base64url');
