import { scrypt, timingSafeEqual } from 'node:crypto';

/** scrypt hashes of other systems, `$scrypt$ln=<log2 of N>,r=<block size>,p=<lanes>$<salt>$<hash>`: compared with, never made. */

/** A stored hash decides how much work a sign-in costs: 256 MiB at once, and 512 MiB of it written in all. */
const MOST = { memory: 256 * 1024 * 1024, work: 512 * 1024 * 1024 };
const SCRYPT =
  /^\$scrypt\$ln=([1-9]\d?),r=([1-9]\d{0,2}),p=([1-9]\d{0,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

interface ScryptHash {
  readonly cost: { readonly N: number; readonly r: number; readonly p: number };
  readonly salt: Buffer;
  readonly key: Buffer;
}

export const isScrypt = (text: string): boolean => parse(text) !== undefined;

/** @param hash one that `isScrypt` accepts. */
export async function verifyScrypt(hash: string, password: string): Promise<boolean> {
  const expected = parse(hash);
  if (!expected) return false;
  const { cost, salt, key } = expected;
  const derived = await new Promise<Buffer>((resolve, reject) => {
    // OpenSSL counts a little more than the table; double is enough for every cost that `parse` lets through.
    scrypt(password, salt, key.length, { ...cost, maxmem: 2 * MOST.memory }, (error, result) =>
      error ? reject(error) : resolve(result),
    );
  });
  return timingSafeEqual(derived, key);
}

function parse(text: string): ScryptHash | undefined {
  const [, log, r, p, salt = '', key = ''] = SCRYPT.exec(text) ?? [];
  const cost = { N: 2 ** Number(log), r: Number(r), p: Number(p) };
  const memory = 128 * cost.N * cost.r;
  // No match leaves NaN, which is inside no bound.
  if (!(memory <= MOST.memory && memory * cost.p <= MOST.work)) return undefined;
  return { cost, salt: Buffer.from(salt, 'base64'), key: Buffer.from(key, 'base64') };
}
