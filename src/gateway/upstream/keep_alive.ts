import { type Milliseconds, milliseconds } from '../../model/units.ts';
import type { ReadHead } from './answer_head.ts';

/** A connection is closed before the upstream may close it: so long before the moment that it names, and after so long if it names none. */
const EARLIER = 1_000;
const IDLE_TIME = milliseconds(4_000);
const LONGEST_IDLE_TIME = 600_000;
const NONE = milliseconds(0);

/** What an upstream says of a connection's life between two calls, in the head of each answer. */
export class KeepAlive {
  #allowed = false;
  /** They seldom change from one answer to the next, and are read when they do. */
  #terms: string | undefined;
  #time = IDLE_TIME;

  read({ keepAlive, keepAliveTerms }: ReadHead): void {
    this.#allowed = keepAlive;
    if (keepAliveTerms === this.#terms) return;
    this.#terms = keepAliveTerms;
    this.#time = idleTimeOf(keepAliveTerms);
  }

  /** How long the connection may be idle now; nothing or less if it must be closed. */
  get idleTime(): Milliseconds {
    return this.#allowed ? this.#time : NONE;
  }
}

/** RFC 2068 §19.7.1.1: the header `Keep-Alive`. */
function idleTimeOf(terms: string | undefined): Milliseconds {
  const seconds = terms === undefined ? undefined : /(?:^|[,\s])timeout=(\d{1,6})(?:$|[,\s])/i.exec(terms)?.[1];
  if (seconds === undefined) return IDLE_TIME;
  return milliseconds(Math.min(Number(seconds) * 1_000 - EARLIER, LONGEST_IDLE_TIME));
}
