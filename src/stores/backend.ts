import type { Clock } from '../model/clock.ts';
import type { AnyVariant } from '../model/variant.ts';
import type { CounterStore } from './counter_store.ts';
import type { DocumentStore } from './document_store.ts';
import type { TokenStore } from './token_store.ts';

/** One place where records live, seen through three small interfaces. */
export interface Backend {
  readonly tokens: TokenStore;
  readonly documents: DocumentStore;
  readonly counters: CounterStore;
  /** Resolves when the store answers; throws `DependencyUnavailable` otherwise, within 250 ms. */
  ping(): Promise<void>;
  /** Releases connections and files. Safe to call twice. */
  close(): Promise<void>;
}

export interface BackendDependencies {
  readonly clock: Clock;
  /** The folder that relative paths in the options start from. */
  readonly directory: string;
  /** Told of troubles that no caller sees (a lost connection, a corrupt record). Never gets a key or a token. */
  readonly report: (event: string, detail?: Readonly<Record<string, string | number>>) => void;
}

/** `create` connects lazily or fast-fails inside its methods: a store that is away must not keep the gateway from starting. */
export type BackendVariant = AnyVariant<BackendDependencies, Promise<Backend>>;
