/** What the callers of a soak hold: tokens that must be taken, and tokens that must not. */

export interface Holding {
  readonly access: string;
  readonly refresh?: string | undefined;
  /** From then on nobody relies on the access token. Monotonic milliseconds. */
  readonly until: number;
  /** `changing`: a refresh or a revocation is under way, so that either answer may be right. */
  state: 'live' | 'changing' | 'gone';
}

export interface TokenAnswer {
  readonly access_token: string;
  readonly refresh_token?: string;
  readonly expires_in: number;
}

/** More are not needed for a mixture; the oldest are forgotten, and live on in the store until they expire. */
const MOST = 400;
const MOST_REVOKED = 200;
/** Milliseconds before its end from which on a token is left alone. */
const MARGIN = 10_000;

export class Holdings {
  #live: Holding[] = [];
  readonly #revoked: { readonly token: string; readonly at: number; readonly until: number }[] = [];

  add({ access_token: access, refresh_token: refresh, expires_in }: TokenAnswer): Holding {
    const until = performance.now() + expires_in * 1_000 - MARGIN;
    const holding: Holding = { access, refresh, until, state: 'live' };
    this.#live.push(holding);
    if (this.#live.length > MOST) this.#live.shift();
    return holding;
  }

  /** One that is good now, chosen at random. */
  pick(): Holding | undefined {
    const now = performance.now();
    this.#live = this.#live.filter(({ until, state }) => until > now && state === 'live');
    return this.#live[Math.floor(Math.random() * this.#live.length)];
  }

  /** One that nobody else picks from now on. @param refreshable must it have a refresh token? */
  take(refreshable = false): Holding | undefined {
    this.pick();
    const found = this.#live.find(({ refresh }) => !refreshable || refresh !== undefined);
    if (found) {
      found.state = 'changing';
      this.#live.splice(this.#live.indexOf(found), 1);
    }
    return found;
  }

  /** Its revocation was confirmed. */
  revoked(holding: Holding): void {
    holding.state = 'gone';
    this.#revoked.push({ token: holding.access, at: performance.now(), until: holding.until });
    if (this.#revoked.length > MOST_REVOKED) this.#revoked.shift();
  }

  /** One whose revocation was confirmed that long ago, in milliseconds. */
  pickRevoked(ago: number): string | undefined {
    const before = performance.now() - ago;
    const old = this.#revoked.filter(({ at }) => at < before);
    return old[Math.floor(Math.random() * old.length)]?.token;
  }

  get size(): number {
    return this.#live.length;
  }
}
