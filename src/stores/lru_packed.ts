import type { AccessToken, Identity } from '../model/token.ts';
import { type Seconds, seconds } from '../model/units.ts';
import { decodeRecord, encodeRecord } from './record_codec.ts';

/**
 * An access token as it is held in memory: what it has in common with others is shared, and what is its own is one text. Written
 * and read in this process alone, so reading checks nothing.
 */
export interface Packed {
  readonly text: string;
  /** Absent: the text is the whole record, as stores write it. */
  readonly terms: Terms | undefined;
  readonly issuedAt: Seconds;
  readonly expiresAt: Seconds;
  /** 0 for not said. */
  readonly authenticatedAt: number;
}

/** What few clients have, and many tokens of each. */
interface Terms {
  readonly client: string;
  readonly scopes: readonly string[];
  readonly audience: readonly string[];
  /** Absent for tokens without a user. */
  readonly connection: string | undefined;
}

/** Between the parts of a text. A record that has it in one of its parts is written as stores write it. */
const END = '\n';
const NO_ROLES: readonly string[] = [];
const MOST_TERMS = 1_024;

/** Packs the records of one cache. */
export class Packing {
  /** By their own text. Full, it begins anew: clients choose their scopes, and what is in use is held by the tokens. */
  readonly #known = new Map<string, Terms>();

  pack(record: AccessToken): Packed {
    const { issuedAt, expiresAt, authenticatedAt = 0 } = record;
    const text = ownText(record);
    const terms = text === undefined ? undefined : this.#termsOf(record);
    return { text: text ?? encodeRecord('access', record), terms, issuedAt, expiresAt, authenticatedAt };
  }

  #termsOf({ client, scopes, audience, user }: AccessToken): Terms {
    const connection = user?.connection;
    const name = JSON.stringify([client, scopes, audience, connection]);
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    if (this.#known.size >= MOST_TERMS) this.#known.clear();
    const terms = { client, scopes, audience, connection };
    this.#known.set(name, terms);
    return terms;
  }
}

/** @returns family, subject, username, name, e-mail address, telephone number (empty: not said) and roles; undefined if that would not be all, or could be read in another way. */
function ownText({ family, user }: AccessToken): string | undefined {
  if (user === undefined) return family.includes(END) ? undefined : family;
  const { subject, username, name, email, phoneNumber, roles } = user;
  if (user.attributes !== undefined || user.allowedScopes !== undefined) return undefined;
  if (name === '' || email === '' || phoneNumber === '') return undefined;
  const text = `${family}\n${subject}\n${username}\n${name ?? ''}\n${email ?? ''}\n${phoneNumber ?? ''}`;
  const whole = roles.length === 0 ? text : `${text}\n${roles.join(END)}`;
  return countOf(END, whole) === 5 + roles.length ? whole : undefined;
}

function countOf(character: string, text: string): number {
  let count = 0;
  for (let at = text.indexOf(character); at >= 0; at = text.indexOf(character, at + 1)) count += 1;
  return count;
}

/** The record that was packed; each time a new one. */
export function unpack({ text, terms, issuedAt, expiresAt, authenticatedAt }: Packed): AccessToken {
  // An access token does not repeat the hash that it is found by.
  if (terms === undefined) return decodeRecord('access', text, '');
  const { client, scopes, audience, connection } = terms;
  const since = authenticatedAt === 0 ? undefined : { authenticatedAt: seconds(authenticatedAt) };
  if (connection === undefined) return { family: text, issuedAt, expiresAt, client, scopes, audience, ...since };
  const [family = '', subject = '', username = '', name = '', email = '', phoneNumber = '', ...roles] = text.split(END);
  const user: { -readonly [K in keyof Identity]: Identity[K] } = {
    subject,
    username,
    connection,
    roles: roles.length === 0 ? NO_ROLES : roles,
  };
  if (name !== '') user.name = name;
  if (email !== '') user.email = email;
  if (phoneNumber !== '') user.phoneNumber = phoneNumber;
  return { family, issuedAt, expiresAt, client, scopes, audience, user, ...since };
}
