import { CorruptRecord } from '../model/failure.ts';
import type { TokenHash } from '../model/token.ts';
import { type Seconds, seconds } from '../model/units.ts';

/** What a place in a record may hold. */
export type Wire = string | number | undefined | readonly Wire[];

/** The form of an absent place: the shortest JSON that no text and no list can be confused with. */
const ABSENT = 0;

/** Absent places as `ABSENT`, and none of them at the end. */
export function trimmed(places: readonly Wire[]): readonly Wire[] {
  const last = places.findLastIndex((place) => place !== undefined);
  return places.slice(0, last + 1).map((place) => place ?? ABSENT);
}

/** Reads the places of one record in order, and throws `CorruptRecord` at the first that is not what it must be. */
export class FieldReader {
  readonly #kind: string;
  readonly #places: readonly unknown[];
  #next = 0;

  constructor(kind: string, places: readonly unknown[]) {
    this.#kind = kind;
    this.#places = places;
  }

  static parse(kind: string, text: unknown): FieldReader {
    let places: unknown;
    try {
      places = typeof text === 'string' ? JSON.parse(text) : undefined;
    } catch {
      // The error of JSON.parse quotes the text, so it must not travel.
    }
    if (!Array.isArray(places)) throw new CorruptRecord(kind);
    return new FieldReader(kind, places);
  }

  text(): string {
    const place = this.#take();
    return typeof place === 'string' ? place : this.#corrupt();
  }

  optionalText(): string | undefined {
    return this.#absent() ? undefined : this.text();
  }

  texts(): readonly string[] {
    const place = this.#take();
    return Array.isArray(place) && place.every((it) => typeof it === 'string') ? place : this.#corrupt();
  }

  optionalTexts(): readonly string[] | undefined {
    return this.#absent() ? undefined : this.texts();
  }

  /** Names and values in turn. */
  optionalTextMap(): Readonly<Record<string, string>> | undefined {
    const texts = this.optionalTexts();
    if (texts && texts.length % 2 !== 0) this.#corrupt();
    return (
      texts && Object.fromEntries(texts.flatMap((name, at) => (at % 2 === 0 ? [[name, texts[at + 1] ?? '']] : [])))
    );
  }

  count(): number {
    const place = this.#take();
    return typeof place === 'number' && Number.isSafeInteger(place) && place >= 0 ? place : this.#corrupt();
  }

  /** A point in time as its distance from another, before or after it. */
  secondsFrom(origin: Seconds): Seconds {
    const place = this.#take();
    const time = typeof place === 'number' ? origin + place : Number.NaN;
    return Number.isSafeInteger(time) && time > 0 ? seconds(time) : this.#corrupt();
  }

  flag(): boolean {
    const count = this.count();
    return count <= 1 ? count === 1 : this.#corrupt();
  }

  /** A point in time; never 0, which is the form of an absent one. */
  seconds(): Seconds {
    const count = this.count();
    return count > 0 ? seconds(count) : this.#corrupt();
  }

  optionalSeconds(): Seconds | undefined {
    return this.#absent() ? undefined : this.seconds();
  }

  hash(): TokenHash {
    const text = this.text();
    return isHash(text) ? text : this.#corrupt();
  }

  optionalHash(): TokenHash | undefined {
    return this.#absent() ? undefined : this.hash();
  }

  /** Something that is said or not. */
  optionalTrue(): true | undefined {
    if (this.#absent()) return undefined;
    return this.flag() || this.#corrupt();
  }

  /** A flat list of hashes, each followed by its expiry. */
  hashes(): readonly (readonly [TokenHash, Seconds])[] {
    const inner = this.#inner();
    const pairs: (readonly [TokenHash, Seconds])[] = [];
    while (!inner.#atEnd()) pairs.push([inner.hash(), inner.seconds()]);
    return pairs;
  }

  /** A list of any length, each item read by the same function. */
  list<T>(read: (fields: FieldReader) => T): readonly T[] {
    const inner = this.#inner();
    const items: T[] = [];
    while (!inner.#atEnd()) items.push(read(inner));
    return items;
  }

  optionalList<T>(read: (fields: FieldReader) => T): readonly T[] {
    return this.#absent() ? [] : this.list(read);
  }

  /** Whether the next place holds a list. */
  get isGroup(): boolean {
    return Array.isArray(this.#places[this.#next]);
  }

  /** Passes over places that this reader does not need. */
  skip(count: number): void {
    this.#next += count;
  }

  group<T>(read: (fields: FieldReader) => T): T {
    return read(this.#inner());
  }

  optionalGroup<T>(read: (fields: FieldReader) => T): T | undefined {
    return this.#absent() ? undefined : this.group(read);
  }

  /** Everything has been read; a place too many is as wrong as one too few. */
  end(): void {
    if (!this.#atEnd()) this.#corrupt();
  }

  #inner(): FieldReader {
    const place = this.#take();
    return Array.isArray(place) ? new FieldReader(this.#kind, place) : this.#corrupt();
  }

  #absent(): boolean {
    if (!this.#atEnd() && this.#places[this.#next] !== ABSENT) return false;
    this.#next += 1;
    return true;
  }

  #atEnd(): boolean {
    return this.#next >= this.#places.length;
  }

  #take(): unknown {
    const place = this.#atEnd() ? this.#corrupt() : this.#places[this.#next];
    this.#next += 1;
    return place;
  }

  #corrupt(): never {
    throw new CorruptRecord(this.#kind);
  }
}

/** Base64url of a SHA-256, or a shorter id in the same alphabet. */
function isHash(text: string): text is TokenHash {
  return /^[A-Za-z0-9_-]{1,64}$/.test(text);
}
