/** bcrypt hashes of other systems (`$2a$`, `$2b$`, `$2y$`): compared with, never made. */

/** A stored hash decides how much work a sign-in costs: cost 14 is about a second, in a thread of its own. */
const COST = { least: 4, most: 14 };
const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;

export function isBcrypt(text: string): boolean {
  const cost = Number(BCRYPT.exec(text)?.[1]);
  return cost >= COST.least && cost <= COST.most;
}

/** @param hash one that `isBcrypt` accepts. @throws DependencyUnavailable when too many comparisons wait already. */
export async function verifyBcrypt(hash: string, password: string): Promise<boolean> {
  // Late, because few need it; and so that the package has it in a part of its own, beside the thread's code.
  const { compareInThread } = await import('./password_bcrypt_threads.ts');
  return compareInThread(hash, password);
}

/** What bcrypt reads of a password. */
const READ_BYTES = 72;

/** Whether bcrypt looks at the whole password: a match does not prove the rest. */
export const isWholeForBcrypt = (password: string): boolean => Buffer.byteLength(password) <= READ_BYTES;
