import type { IdentityHeaders } from '../model/route.ts';
import type { AccessToken } from '../model/token.ts';
import type { HeaderLines } from './upstream/outgoing_head.ts';

/** What a constructor returns in place of a new object is given the private fields of the class that extends it. */
class Given {
  constructor(it: object) {
    // biome-ignore lint/correctness/noConstructorReturn: this is how a private field comes to an object that exists already
    return it;
  }
}

/**
 * The identity lines of a record, noted on the record itself, in a field that nobody else can read and that no copy of the record
 * has. In a WeakMap they would cost each call with another token two more misses of the processor's cache, and the collector a table.
 */
export class IdentityNote extends Given {
  #names: IdentityHeaders;
  #lines: HeaderLines;

  private constructor(record: AccessToken, names: IdentityHeaders, lines: HeaderLines) {
    super(record);
    this.#names = names;
    this.#lines = lines;
  }

  /** @param names those that the lines must have been made with: another configuration may have others. */
  static on(record: AccessToken, names: IdentityHeaders): HeaderLines | undefined {
    return #names in record && record.#names === names ? record.#lines : undefined;
  }

  static put(record: AccessToken, names: IdentityHeaders, lines: HeaderLines): void {
    if (#names in record) {
      record.#names = names;
      record.#lines = lines;
    } else new IdentityNote(record, names, lines);
  }
}
