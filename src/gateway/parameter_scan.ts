const AMPERSAND = 0x26;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const PERCENT = 0x25;

/**
 * Watches form-encoded bytes pass by for a parameter of one name, however it is percent-encoded and wherever the bytes are cut.
 * Keeps a handful of numbers and no bytes. `;` separates too, because some servers still split there.
 */
export class ParameterScan {
  readonly #name: string;
  /** How many characters of the name this parameter has matched; -1 once it cannot be the one, until the next separator. */
  #matched = 0;
  /** Inside `%XX`: the digits still to come, and their value so far. */
  #digits = 0;
  #byte = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** @returns whether the parameter's whole name has passed, with this byte. */
  next(code: number): boolean {
    if (code === AMPERSAND || code === SEMICOLON || code === EQUALS) {
      const found = this.end();
      this.#matched = code === EQUALS ? -1 : 0;
      this.#digits = 0;
      return found;
    }
    if (this.#matched < 0) return false;
    if (this.#digits > 0) {
      this.#byte = this.#byte * 16 + Number.parseInt(String.fromCharCode(code), 16);
      this.#digits--;
      if (this.#digits === 0) this.#take(this.#byte);
    } else if (code === PERCENT) {
      this.#digits = 2;
      this.#byte = 0;
    } else {
      this.#take(code);
    }
    return false;
  }

  /** @returns whether the bytes ended with the parameter's name alone. */
  end(): boolean {
    return this.#matched === this.#name.length && this.#digits === 0;
  }

  #take(code: number): void {
    this.#matched = code === this.#name.charCodeAt(this.#matched) ? this.#matched + 1 : -1;
  }
}
