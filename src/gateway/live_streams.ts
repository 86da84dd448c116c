/**
 * Ends streams whose token has died: a call is judged when it begins, but a tunnel or an open-ended answer can go on for days. It
 * owns which tokens are asked for again, and when; how a stream ends is for whoever carries it.
 */
import type { Clock } from '../model/clock.ts';
import type { AccessToken, TokenRef } from '../model/token.ts';
import { inMilliseconds, type Milliseconds, milliseconds } from '../model/units.ts';
import type { TokenStore } from '../stores/token_store.ts';
import type { Forward } from './decide.ts';

/** What the log says of a stream that was ended here. */
export const TOKEN_ENDED = 'token_ended';

/** A tunnel, or an answer without a length. */
export interface LiveStream {
  /** Its token is dead, or nobody can say any more that it lives: called at most once, and the stream must end then and there. */
  tokenEnded(): void;
  /** It goes on for longer than most: called once, a tenth of a second after it began. */
  staysOpen(): void;
}

export interface Watched {
  /** The stream is over: it is told nothing from now on. Safe to call twice. */
  stop(): void;
}

export interface LiveStreams {
  /**
   * Watches over a stream from its head on. It is told of its token's end as soon as the store announces it, and within
   * `TURN` otherwise. While the store gives no answer it goes on for as long as a cached fact would serve its call, no longer.
   * Costs next to nothing for a stream that is over within a tenth of a second.
   */
  watch(forward: Pick<Forward, 'ref' | 'record' | 'staleness'>, stream: LiveStream): Watched;
  /** Watches over nothing any more. */
  close(): void;
}

export interface LiveStreamsDependencies {
  /** The same that decides about calls: the cache in front of the store. */
  readonly lookup: TokenStore;
  readonly clock: Clock;
  /** How old a fact about a token may be while the store gives no answer. */
  readonly staleness: Milliseconds;
}

/** Every token is asked for once in so many milliseconds. */
const TURN = 1_000;
/** In so many groups, so that thousands of streams are no thunderclap. */
const GROUPS = 10;
/** A stream that nobody can vouch for ends so many milliseconds before its time: the next turn, and the store's time-out, would be late. */
const MARGIN = TURN + 250;
/** The store itself must answer: a fact that merely was true would be taken for fresh, and its age counted twice. */
const NO_STALENESS = milliseconds(0);

const UNWATCHED: Watched = { stop() {} };

class Watch implements Watched {
  forward: Pick<Forward, 'ref' | 'record' | 'staleness'>;
  readonly stream: LiveStream;
  stopped = false;
  token: LiveToken | undefined;
  readonly #over: (token: LiveToken) => void;

  constructor(forward: Watch['forward'], stream: LiveStream, over: (token: LiveToken) => void) {
    this.forward = forward;
    this.stream = stream;
    this.#over = over;
  }

  stop(): void {
    this.stopped = true;
    if (this.token === undefined) return;
    this.token.watches.delete(this);
    if (this.token.watches.size === 0) this.#over(this.token);
  }
}

interface LiveToken {
  readonly ref: TokenRef;
  readonly expires: Milliseconds;
  readonly group: Set<LiveToken>;
  readonly watches: Set<Watch>;
  /** Monotonic time of the last moment at which it surely lived. */
  certain: number;
  asking: boolean;
}

export function createLiveStreams({ lookup, clock, staleness }: LiveStreamsDependencies): LiveStreams {
  const tokens = new Map<string, LiveToken>();
  const groups = Array.from({ length: GROUPS }, () => new Set<LiveToken>());
  let newcomers: Watch[] = [];
  let turn = 0;
  let joined = 0;
  let timer: NodeJS.Timeout | undefined;
  const unsubscribe = lookup.invalidation.subscribe({
    invalidated(hashes) {
      for (const hash of hashes) {
        const token = tokens.get(hash);
        if (token !== undefined) ask(token);
      }
    },
    // What may have been missed is found out in everybody's turn.
    reset() {},
  });

  function groupFor(place: number): Set<LiveToken> {
    const group = groups[place % GROUPS];
    if (group === undefined) throw new Error('there are as many groups as that');
    return group;
  }

  function forget(token: LiveToken): void {
    tokens.delete(token.ref.hash);
    token.group.delete(token);
  }

  function end(token: LiveToken, doomed: readonly Watch[] = [...token.watches]): void {
    for (const watch of doomed) {
      watch.stop();
      watch.stream.tokenEnded();
    }
  }

  function tick(): void {
    const arrived = newcomers;
    newcomers = [];
    for (const watch of arrived) if (!watch.stopped) join(watch);
    turn++;
    for (const token of groupFor(turn)) ask(token);
    if (tokens.size === 0 && newcomers.length === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  }

  function join(watch: Watch): void {
    const { ref, record, staleness } = watch.forward;
    if (ref === undefined || record === undefined) return;
    watch.forward = { ref, record, staleness };
    watch.stream.staysOpen();
    let token = tokens.get(ref.hash);
    if (token === undefined) {
      token = {
        ...{ ref, expires: inMilliseconds(record.expiresAt), group: groupFor(joined++), watches: new Set() },
        // A revocation until then would have been announced; whether there was one since is asked now.
        ...{ certain: lookup.invalidation.lastHeard, asking: false },
      };
      tokens.set(ref.hash, token);
      token.group.add(token);
    }
    watch.token = token;
    token.watches.add(watch);
    // It was looked up when the call came: the upstream may have thought about it for long.
    ask(token);
  }

  function ask(token: LiveToken): void {
    if (token.asking) return;
    if (clock.now() >= token.expires) {
      end(token);
      return;
    }
    const { up, lastHeard } = lookup.invalidation;
    // A cached answer is as good as the stream that would have taken it back.
    const asOf = up ? lastHeard : clock.monotonic();
    try {
      const answer = lookup.get('access', token.ref, NO_STALENESS);
      if (!(answer instanceof Promise)) {
        conclude(token, answer, asOf);
        return;
      }
      token.asking = true;
      answer.then(
        (record) => {
          token.asking = false;
          conclude(token, record, asOf);
        },
        () => {
          token.asking = false;
          unknown(token);
        },
      );
    } catch {
      unknown(token);
    }
  }

  function conclude(token: LiveToken, record: AccessToken | undefined, asOf: number): void {
    if (record === undefined) end(token);
    else token.certain = Math.max(token.certain, asOf);
  }

  function unknown(token: LiveToken): void {
    const age = clock.monotonic() + MARGIN - token.certain;
    end(
      token,
      [...token.watches].filter(({ forward }) => age > Math.max(staleness, forward.staleness ?? 0)),
    );
  }

  return {
    watch(forward, stream) {
      if (forward.ref === undefined || forward.record === undefined) return UNWATCHED;
      const watch = new Watch(forward, stream, forget);
      newcomers.push(watch);
      timer ??= setInterval(tick, TURN / GROUPS).unref();
      return watch;
    },
    close() {
      unsubscribe();
      clearInterval(timer);
      timer = undefined;
      newcomers = [];
      tokens.clear();
      for (const group of groups) group.clear();
    },
  };
}
