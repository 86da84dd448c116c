import type { Clock } from '../model/clock.ts';
import { type Milliseconds, milliseconds } from '../model/units.ts';
import type { AnyVariant } from '../model/variant.ts';
import type { AuditStore } from './audit_store.ts';
import type { CounterStore } from './counter_store.ts';
import type { DocumentStore } from './document_store.ts';
import type { TokenStore } from './token_store.ts';

/** One place where records live, seen through four small interfaces. */
export interface Backend {
  readonly tokens: TokenStore;
  readonly documents: DocumentStore;
  readonly counters: CounterStore;
  readonly audit: AuditStore;
  /** Resolves when the store answers; throws `DependencyUnavailable` otherwise, within 250 ms. */
  ping(): Promise<void>;
  /** Releases connections and files. Safe to call twice. */
  close(): Promise<void>;
}

/** A year. */
export const AUDIT_KEPT = milliseconds(365 * 86_400_000);

export interface BackendDependencies {
  readonly clock: Clock;
  /** The folder that relative paths in the options start from. */
  readonly directory: string;
  /** How long what was done stays written down; `AUDIT_KEPT` unless told otherwise. */
  readonly keepAudit?: Milliseconds | undefined;
  /** Told of troubles that no caller sees (a lost connection, a corrupt record). Never gets a key or a token. */
  readonly report: (event: string, detail?: Readonly<Record<string, string | number>>) => void;
}

/** `create` connects lazily or fast-fails inside its methods: a store that is away must not keep the gateway from starting. */
export type BackendVariant = AnyVariant<BackendDependencies, Promise<Backend>>;
