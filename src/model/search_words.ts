import { type DocumentOf, foldUsername } from './client.ts';

/** The kinds of document that can be searched. */
export type SearchedKind = 'client' | 'user';

/** Longer words are cut, and longer searches with them. In UTF-16 units. */
const LONGEST_WORD = 64;
/** Of a name with more words the others are not found by themselves. */
const MOST_NAME_WORDS = 8;

/**
 * What a document is found by, smallest first: its id, username, e-mail address and phone number, and its name from each of its
 * words on, so that `liddell` and `alice lid` both find Alice Liddell. Stores keep what this gives: a change of it is a change of
 * their index.
 */
export function wordsOf<K extends SearchedKind>(kind: K, document: DocumentOf[K]): readonly string[] {
  const texts = kind === 'user' ? wordsOfUser(document as DocumentOf['user']) : [document.id];
  const words = new Set([...texts, ...nameWords(document.name ?? '')].map((text) => foldSearch(text)));
  words.delete('');
  return [...words].sort(byteOrder);
}

function wordsOfUser({ id, username, email = '', phoneNumber = '' }: DocumentOf['user']): readonly string[] {
  return [id, username, email, phoneNumber, phoneNumber.replace(/^\+/, '')];
}

function nameWords(name: string): readonly string[] {
  const words = foldSearch(name, name.length).split(' ').slice(0, MOST_NAME_WORDS);
  return words.map((_, at) => words.slice(at).join(' '));
}

/** The form in which words and searches are compared: as usernames are, spaces and control characters as single spaces. */
export function foldSearch(text: string, longest = LONGEST_WORD): string {
  const plain = foldUsername(text.toWellFormed())
    .replace(/[\s\p{Cc}\u{10ffff}]+/gu, ' ')
    .trim();
  // A character of two units that is cut in the middle is left out, and so is a space before the cut.
  return plain.length <= longest
    ? plain
    : plain
        .slice(0, longest)
        .replace(/[\ud800-\udbff]$/, '')
        .trimEnd();
}

/** The word under which a search lists the document, the smallest that begins with `folded`; undefined if none does. */
export function matchingWord<K extends SearchedKind>(
  kind: K,
  document: DocumentOf[K],
  folded: string,
): string | undefined {
  return wordsOf(kind, document).find((word) => word.startsWith(folded));
}

/** A place in what a search found. What it finds is in the order of words, and of ids where documents share a word. */
export interface SearchPosition {
  readonly word: string;
  readonly id: string;
}

export const comparePositions = (one: SearchPosition, other: SearchPosition): number =>
  byteOrder(one.word, other.word) || byteOrder(one.id, other.id);

/** A position as the opaque text that callers hand back. */
export const searchCursor = ({ word, id }: SearchPosition): string =>
  Buffer.from(`${word}\0${id}`).toString('base64url');

/** Any text is some position: what nobody was given leads somewhere, and never to an error. */
export function readSearchCursor(cursor: string): SearchPosition {
  const text = Buffer.from(cursor, 'base64url').toString();
  const end = text.indexOf('\0');
  return end < 0 ? { word: text, id: '' } : { word: text.slice(0, end), id: text.slice(end + 1) };
}

/** JavaScript compares UTF-16 units, which is another order than that of UTF-8 bytes. */
const byteOrder = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other));
