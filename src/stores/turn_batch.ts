/**
 * Collects what is asked for in one turn of the event loop, from however many connections, and does it together when the turn has
 * heard them all. Nobody waits for a timer: a lone item goes out in the same turn.
 */
export class TurnBatch<Item, Result> {
  readonly #run: (items: readonly Item[]) => Promise<readonly (Result | Error)[]>;
  readonly #most: number;
  readonly #early: boolean;
  #waiting: Waiting<Item, Result>[] = [];

  /**
   * @param run does all of them at once. What it throws all of them get; an error among its results is that item's alone.
   * @param most how many it is given at once; more of one turn are another batch.
   * @param early whether a batch that is full goes out while the turn goes on, so that both sides work at the same time. Not for
   * those who share an answer within a turn: who asks later than that would get an answer from before.
   */
  constructor(
    run: (items: readonly Item[]) => Promise<readonly (Result | Error)[]>,
    most: number,
    { early = false }: { readonly early?: boolean } = {},
  ) {
    this.#run = run;
    this.#most = most;
    this.#early = early;
  }

  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) setImmediate(() => this.#flush());
      this.#waiting.push({ item, resolve, reject });
      if (this.#early && this.#waiting.length === this.#most) this.#flush();
    });
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (let at = 0; at < waiting.length; at += this.#most) void this.#settle(waiting.slice(at, at + this.#most));
  }

  async #settle(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await this.#run(batch.map(({ item }) => item));
      for (const [at, { resolve, reject }] of batch.entries()) {
        const result = results[at];
        if (result instanceof Error) reject(result);
        // As many results as items, in their order; a result may itself be undefined.
        else resolve(result as Result);
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}
