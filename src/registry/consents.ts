import type { Clock } from '../model/clock.ts';
import { inSeconds } from '../model/units.ts';
import type { DocumentStore } from '../stores/document_store.ts';

/** What users have agreed to before, so that they are not asked the same again. */
export interface ConsentRegistry {
  /** Whether the user has agreed to all of these scopes for this client. */
  covers(subject: string, client: string, scopes: readonly string[]): Promise<boolean>;
  /** Adds to what was agreed before. */
  remember(subject: string, client: string, scopes: readonly string[]): Promise<void>;
  /** @returns whether there was anything to forget. */
  forget(subject: string, client: string): Promise<boolean>;
}

export interface ConsentsDependencies {
  readonly documents: DocumentStore;
  readonly clock: Clock;
}

export function createConsents({ documents, clock }: ConsentsDependencies): ConsentRegistry {
  async function agreed(subject: string, client: string): Promise<readonly string[] | undefined> {
    return (await documents.get('consent', consentId(subject, client)))?.scopes;
  }

  return {
    async covers(subject, client, scopes) {
      const known = await agreed(subject, client);
      return known !== undefined && scopes.every((scope) => known.includes(scope));
    },
    async remember(subject, client, scopes) {
      const known = (await agreed(subject, client)) ?? [];
      const consent = {
        subject,
        client,
        scopes: [...new Set([...known, ...scopes])],
        grantedAt: inSeconds(clock.now()),
      };
      await documents.put('consent', consentId(subject, client), consent);
    },
    forget: (subject, client) => documents.delete('consent', consentId(subject, client)),
  };
}

/** Encoded, so that no subject can be written that makes one pair's id another's. */
const consentId = (subject: string, client: string): string =>
  `${encodeURIComponent(subject.toWellFormed())}:${encodeURIComponent(client.toWellFormed())}`;
