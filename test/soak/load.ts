import { setTimeout as delay } from 'node:timers/promises';
import type { Node } from './stage.ts';
import type { Visit } from './visit.ts';

/** One kind of visit and how many of a thousand are of it. */
export interface Share {
  readonly kind: string;
  readonly share: number;
  readonly visit: Visit;
}

/** Tells how a visit ended. Times are monotonic milliseconds. */
export type Ended = (kind: string, from: number, until: number, error: unknown) => void;

/** Milliseconds between looks at the timetable. */
const TICK = 5;
/** Milliseconds between looks from which on they are too far apart to be chance: half of what the store may take. */
const STALL = 125;
/** Milliseconds after which a visit has failed, whatever it waits for. */
const LONGEST = 40_000;
/** After a stall of the generator itself no more than this many visits are made up for. */
const MOST_AT_ONCE = 50;

/**
 * Visits that begin by a timetable, whether or not earlier ones are over: so a gateway that stands still is asked as much as before,
 * and cannot hide it.
 */
export class Load {
  readonly #nodes: readonly Node[];
  readonly #shares: readonly Share[];
  readonly #total: number;
  readonly #ended: Ended;
  readonly #stalled: (from: number, until: number) => void;
  readonly #underWay = new Set<Promise<void>>();
  readonly #left = new Set<Node>();
  #timer: NodeJS.Timeout | undefined;
  #turn = 0;

  /** @param stalled told when this process itself stood still: then the machine gave it no time, nor perhaps the gateways. */
  constructor(
    nodes: readonly Node[],
    shares: readonly Share[],
    ended: Ended,
    stalled: (from: number, until: number) => void,
  ) {
    this.#stalled = stalled;
    this.#nodes = nodes;
    this.#shares = shares;
    this.#total = shares.reduce((sum, { share }) => sum + share, 0);
    this.#ended = ended;
  }

  /** @param rate visits each second, all nodes together. */
  start(rate: number): void {
    const began = performance.now();
    let visited = 0;
    let looked = began;
    this.#timer = setInterval(() => {
      const now = performance.now();
      if (now - looked > STALL) this.#stalled(looked, now);
      looked = now;
      const due = Math.floor(((performance.now() - began) * rate) / 1_000);
      for (let count = Math.min(due - visited, MOST_AT_ONCE); count > 0; count--) this.#visit();
      visited = due;
    }, TICK);
  }

  /** Nobody goes to this node any more; who is there stays. */
  leave(node: Node): void {
    this.#left.add(node);
  }

  /** Begins no more visits, and waits for the end of those under way. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
  }

  #visit(): void {
    this.#turn += 1;
    const open = this.#nodes.filter((node) => !this.#left.has(node));
    const node = open[this.#turn % open.length];
    const { kind, visit } = this.#draw();
    if (!node || !visit) return;
    const from = performance.now();
    const overdue = delay(LONGEST, undefined, { ref: false }).then(() => Promise.reject(new Error('never ended')));
    const done = Promise.race([visit(node), overdue]).then(
      () => this.#ended(kind, from, performance.now(), undefined),
      (error: unknown) => this.#ended(kind, from, performance.now(), error ?? new Error('no reason')),
    );
    this.#underWay.add(done);
    void done.finally(() => this.#underWay.delete(done));
  }

  #draw(): Partial<Share> & { readonly kind: string } {
    let at = Math.random() * this.#total;
    for (const share of this.#shares) {
      at -= share.share;
      if (at < 0) return share;
    }
    return { kind: 'none' };
  }
}
