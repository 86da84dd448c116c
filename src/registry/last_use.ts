import type { Clock } from '../model/clock.ts';
import { inSeconds, type Seconds } from '../model/units.ts';
import type { DocumentStore } from '../stores/document_store.ts';

/** When clients were last used, to the minute. Not knowing it harms nobody, so no call waits for it and none fails by it. */
export interface LastUse {
  /** Notes that a call of the client passed. */
  note(client: string): void;
  /** Writes down what was noted and not yet written, and notes no more. */
  close(): Promise<void>;
}

const EVERY_MS = 60_000;
/** Writes that are under way together. */
const AT_ONCE = 20;

export interface LastUseDependencies {
  readonly documents: Pick<DocumentStore, 'put'>;
  readonly clock: Clock;
  /** Milliseconds between two writes of the same client. */
  readonly every?: number;
}

/** Collects for a minute, then writes each client once. */
export function createLastUse({ documents, clock, every = EVERY_MS }: LastUseDependencies): LastUse {
  let noted = new Set<string>();
  let writing: Promise<void> = Promise.resolve();

  async function write(clients: readonly string[]): Promise<void> {
    const lastUsedAt = inSeconds(clock.now());
    for (let index = 0; index < clients.length; index += AT_ONCE) {
      const batch = clients.slice(index, index + AT_ONCE);
      const outcomes = await Promise.allSettled(batch.map((id) => documents.put('client_use', id, { lastUsedAt })));
      // A store that is away is not asked about all the others.
      if (outcomes.every(({ status }) => status === 'rejected')) return;
    }
  }

  function flush(): void {
    if (noted.size === 0) return;
    const clients = [...noted];
    noted = new Set();
    writing = writing.then(() => write(clients));
  }

  const timer = setInterval(flush, every).unref();

  return {
    note: (client) => void noted.add(client),
    async close() {
      clearInterval(timer);
      flush();
      await writing;
    },
  };
}

/** When each of these clients was last used; undefined where nobody knows. */
export async function lastUses(
  documents: Pick<DocumentStore, 'get'>,
  clients: readonly string[],
): Promise<readonly (Seconds | undefined)[]> {
  const uses = await Promise.all(clients.map((id) => documents.get('client_use', id)));
  return uses.map((use) => use?.lastUsedAt);
}
