import { Agent, request } from 'node:http';

/** What became of one call. */
export interface CallOutcome {
  readonly url: string;
  readonly token: string;
  /** Monotonic time at which it was sent, in milliseconds. */
  readonly at: number;
  /** 0: no answer, the connection broke. */
  readonly status: number;
  /** Milliseconds until the last byte of the answer. */
  readonly ms: number;
}

export interface SteadyCalls {
  /** What became of the calls so far, in the order of their answers. */
  readonly outcomes: readonly CallOutcome[];
  /** Sends no more, and waits for those under way. */
  stop(): Promise<readonly CallOutcome[]>;
}

/** How often calls are sent: several together each time, as timers are no finer than this on a busy machine. */
const EVERY_MS = 20;

/**
 * Sends calls at a steady rate, whatever becomes of them: who waits for answers does not see what an outage does to others.
 * @param next gives the URL and the token of each call.
 * @param rate calls per second.
 */
export function startCalls(next: () => { readonly url: string; readonly token: string }, rate: number): SteadyCalls {
  const agent = new Agent({ keepAlive: true, maxSockets: 500 });
  const outcomes: CallOutcome[] = [];
  const underWay = new Set<Promise<void>>();
  const began = performance.now();
  let sent = 0;

  function send(): void {
    const { url, token } = next();
    const at = performance.now();
    const done = new Promise<void>((resolve) => {
      const conclude = (status: number): void => {
        outcomes.push({ url, token, at, status, ms: performance.now() - at });
        resolve();
      };
      const call = request(url, { agent, headers: { authorization: `Bearer ${token}` } }, (answer) => {
        answer.resume();
        answer.once('end', () => conclude(answer.statusCode ?? 0));
        answer.once('error', () => conclude(0));
      });
      call.once('error', () => conclude(0));
      call.end();
    });
    underWay.add(done);
    void done.then(() => underWay.delete(done));
  }

  const timer = setInterval(() => {
    // Late ticks are made up for, so that the rate holds; a stall of the test itself is not made a burst.
    const due = Math.floor(((performance.now() - began) / 1_000) * rate);
    for (let count = Math.min(due - sent, rate / 10); count > 0; count -= 1) send();
    sent = due;
  }, EVERY_MS);

  return {
    outcomes,
    async stop() {
      clearInterval(timer);
      await Promise.all(underWay);
      agent.destroy();
      return outcomes;
    },
  };
}
