import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { CorruptRecord, DependencyUnavailable } from '../model/failure.ts';
import type { PasswordVerifier } from './connection.ts';
import { isBcrypt, isWholeForBcrypt, verifyBcrypt } from './password_bcrypt.ts';
import { isScrypt, verifyScrypt } from './password_scrypt.ts';

/**
 * Passwords as argon2id strings in the PHC format, by Node's own argon2:
 * `$argon2id$v=19$m=<KiB>,t=<passes>,p=<lanes>$<salt>$<hash>`, salt and hash in unpadded base64. Users who come from other systems
 * may bring bcrypt and scrypt hashes, which are compared with until the next sign-in gives the password to make a better one from.
 */

const derive = promisify(argon2);

/** OWASP's minimum for argon2id, and RFC 9106's salt and tag lengths: about 20 ms and 19 MiB each. */
const PARAMETERS = { memory: 19_456, passes: 2, parallelism: 1 } as const;
const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** A stored hash decides how much work a sign-in costs, so what it may ask for is bounded: 256 MiB, 10 passes, 4 lanes. */
const MOST = { memory: 262_144, passes: 10, parallelism: 4 } as const;
const PHC =
  /^\$argon2id\$v=19\$m=([1-9]\d{0,6}),t=([1-9]\d?),p=([1-9]\d?)\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

/** Longer passwords are refused unhashed: nobody types one, and hashing is work that anyone can ask for. */
const LONGEST_PASSWORD_BYTES = 1024;
/** No text has more than three times the bytes of its composed form. */
const LONGEST_UNCOMPOSED_BYTES = 3 * LONGEST_PASSWORD_BYTES;

interface PasswordHash {
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
  readonly nonce: Buffer;
  readonly tag: Buffer;
}

/** Whether a text can be hashed as a password: not empty, at most 1,024 bytes of UTF-8, no NUL. */
export function isPassword(text: string): boolean {
  // Before anything composes it: that costs the square of its length.
  if (Buffer.byteLength(text) > LONGEST_UNCOMPOSED_BYTES) return false;
  return text !== '' && !text.includes('\0') && Buffer.byteLength(normal(text)) <= LONGEST_PASSWORD_BYTES;
}

/** Whether a text is an argon2id, bcrypt or scrypt string whose parameters are inside the bounds. */
export const isPasswordHash = (text: string): boolean => parse(text) !== undefined || isBcrypt(text) || isScrypt(text);

/** The hash to keep instead of an imported one that this password has just matched; undefined when that is to stay. */
export async function betterHash(hash: string, password: string): Promise<string | undefined> {
  const isReplaceable = (isBcrypt(hash) && isWholeForBcrypt(password)) || isScrypt(hash);
  return isReplaceable ? hashPassword(password) : undefined;
}

/** Hashes a new password. @returns a PHC string. @throws RangeError when it is no password in the sense of `isPassword`. */
export async function hashPassword(password: string): Promise<string> {
  if (!isPassword(password)) throw new RangeError('a password has 1 to 1,024 bytes and no NUL character');
  const nonce = randomBytes(SALT_BYTES);
  return format({ ...PARAMETERS, nonce, tag: await evaluate(password, { ...PARAMETERS, nonce }, HASH_BYTES) });
}

/**
 * Compares a password with a hash that `isPasswordHash` accepts. What is no password matches nothing.
 * @throws CorruptRecord when the hash cannot be read.
 */
export async function verifyPassword(hash: string, password: string): Promise<boolean> {
  // As typed: what other systems hashed had not been normalised.
  if (isBcrypt(hash)) return isPassword(password) && verifyBcrypt(hash, password);
  if (isScrypt(hash)) return isPassword(password) && verifyScrypt(hash, password);
  const expected = parse(hash);
  if (!expected) throw new CorruptRecord('password hash');
  if (!isPassword(password)) return false;
  return timingSafeEqual(await evaluate(password, expected, expected.tag.length), expected.tag);
}

/** A hash that no password has, and that costs as much to compare with as those `hashPassword` makes. */
export function unmatchableHash(): string {
  return format({ ...PARAMETERS, nonce: randomBytes(SALT_BYTES), tag: randomBytes(HASH_BYTES) });
}

/** @param atOnce evaluations that run together: each fills a thread of Node's pool and its memory. @param waiting those that may queue. */
export function createPasswordVerifier({ atOnce = 2, waiting = 100 } = {}): PasswordVerifier {
  let running = 0;
  const queue: (() => void)[] = [];

  async function enter(): Promise<void> {
    if (running < atOnce) {
      running++;
      return;
    }
    if (queue.length >= waiting) throw new DependencyUnavailable('password hashing', 'too many sign-ins are waiting');
    // Whoever leaves hands its place over, so `running` stays as it is.
    await new Promise<void>((resolve) => queue.push(resolve));
  }

  function leave(): void {
    const next = queue.shift();
    if (next) next();
    else running--;
  }

  return {
    async verify(hash, password) {
      await enter();
      try {
        return await verifyPassword(hash, password);
      } finally {
        leave();
      }
    },
  };
}

function evaluate(
  password: string,
  { memory, passes, parallelism, nonce }: Omit<PasswordHash, 'tag'>,
  tagLength: number,
): Promise<Buffer> {
  return derive('argon2id', { message: normal(password), memory, passes, parallelism, nonce, tagLength });
}

/** The same letters typed on another keyboard may be composed differently (RFC 8265 §4.2). */
const normal = (password: string): string => password.normalize('NFC');

function parse(text: string): PasswordHash | undefined {
  const [, memory, passes, parallelism, salt, hash] = PHC.exec(text) ?? [];
  if (!salt || !hash) return undefined;
  const it = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) };
  if (it.memory > MOST.memory || it.passes > MOST.passes || it.parallelism > MOST.parallelism) return undefined;
  if (it.memory < 8 * it.parallelism) return undefined;
  const parsed = { ...it, nonce: Buffer.from(salt, 'base64'), tag: Buffer.from(hash, 'base64') };
  // One spelling per value: base64 with stray bits in its last character would be a second one.
  return format(parsed) === text ? parsed : undefined;
}

function format({ memory, passes, parallelism, nonce, tag }: PasswordHash): string {
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(nonce)}$${unpadded(tag)}`;
}

const unpadded = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');
