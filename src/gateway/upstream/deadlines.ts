import type { Milliseconds } from '../../model/units.ts';

/** Something that must not wait for ever. */
export interface Watched {
  /** When it is over, on the clock of `Deadlines`; `NEVER` for not at all. Assigning it is all there is to set, move or lift one. */
  deadline: number;
  /** The deadline has passed; it is `NEVER` again. */
  onDeadline(): void;
}

export const NEVER = Number.POSITIVE_INFINITY;

/** Milliseconds between two looks. A deadline is met up to two of them late, and never early. */
const TICK = 100;

/**
 * One coarse timer for every wait of the proxy. A timer for each would cost more than a short call does otherwise, and almost none
 * would ever fire. It keeps no process alive and stands still while nothing is watched.
 */
export class Deadlines {
  readonly #watched = new Set<Watched>();
  #now = 0;
  #looked = 0;
  #timer: NodeJS.Timeout | undefined;

  /** The moment of the last look. */
  get now(): number {
    return this.#now;
  }

  /** @returns the moment that lies so far ahead. */
  in(time: Milliseconds): number {
    return this.#now + time + TICK;
  }

  /** Whether a moment has passed. */
  passed(moment: number): boolean {
    return moment <= this.#now;
  }

  watch(it: Watched): void {
    this.#watched.add(it);
    if (this.#timer !== undefined) return;
    this.#looked = performance.now();
    this.#timer = setInterval(() => this.#look(), TICK);
    this.#timer.unref();
  }

  forget(it: Watched): void {
    this.#watched.delete(it);
    if (this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const now = performance.now();
    // A process that stood still has not listened either: what came meanwhile is read before its time is up.
    this.#now += Math.min(now - this.#looked, 2 * TICK);
    this.#looked = now;
    for (const it of this.#watched) {
      if (it.deadline > this.#now) continue;
      it.deadline = NEVER;
      it.onDeadline();
    }
  }
}

/** The proxy's one timer. */
export const deadlines = new Deadlines();
