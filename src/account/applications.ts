import type { Client, Consent } from '../model/client.ts';
import { type Seconds, seconds } from '../model/units.ts';
import type { ClientRegistry } from '../registry/clients.ts';
import type { ConsentRegistry } from '../registry/consents.ts';
import type { HeldGrant, Holdings } from './holdings.ts';
import { isPersonalToken } from './personal_tokens.ts';

/** A client that has grants of the user, or their consent, or both. */
export interface Application {
  readonly client: string;
  readonly name: string;
  readonly description?: string | undefined;
  /** What it was given or may have without asking again. */
  readonly scopes: readonly string[];
  readonly since: Seconds;
  /** When it was given its latest grant; absent if it has none now. */
  readonly last?: Seconds | undefined;
  readonly grants: number;
}

/** What clients may do for one user. */
export interface Applications {
  list(subject: string): Promise<readonly Application[]>;
  /** Ends the grants of a client, and forgets what the user agreed to. @returns whether there was anything. */
  remove(subject: string, client: string): Promise<boolean>;
  /** The names of clients, by id. Of one that is gone, the id. */
  names(clients: readonly string[]): Promise<ReadonlyMap<string, string>>;
}

export interface ApplicationsDependencies {
  readonly holdings: Holdings;
  readonly clients: Pick<ClientRegistry, 'find'>;
  readonly consents: Pick<ConsentRegistry, 'list' | 'forget'>;
}

/** More apps than anybody could look through. */
const MOST_CONSENTS = 1_000;

export function createApplications({ holdings, clients, consents }: ApplicationsDependencies): Applications {
  async function find(ids: readonly string[]): Promise<ReadonlyMap<string, Client | undefined>> {
    return new Map(await Promise.all([...new Set(ids)].map(async (id) => [id, await clients.find(id)] as const)));
  }

  return {
    async list(subject) {
      const [grants, { items: agreed }] = await Promise.all([
        holdings.grants(subject),
        consents.list(subject, MOST_CONSENTS),
      ]);
      const theirs = Map.groupBy(
        grants.filter((grant) => !isPersonalToken(grant)),
        ({ client }) => client,
      );
      const consentOf = new Map(agreed.map((consent) => [consent.client, consent]));
      const ids = [...new Set([...theirs.keys(), ...consentOf.keys()])];
      const known = await find(ids);
      const applications = ids.map((id) => applicationOf(id, known.get(id), theirs.get(id) ?? [], consentOf.get(id)));
      return applications.toSorted((one, other) => one.name.localeCompare(other.name, 'en'));
    },

    async remove(subject, client) {
      // The consent first: whoever is quick must not come back by it.
      const forgotten = await consents.forget(subject, client);
      const ended = await holdings.endGrants(subject, (grant) => !isPersonalToken(grant) && grant.client === client);
      return forgotten || ended.length > 0;
    },

    async names(ids) {
      return new Map([...(await find(ids))].map(([id, client]) => [id, client?.name ?? id]));
    },
  };
}

function applicationOf(
  id: string,
  client: Client | undefined,
  grants: readonly HeldGrant[],
  consent: Consent | undefined,
): Application {
  const issued = grants.map(({ issuedAt }) => issuedAt);
  const known = [...issued, ...(consent ? [consent.grantedAt] : [])];
  return {
    client: id,
    name: client?.name ?? id,
    description: client?.description,
    scopes: [...new Set([...(consent?.scopes ?? []), ...grants.flatMap(({ scopes }) => scopes)])],
    since: seconds(Math.min(...known)),
    last: issued.length === 0 ? undefined : seconds(Math.max(...issued)),
    grants: grants.length,
  };
}
