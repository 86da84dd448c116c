/** What outlives a configuration: the ground that the rules of each one stand on. `core.ts` lays it; a reload takes none of it away. */
import type { PasswordVerifier } from './connections/connection.ts';
import type { Limits } from './gateway/limits.ts';
import type { AuditEntry } from './model/audit.ts';
import type { Clock } from './model/clock.ts';
import type { Exchange, Tracer } from './model/exchange.ts';
import type { Attempts } from './oauth/attempts.ts';
import type { SignInNotes } from './oauth/sign_in_notes.ts';
import type { Log } from './observe/log.ts';
import type { Backend } from './stores/backend.ts';
import type { CachedTokenStore } from './stores/lru.ts';
import type { TokenMarks } from './tokens/token_marks.ts';

export interface Ground {
  readonly documents: Backend['documents'];
  readonly counters: Backend['counters'];
  /** The store of tokens, behind its cache. */
  readonly store: CachedTokenStore;
  readonly marks: TokenMarks;
  readonly clock: Clock;
  readonly passwords: PasswordVerifier;
  readonly attempts: Attempts;
  /** As `attempts`, counted on this node alone, for what must go on without the store. */
  readonly attemptsHere: Attempts;
  readonly limits: Limits;
  /** The key of one-time codes where the configuration names none. */
  readonly secret: string;
  /** Where the main listener can be reached; known only once it has its port. */
  readonly url: () => string;
  /** Where connections print what a developer asked to see. */
  readonly print: (line: string) => void;
  readonly report: (exchange: Exchange) => void;
  /** Absent: nothing is traced. */
  readonly tracer?: Tracer | undefined;
  readonly tokenIssued: (grant: string) => void;
  /** Writes an event into the audit log, without anybody waiting for it. */
  readonly note: (entry: AuditEntry) => void;
  readonly signIns: SignInNotes;
  readonly log: Pick<Log, 'event'>;
}
