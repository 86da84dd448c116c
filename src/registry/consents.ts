import type { Consent } from '../model/client.ts';
import type { Clock } from '../model/clock.ts';
import { inSeconds, type Seconds } from '../model/units.ts';
import type { DocumentStore } from '../stores/document_store.ts';
import { changing } from './changing.ts';
import type { Listing } from './pages.ts';

/** What users have agreed to before, so that they are not asked the same again. */
export interface ConsentRegistry {
  /**
   * Whether the user has agreed to all of these scopes for this client.
   * @param since when the client was made: what users agreed to before was for another one, which had the id then.
   */
  covers(subject: string, client: string, scopes: readonly string[], since?: Seconds): Promise<boolean>;
  /** Adds to what was agreed before. @param since as in `covers`. */
  remember(subject: string, client: string, scopes: readonly string[], since?: Seconds): Promise<void>;
  /** @returns whether there was anything to forget. */
  forget(subject: string, client: string): Promise<boolean>;
  /** Forgets everything that a user agreed to. */
  forgetAll(subject: string): Promise<void>;
  /** What a user has agreed to, in the order of the clients' ids. @param limit 1 to 1,000. @param after a client's id. */
  list(subject: string, limit: number, after?: string): Promise<Listing<Consent>>;
}

export interface ConsentsDependencies {
  readonly documents: DocumentStore;
  readonly clock: Clock;
}

const MOST = 1_000;

export function createConsents({ documents, clock }: ConsentsDependencies): ConsentRegistry {
  async function remember(subject: string, client: string, scopes: readonly string[], since?: Seconds): Promise<void> {
    const id = consentId(subject, client);
    const grantedAt = inSeconds(clock.now());
    const first = { subject, client, scopes: [...new Set(scopes)], grantedAt };
    const added = await changing(documents, 'consent', id, (known) =>
      isOf(known, since) ? { ...first, scopes: [...new Set([...known.scopes, ...scopes])] } : first,
    );
    if (added || (await documents.put('consent', id, first, { ifAbsent: true }))) return;
    // Somebody was first in this very moment: what both agreed to counts.
    await remember(subject, client, scopes, since);
  }

  async function list(subject: string, limit: number, after?: string): Promise<Listing<Consent>> {
    const { items, next } = await documents.list('consent', limit, consentId(subject, after ?? ''));
    // Ids begin with the subject: the first one of somebody else is the end.
    const mine = items.filter(({ document }) => document.subject === subject).map(({ document }) => document);
    const isEnd = next === undefined || mine.length < items.length;
    return { items: mine, next: isEnd ? undefined : mine.at(-1)?.client };
  }

  return {
    async covers(subject, client, scopes, since) {
      const known = await documents.get('consent', consentId(subject, client));
      return known !== undefined && isOf(known, since) && scopes.every((scope) => known.scopes.includes(scope));
    },
    remember,
    forget: (subject, client) => documents.delete('consent', consentId(subject, client)),

    async forgetAll(subject) {
      // Always the first page: what was on it is gone by the next time.
      for (;;) {
        const { items, next } = await list(subject, MOST);
        for (const { client } of items) await documents.delete('consent', consentId(subject, client));
        if (next === undefined) return;
      }
    },
    list,
  };
}

/** Whether it was given to the client that was made then, and not to another that had the id before. */
const isOf = ({ grantedAt }: Consent, since: Seconds | undefined): boolean => since === undefined || grantedAt >= since;

/** Encoded, so that no subject can be written that makes one pair's id another's. */
const consentId = (subject: string, client: string): string =>
  `${encodeURIComponent(subject.toWellFormed())}:${encodeURIComponent(client.toWellFormed())}`;
