/**
 * Numbers that cannot be mixed up: a token's life is counted in seconds on the wire, a timeout in milliseconds in Node.
 * Passing one where the other is meant does not compile.
 */

declare const unit: unique symbol;
export type Milliseconds = number & { readonly [unit]: 'ms' };
export type Seconds = number & { readonly [unit]: 's' };
export type Bytes = number & { readonly [unit]: 'bytes' };

export const milliseconds = (count: number): Milliseconds => count as Milliseconds;
export const seconds = (count: number): Seconds => count as Seconds;
export const bytes = (count: number): Bytes => count as Bytes;

export const inMilliseconds = (time: Seconds): Milliseconds => milliseconds(time * 1000);
/** Rounds down: a token never lives longer than was promised. */
export const inSeconds = (time: Milliseconds): Seconds => seconds(Math.floor(time / 1000));

const DURATION_UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const SIZE_UNITS = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

/** Reads `250ms`, `5s`, `1m`, `1h` or `30d`; undefined when the text is anything else. */
export function parseDuration(text: string): Milliseconds | undefined {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text);
  return match ? milliseconds(Number(match[1]) * DURATION_UNITS[match[2] as keyof typeof DURATION_UNITS]) : undefined;
}

/** Reads `512B`, `64KiB`, `10MiB` or `1GiB`; undefined when the text is anything else. */
export function parseSize(text: string): Bytes | undefined {
  const match = /^(\d{1,9})(B|KiB|MiB|GiB)$/.exec(text);
  return match ? bytes(Number(match[1]) * SIZE_UNITS[match[2] as keyof typeof SIZE_UNITS]) : undefined;
}
