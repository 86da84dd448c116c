import { hash, randomBytes } from 'node:crypto';
import type { TokenShape } from '../model/token_policy.ts';
import type { DocumentStore } from '../stores/document_store.ts';
import type { Invalidation } from '../stores/invalidation.ts';
import { hasShape } from './format.ts';

/**
 * Access and refresh tokens end in a mark: eight hexadecimal digits that follow from the rest and a key of this gateway. Whoever
 * makes tokens up hits it once in four billion times, so that a flood of them is refused here and costs the store nothing. A mark
 * proves no more than that asking is worthwhile: what a token is worth, the store alone says.
 *
 * Tokens of 32 hexadecimal digits have 128 bits for everything, and their mark is four digits: a flood costs one look-up in 65,536.
 * Whoever does not know the key still hits an issued one with a chance of 2^-128 (RFC 6749 §10.10): to them a mark is as random as the
 * digits whose place it took, and a try whose mark happens to be right tells them of that one text that it is no token. Longer marks
 * would cost too much on another side: who reads the store has key, tag and hash of each token, and finds the rest by trying. That is
 * 80 bits beside a mark of four digits, and would be 64 beside one of eight.
 *
 * The key is kept in the store, made by whoever comes first. All nodes that share tokens share it, and it depends on no setting: a
 * `server_secret` may change. Whoever reads it can make the store be asked, and nothing else.
 */
export interface TokenMarks {
  /** The key to mark new tokens with. @throws DependencyUnavailable if this node has not seen it yet and cannot. */
  key(): Promise<MarkKey>;
  /**
   * Whether a token cannot be one of ours, at once and without asking anybody. While the key is not known yet, none is; and while the
   * store may have lost it, so that another node has made another, the first few are not.
   * @param short the shapes in use whose mark is shorter than that of all others.
   */
  isForged(token: string, short: readonly TokenShape[]): boolean;
  /** Whether the key is known: until then what is not forged is not genuine either. */
  isReady(): boolean;
  close(): void;
}

declare const marking: unique symbol;
export type MarkKey = string & { readonly [marking]: true };

const MARK_LENGTH = 8;
const SHORT_MARK_LENGTH = 4;
/** Shapes with fewer characters behind the prefix have no room for the long mark beside 128 random bits. */
const SHORTEST_MARKED = 40;
const SHORTEST_HEX_MARKED = 32;
const ID = 'marks';
const LOOK_AGAIN_MS = 1_000;
/** So many tokens with unknown marks are asked about between two looks while another node may have made another key. */
const MOST_DOUBTED = 100;
/** Keys that were replaced because the store had lost them: their tokens may have been written before or after. */
const MOST_KEYS = 4;

/** Digits of the mark of tokens of this shape; 0 where there is no room for any. */
function markLength({ alphabet, length }: TokenShape): number {
  if (length >= SHORTEST_MARKED) return MARK_LENGTH;
  return alphabet === 'hex' && length >= SHORTEST_HEX_MARKED ? SHORT_MARK_LENGTH : 0;
}

/** Whether tokens of this shape carry a mark. */
export const isMarked = (shape: TokenShape): boolean => markLength(shape) > 0;

/** Whether they carry one that is shorter than that of all others, or none. */
export const isShortlyMarked = (shape: TokenShape): boolean => markLength(shape) < MARK_LENGTH;

/** A token of this shape, with its mark in the place of its last digits. */
export function marked(token: string, shape: TokenShape, key: MarkKey): string {
  const rest = token.slice(0, token.length - markLength(shape));
  return rest + markOf(rest, markLength(shape), key);
}

/**
 * The mark of what comes before it. Cut short, a SHA-256 with the key in front cannot be continued, and takes a third of the time of
 * an HMAC.
 */
const markOf = (unmarked: string, length: number, key: MarkKey): string =>
  hash('sha256', key + unmarked, 'hex').slice(0, length);

export interface TokenMarksDependencies {
  readonly documents: Pick<DocumentStore, 'get' | 'put'>;
  /** Tells when the store was away, and may have come back empty; absent: nothing does. */
  readonly invalidation?: Pick<Invalidation, 'up' | 'subscribe'> | undefined;
}

/** Begins to look for the key at once, and again every second: a store that was emptied is given it back. */
export function createTokenMarks({ documents, invalidation }: TokenMarksDependencies): TokenMarks {
  /** The one to mark with comes first. */
  let keys: readonly MarkKey[] = [];
  let looking: Promise<void> | undefined;
  /** How often the store has come back, and how often it had when the last look began that succeeded. */
  let returns = 0;
  let lookedSince = 0;
  let doubted = 0;

  async function look(): Promise<void> {
    const began = returns;
    await find();
    lookedSince = began;
  }

  async function find(): Promise<void> {
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
  const timer = setInterval(() => {
    doubted = 0;
    quietly();
  }, LOOK_AGAIN_MS).unref();
  const unsubscribe = invalidation?.subscribe({
    invalidated() {},
    reset() {
      returns++;
      // A look that is under way may have seen the store before.
      void Promise.resolve(looking).then(quietly, quietly);
    },
  });

  /** Whether there is no key but those that are known. */
  const isSure = (): boolean => invalidation?.up !== false && lookedSince === returns;

  return {
    async key() {
      if (keys[0] === undefined) await refresh();
      const [key] = keys;
      if (key === undefined) throw new Error('a key that was just written is not there');
      return key;
    },
    isForged(token, short) {
      if (keys.length === 0) return false;
      const shape = short.find((each) => hasShape(token, each));
      const length = shape === undefined ? MARK_LENGTH : markLength(shape);
      const end = token.length - length;
      const [rest, mark] = [token.slice(0, end), token.slice(end)];
      // No secret is compared: who learns a mark digit by digit learns how to make the store be asked.
      if (keys.some((key) => markOf(rest, length, key) === mark)) return false;
      return isSure() || ++doubted > MOST_DOUBTED;
    },
    isReady: () => keys.length > 0,
    close() {
      clearInterval(timer);
      unsubscribe?.();
    },
  };
}

const newKey = (): string => randomBytes(32).toString('base64url');
