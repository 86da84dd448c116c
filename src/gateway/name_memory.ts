/** So many names, of up to so many characters: callers choose them. */
const MOST = 1024;
const LONGEST = 64;

/**
 * What was found out about header names, by their spelling: there are few, and looking one up is cheaper than reading it again. A full
 * memory begins anew. One that only stopped would serve whoever fills it with names of their own: all others would be read again
 * with each request from then on.
 */
export class NameMemory<What> {
  readonly #known = new Map<string, What>();

  find(name: string): What | undefined {
    return this.#known.get(name);
  }

  /** @param name not a part of a longer string: it would keep all of that alive. */
  keep(name: string, what: What): void {
    if (name.length > LONGEST) return;
    if (this.#known.size >= MOST) this.#known.clear();
    this.#known.set(name, what);
  }
}
