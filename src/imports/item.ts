/**
 * This room turns the configuration of another gateway into ours: values in, values and notes out. It reads no file and writes none, and
 * what it cannot carry it says. Where both cannot be had, it rather lets through less than the other gateway did.
 */

/** Something that was not carried as it is, with where it stands and what to do about it. */
export interface Note {
  /** Which of the files. */
  readonly source: number;
  readonly path: readonly (string | number)[];
  readonly says: string;
  readonly change: string;
}

/** Our configuration as plain values, keys spelled as in the YAML. */
export interface Imported {
  readonly config: Readonly<Record<string, unknown>>;
  readonly notes: readonly Note[];
}

/** What an import needs and is not its own to have. */
export interface ImportTools {
  /** The form in which a client's secret is kept. */
  readonly secretHash: (secret: string) => string;
  /** Whether a text is a hash that passwords can be compared with. */
  readonly isPasswordHash: (text: string) => boolean;
}

/** The notes of an import: what several routes share is told once. */
export class Notes {
  readonly #told = new Map<string, Note>();

  add(note: Note): void {
    const key = JSON.stringify(note);
    if (!this.#told.has(key)) this.#told.set(key, note);
  }

  get all(): readonly Note[] {
    return [...this.#told.values()];
  }
}

/** A value of a foreign document, which knows where it stands. Reading what is not there gives another that is not there. */
export class Item {
  readonly value: unknown;
  readonly path: readonly (string | number)[];
  readonly #source: number;
  readonly #notes: Notes;

  constructor(value: unknown, notes: Notes, source = 0, path: readonly (string | number)[] = []) {
    this.value = value;
    this.path = path;
    this.#source = source;
    this.#notes = notes;
  }

  get isThere(): boolean {
    return this.value !== undefined && this.value !== null;
  }

  at(key: string | number): Item {
    const { value } = this;
    const has = typeof value === 'object' && value !== null && Object.hasOwn(value, key);
    return new Item(has ? Reflect.get(value, key) : undefined, this.#notes, this.#source, [...this.path, key]);
  }

  /** The text, or the number or truth as text. */
  text(): string | undefined {
    const { value } = this;
    if (typeof value === 'string') return value;
    return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
  }

  number(): number | undefined {
    const number = typeof this.value === 'string' && this.value.trim() !== '' ? Number(this.value) : this.value;
    return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
  }

  /** Whether it is true, or the text `true`. */
  isTrue(): boolean {
    return this.value === true || this.value === 'true';
  }

  isFalse(): boolean {
    return this.value === false || this.value === 'false';
  }

  /** The entries of a list; of anything else that is there, itself alone. */
  list(): readonly Item[] {
    const { value } = this;
    if (Array.isArray(value)) return value.map((_, index) => this.at(index));
    return this.isThere ? [this] : [];
  }

  texts(): readonly string[] {
    return this.list().flatMap((item) => item.text() ?? []);
  }

  /** The members of a mapping. */
  members(): readonly (readonly [name: string, value: Item])[] {
    const { value } = this;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
    return Object.keys(value).map((key) => [key, this.at(key)] as const);
  }

  note(says: string, change: string): void {
    this.#notes.add({ source: this.#source, path: this.path, says, change });
  }

  /** Notes every member that is not among those that are carried, or need not be. */
  noteOthers(known: readonly string[], change = 'See whether it matters; there may be a key of ours for it.'): void {
    for (const [key, item] of this.members()) {
      const isSaid = item.isThere && !(Array.isArray(item.value) && item.value.length === 0);
      if (isSaid && !known.includes(key) && !key.startsWith('_')) item.note('is not carried', change);
    }
  }
}
