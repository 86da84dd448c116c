import { hash } from 'node:crypto';
import type { DocumentKind } from '../model/client.ts';
import type { RecordKind, TokenHash, TokenRef } from '../model/token.ts';
import type { Owner } from './token_store.ts';

/**
 * The names of all keys. What comes from outside (ids, tags, hashes) is encoded, so that it can neither leave its place in a
 * key nor choose another Cluster slot: braces and colons are ours alone. The braces hold the Cluster hash tag.
 */
export interface RedisKeys {
  /** Families and their tokens: all that one grant gave. */
  grant(tag: string): string;
  /** A record of its own; among refresh tokens only those that their family no longer lists. */
  record(kind: OwnKind, ref: TokenRef): string;
  listing(owner: Owner): string;
  /** The browser sessions of a user. */
  sessions(subject: string): string;
  /** `words` is what they are searched by. */
  documents(kind: DocumentKind): { readonly values: string; readonly index: string; readonly words: string };
  counter(key: string): string;
  /** What was done, and by whom. */
  readonly audit: string;
  /** The channel on which all nodes hear of access tokens that are no longer valid. */
  readonly channel: string;
  /** The channel on which one connection hears its own heartbeat. */
  heartbeat(id: string): string;
}

export type OwnKind = Exclude<RecordKind, 'access' | 'family'>;

const KINDS: { readonly [K in OwnKind]: string } = {
  refresh: 'r',
  code: 'c',
  session: 's',
  interaction: 'i',
  otp: 'o',
  answer: 'a',
};

export function redisKeys(prefix: string): RedisKeys {
  return {
    grant: (tag) => `${prefix}:{${part(tag)}}`,
    record: (kind, { tag, hash }) => `${prefix}:{${part(tag)}}:${KINDS[kind]}:${part(hash)}`,
    listing: ({ of, id }) => `${prefix}:{${of === 'user' ? 'u' : 'c'}:${part(id)}}:f`,
    sessions: (subject) => `${prefix}:{u:${part(subject)}}:s`,
    documents: (kind) => ({
      values: `${prefix}:{d:${kind}}:v`,
      index: `${prefix}:{d:${kind}}:i`,
      // Of another version of the index nothing is believed.
      words: `${prefix}:{d:${kind}}:w1`,
    }),
    counter: (key) => `${prefix}:{n:${part(key)}}`,
    audit: `${prefix}:{a:audit}`,
    channel: `${prefix}:invalidate`,
    heartbeat: (id) => `${prefix}:heartbeat:${id}`,
  };
}

const PLAIN = /^[A-Za-z0-9._~@-]{1,200}$/;
const LONGEST = 200;

/** Two texts never encode alike: `%` alone stands for nothing, `#` only ever begins the hash of something long. */
function part(text: string): string {
  if (PLAIN.test(text)) return text;
  if (text === '') return '%';
  const encoded = encode(text);
  return encoded.length <= LONGEST ? encoded : `#${hash('sha256', encoded, 'base64url')}`;
}

const encode = (text: string): string => (PLAIN.test(text) ? text : text.replace(/[^A-Za-z0-9._~@-]/gu, percent));

/** A lone surrogate has no UTF-8 bytes; `%u` is free for it, because a percent sign is always followed by a digit or A to F. */
function percent(character: string): string {
  // By far the most frequent: it stands between the words of a counter's key.
  if (character === ':') return '%3A';
  if (!character.isWellFormed()) return `%u${character.charCodeAt(0).toString(16)}`;
  return Array.from(Buffer.from(character), (byte) => `%${byte.toString(16).padStart(2, '0').toUpperCase()}`).join('');
}

/** One family as a member of a listing. */
export const memberOf = (ref: TokenRef): string => `${encode(ref.tag)}:${encode(ref.hash)}`;

/** @returns undefined for what `memberOf` did not write. */
export function refOfMember(member: string): TokenRef | undefined {
  const [tag, family, ...more] = member.split(':');
  if (tag === undefined || family === undefined || more.length > 0) return undefined;
  try {
    return { tag: decodeURIComponent(tag), hash: decodeURIComponent(family) as TokenHash }; // written from a TokenRef
  } catch {
    return undefined;
  }
}
