import type { AuditEntry } from '../model/audit.ts';
import type { Clock } from '../model/clock.ts';
import type { Identity } from '../model/token.ts';
import { type Milliseconds, milliseconds } from '../model/units.ts';

/** What the audit log is told of attempts to sign in. */
export interface SignInNotes {
  done(attempt: SignInAttempt, user: Identity): void;
  refused(attempt: SignInAttempt): void;
  /** Nothing was evaluated: too many were wrong before. */
  lockedOut(attempt: SignInAttempt): void;
}

export interface SignInAttempt {
  /** What was typed, or the connection that the browser came back from. */
  readonly username?: string | undefined;
  readonly connection?: string | undefined;
  /** Absent where people sign in to Gatehouse itself. */
  readonly client?: string | undefined;
  readonly address?: string | undefined;
}

export interface SignInNotesDependencies {
  readonly note: (entry: AuditEntry) => void;
  readonly clock: Clock;
  /** Told of each event that is not written because its like was, a moment ago, or because there are too many. */
  readonly withheld?: (() => void) | undefined;
}

/** One event of its kind for a user and an address in this time: a flood must not fill the log, nor an app that asks each second. */
const WINDOW = milliseconds(60_000);
/** Different ones in that time; beyond it the flood is known, and its end matters more than its parts. */
const MOST = 2_000;
/** Characters of a name that somebody typed. */
const MOST_NAME = 128;

export function createSignInNotes({ note, clock, withheld = () => {} }: SignInNotesDependencies): SignInNotes {
  let window: Milliseconds = milliseconds(Number.NEGATIVE_INFINITY);
  let told = new Set<string>();

  function once(entry: Omit<AuditEntry, 'at' | 'via'>, { address = '', client = '' }: SignInAttempt): void {
    const now = clock.monotonic();
    if (now - window >= WINDOW) {
      window = now;
      told = new Set();
    }
    const key = JSON.stringify([entry.action, entry.outcome, entry.actor.id, address, client]);
    if (told.has(key) || told.size >= MOST) {
      withheld();
      return;
    }
    told.add(key);
    note({ ...entry, at: clock.now(), via: 'sign_in', ...(address !== '' && { address }) });
  }

  /** The name as it was typed: nobody knows whether there is such a user. */
  const claimed = ({ username = '' }: SignInAttempt): AuditEntry['actor'] => {
    const id = username.length > MOST_NAME ? `${username.slice(0, MOST_NAME)}…` : username;
    return { kind: 'user', id: id === '' ? 'unknown' : id.toWellFormed() };
  };
  const detailOf = ({ client, connection }: SignInAttempt): Pick<AuditEntry, 'detail'> => ({
    detail: { ...(client !== undefined && { client }), ...(connection !== undefined && { connection }) },
  });

  return {
    done(attempt, { subject, username, connection }) {
      once(
        {
          action: 'user.sign_in',
          outcome: 'done',
          actor: { kind: 'user', id: subject, name: username },
          target: { kind: 'user', id: subject, name: username },
          ...detailOf({ ...attempt, connection }),
        },
        attempt,
      );
    },
    refused(attempt) {
      once({ action: 'user.sign_in', outcome: 'refused', actor: claimed(attempt), ...detailOf(attempt) }, attempt);
    },
    lockedOut(attempt) {
      once({ action: 'user.locked_out', outcome: 'refused', actor: claimed(attempt), ...detailOf(attempt) }, attempt);
    },
  };
}
