import type { Actor, AuditEntry } from '../model/audit.ts';
import type { User } from '../model/client.ts';
import type { Clock } from '../model/clock.ts';
import type { Identity } from '../model/token.ts';
import { type Milliseconds, milliseconds } from '../model/units.ts';
import { hashToken } from '../tokens/hashing.ts';

/** What the audit log is told of attempts to sign in. */
export interface SignInNotes {
  done(attempt: SignInAttempt, user: Identity): void;
  refused(attempt: SignInAttempt): void;
  /** Nothing was evaluated: too many were wrong before. */
  lockedOut(attempt: SignInAttempt): void;
}

export interface SignInAttempt {
  /** What was typed. It is never written down: people type passwords there. */
  readonly username?: string | undefined;
  /** Whose name that is; undefined if nobody's, or if it cannot be told. */
  readonly whose?: (() => Promise<Pick<User, 'id' | 'username'> | undefined>) | undefined;
  readonly connection?: string | undefined;
  /** Absent where people sign in to Gatehouse itself. */
  readonly client?: string | undefined;
  readonly address?: string | undefined;
  /** The console's; absent for all others. */
  readonly door?: 'console' | undefined;
}

export interface SignInNotesDependencies {
  readonly note: (entry: AuditEntry) => void;
  readonly clock: Clock;
  /** Told of each event that is not written because its like was, a moment ago, or because there are too many. */
  readonly withheld?: (() => void) | undefined;
}

/** One event of its kind for a user and an address in this time: a flood must not fill the log, nor an app that asks each second. */
const WINDOW = milliseconds(60_000);
/** Refused ones in that time; beyond it the flood is known, and its end matters more than its parts. */
const MOST = 2_000;
/** And in a day: a store that keeps a bounded number of events must not lose what operators did to what anybody can cause. */
const MOST_A_DAY = 10_000;
const DAY = milliseconds(86_400_000);

export function createSignInNotes({ note, clock, withheld = () => {} }: SignInNotesDependencies): SignInNotes {
  let window: Milliseconds = milliseconds(Number.NEGATIVE_INFINITY);
  let told = new Set<string>();
  /** How many of them anybody can cause. */
  let inVainTold = 0;
  let day: Milliseconds = milliseconds(Number.NEGATIVE_INFINITY);
  let toldToday = 0;

  function moveOn(): void {
    const now = clock.monotonic();
    if (now - window < WINDOW) return;
    window = now;
    told = new Set();
    inVainTold = 0;
    if (now - day < DAY) return;
    day = now;
    toldToday = 0;
  }

  /** Whether nothing like it was told in this minute. */
  function isNew(...about: readonly (string | undefined)[]): boolean {
    const key = hashToken(JSON.stringify(about));
    if (told.has(key)) {
      withheld();
      return false;
    }
    told.add(key);
    return true;
  }

  function write(entry: Omit<AuditEntry, 'at' | 'via'>, { address = '', door }: SignInAttempt) {
    note({ ...entry, at: clock.now(), via: door ?? 'sign_in', ...(address !== '' && { address }) });
  }

  async function inVain(action: string, attempt: SignInAttempt): Promise<void> {
    const { username = '', address, client, connection, whose } = attempt;
    moveOn();
    // A flood must not keep a sign-in that succeeds out of the log: only what is in vain is bounded.
    if (inVainTold >= MOST || toldToday >= MOST_A_DAY) {
      withheld();
      return;
    }
    if (!isNew(action, username, address, client)) return;
    inVainTold += 1;
    toldToday += 1;
    // Nobody waits for it, and a store that is away has the event lose its name.
    const user = await whose?.().catch(() => undefined);
    const actor: Actor = user ? { kind: 'user', id: user.id, name: user.username } : { kind: 'user', id: 'unknown' };
    const target = user && { kind: 'user' as const, id: user.id, name: user.username };
    write(
      { action, outcome: 'refused', actor, ...(target && { target }), ...detailOf({ client, connection }) },
      attempt,
    );
  }

  const detailOf = ({ client, connection }: SignInAttempt): Pick<AuditEntry, 'detail'> => ({
    detail: { ...(client !== undefined && { client }), ...(connection !== undefined && { connection }) },
  });

  return {
    done(attempt, { subject, username, connection }) {
      moveOn();
      if (!isNew('done', subject, attempt.address, attempt.client)) return;
      const who = { kind: 'user', id: subject, name: username } as const;
      const about = { action: 'user.sign_in', outcome: 'done', actor: who, target: who } as const;
      write({ ...about, ...detailOf({ ...attempt, connection }) }, attempt);
    },
    refused: (attempt) => void inVain(attempt.door === undefined ? 'user.sign_in' : `${attempt.door}.sign_in`, attempt),
    lockedOut: (attempt) => void inVain('user.locked_out', attempt),
  };
}
