import { Buffer } from 'node:buffer';
import { randomFillSync } from 'node:crypto';

/** Bytes that are fetched at once: asking the system's generator costs more than making a token of its answer. */
const POOL = 4_096;

const pool = Buffer.alloc(POOL);
let used = POOL;

/**
 * Random bytes of the system's generator, each given out once: what was read is wiped, so that the memory of this process does not
 * hold tokens that were issued before. @param count at most 4,096.
 */
export function randomText(count: number, encoding: 'base64url' | 'hex'): string {
  if (used + count > POOL) {
    randomFillSync(pool);
    used = 0;
  }
  const text = pool.toString(encoding, used, used + count);
  pool.fill(0, used, used + count);
  used += count;
  return text;
}
