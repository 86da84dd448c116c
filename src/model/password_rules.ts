import { Buffer } from 'node:buffer';
import { foldUsername } from './client.ts';
import type { Identity } from './token.ts';

/**
 * What a new password must be (NIST SP 800-63B §5.1.1.2): long enough, and none that is tried first. No rules about kinds of
 * characters, which only make people write `Password1!`.
 */

export const SHORTEST_PASSWORD = 10;
/** Bytes of UTF-8: as much as is hashed. */
export const LONGEST_PASSWORD = 1024;

/** As the problem of a field that somebody else fills in. */
export function passwordProblem(password: string, user?: Named): string | undefined {
  const objection = objectionTo(password, user);
  return objection && `cannot be this one: ${objection.charAt(0).toLowerCase()}${objection.slice(1)}`;
}

type Named = Partial<Pick<Identity, 'username' | 'name' | 'email'>>;

/** @param user whose it is to be, as far as that is known. @returns what is wrong with it, and what would be right; undefined when nothing is. */
export function objectionTo(password: string, user: Named = {}): string | undefined {
  if (Buffer.byteLength(password) > LONGEST_PASSWORD) return `Use at most ${LONGEST_PASSWORD} characters.`;
  const composed = password.normalize('NFC');
  if (/\p{Cc}/u.test(composed)) return 'Use characters that can be typed in one line.';
  if ([...composed].length < SHORTEST_PASSWORD)
    return `Use at least ${SHORTEST_PASSWORD} characters: a few words are easy to remember.`;
  const core = coreOf(composed);
  if (new Set(composed.toLowerCase()).size < 4 || isRun(composed)) return 'This is too easy to guess: use a few words.';
  if (core !== '' && namesOf(user).includes(core))
    return 'This is the name of the account: use something that others do not know.';
  if (COMMON.has(core) || COMMON.has(composed.toLowerCase()))
    return 'This is one of the passwords that are tried first: use a few words.';
  return undefined;
}

/** What is left without the digits and signs that people put around a word, and without those that stand for letters. */
const coreOf = (password: string): string =>
  foldUsername(password)
    .replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '')
    .replace(/[@013457$!]/g, (sign) => LETTERS[sign] ?? sign)
    .replace(/[\s._-]/g, '');

const LETTERS: Readonly<Record<string, string>> = {
  ...{ '@': 'a', '0': 'o', '1': 'l', '3': 'e', '4': 'a', '5': 's', '7': 't', $: 's', '!': 'i' },
};

/** `12345678901`, `abcdefghijk`, and the same backwards. */
function isRun(password: string): boolean {
  const codes = [...password.toLowerCase()].map((character) => character.codePointAt(0) ?? 0);
  const steps = new Set(codes.slice(1).map((code, index) => code - (codes[index] ?? 0)));
  return steps.size <= 2 && [...steps].every((step) => Math.abs(step) === 1 || Math.abs(step) === 9);
}

const namesOf = ({ username, name, email }: Named): readonly string[] =>
  [username, name, email, email?.split('@')[0]].flatMap((text) => (text === undefined ? [] : [coreOf(text)]));

/** Without what stands around them: `Password123!` is `password`. From the lists of those seen most often in breaches. */
const COMMON = new Set(
  `password passwort motdepasse contrasena passw passwd pass qwerty qwertz azerty qwertyuiop qwertzuiop asdfghjkl asdfghjklo zxcvbnm
yxcvbnm iloveyou welcome willkommen letmein trustno admin administrator changeme changeit default secret test testtest tester testing
login master monkey dragon football baseball superman batman princess sunshine shadow michael jennifer jordan hunter charlie summer
winter spring autumn hallo hello helloworld whatever starwars pokemon computer internet samsung google facebook gatehouse access
freedom flower cheese ashley nicole passwordpassword iloveyouiloveyou abcdefg abcdefgh abcabc qwertyqwerty correcthorsebatterystaple
lookingglass wonderland demosecret mypassword newpassword yourpassword thepassword temppassword temporary company november december
january february september october monday tuesday wednesday thursday friday saturday sunday liverpool arsenal chelsea barcelona
1q2w3e4r5t 1q2w3e4r5t6y q1w2e3r4t5 1qaz2wsx3edc qazwsxedc zaq12wsxcde asdf1234asdf qwer1234qwer`.split(/\s+/),
);
