import { compare, truncates } from 'bcryptjs';

/** bcrypt hashes of other systems (`$2a$`, `$2b$`, `$2y$`): compared with, never made. */

/** A stored hash decides how much work a sign-in costs: cost 14 is about a second, in slices that let other work through. */
const COST = { least: 4, most: 14 };
const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;

export function isBcrypt(text: string): boolean {
  const cost = Number(BCRYPT.exec(text)?.[1]);
  return cost >= COST.least && cost <= COST.most;
}

/** @param hash one that `isBcrypt` accepts. */
export const verifyBcrypt = (hash: string, password: string): Promise<boolean> => compare(password, hash);

/** Whether bcrypt looks at the whole password: of a longer one it reads 72 bytes, so a match does not prove the rest. */
export const isWholeForBcrypt = (password: string): boolean => !truncates(password);
