import { hash, randomBytes, randomUUID } from 'node:crypto';
import type { Client, ClientSecret } from '../model/client.ts';
import type { Clock } from '../model/clock.ts';
import { inSeconds, type Seconds, seconds } from '../model/units.ts';
import type { DocumentStore } from '../stores/document_store.ts';
import { changing } from './changing.ts';
import { lastUses } from './last_use.ts';
import { type Listing, mergedPage, mergedSearch } from './pages.ts';
import { RegistryProblem } from './problem.ts';

/*
 * Clients, users and consents, from the YAML and from the store together. This room owns where they are found and how they are
 * changed; it must not decide what they may do (oauth/), and it caches nothing: who was removed is gone with the next request.
 */

/** Configured clients win over stored ones with the same id, and can be changed in the configuration only. */
export interface ClientRegistry {
  /** Whether a client of this id stands in the configuration, so that it cannot be changed here. */
  isConfigured(id: string): boolean;
  find(id: string): Promise<Client | undefined>;
  /** @param limit 1 to 1,000. */
  list(limit: number, after?: string): Promise<Listing<Client>>;
  /** Those whose id, or a word of whose name, begins with the text. @param after the `next` of a page of the same search. */
  search(text: string, limit: number, after?: string): Promise<Listing<Client>>;
  /** When each of these was last used; undefined where nobody knows. */
  lastUsed(ids: readonly string[]): Promise<readonly (Seconds | undefined)[]>;
  /**
   * @returns the client and, for a confidential one, the secret: this is the only time that it can be read.
   * @throws RegistryProblem `taken`.
   */
  add(draft: ClientDraft): Promise<{ readonly client: Client; readonly secret?: string }>;
  /**
   * Changes what an operator may change. Of two changes at once the second begins with what the first one made.
   * @param change may run several times; what it throws ends the update. @throws RegistryProblem `not_found`, `configured`, `changed`.
   */
  update(id: string, change: (client: Client) => ClientEdit): Promise<Client>;
  /**
   * Gives a client a new secret; the ones it had work for `overlap` more seconds.
   * @throws RegistryProblem `not_found`, `configured`, `unfit` for public clients, `changed`.
   */
  rotateSecret(id: string, overlap: Seconds): Promise<string>;
  /** Lets the newest secret alone be good. @throws RegistryProblem as `rotateSecret`. */
  endPreviousSecrets(id: string): Promise<Client>;
  /** @returns whether there was one. @throws RegistryProblem `configured`. */
  remove(id: string): Promise<boolean>;
}

/** What may be changed of a client, each as it is to be: `undefined` takes an optional part away. */
export type ClientEdit = Partial<Omit<Client, 'id' | 'secrets' | 'signingSecret' | 'public' | 'createdAt'>>;

/** A client before it has an id and a secret. */
export type ClientDraft = Pick<Client, 'name' | 'grants'> &
  Partial<Omit<Client, 'secrets' | 'signingSecret' | 'disabled' | 'createdAt'>>;

export interface ClientsDependencies {
  readonly configured: readonly Client[];
  readonly documents: DocumentStore;
  readonly clock: Clock;
}

/** Longer ids exist nowhere; asking the store for them would only cost memory. */
const LONGEST_ID = 128;

export function createClients({ configured, documents, clock }: ClientsDependencies): ClientRegistry {
  const fixed = new Map(configured.map((client) => [client.id, client]));

  async function find(id: string): Promise<Client | undefined> {
    if (id.length > LONGEST_ID) return undefined;
    return fixed.get(id) ?? (await documents.get('client', id));
  }

  async function add(draft: ClientDraft) {
    const secret = draft.public ? undefined : newSecret();
    const client: Client = {
      redirectUris: [],
      scopes: [],
      audience: [],
      public: false,
      ...draft,
      id: draft.id ?? randomUUID(),
      secrets: secret === undefined ? [] : [{ hash: hashSecret(secret) }],
      disabled: false,
      createdAt: inSeconds(clock.now()),
    };
    const added = !fixed.has(client.id) && (await documents.put('client', client.id, client, { ifAbsent: true }));
    if (!added)
      throw new RegistryProblem('taken', `There is a client '${client.id}' already: choose another id.`, 'id');
    return { client, ...(secret !== undefined && { secret }) };
  }

  async function update(id: string, change: (client: Client) => ClientEdit): Promise<Client> {
    return changed(id, (client) => ({ ...client, ...change(client) }));
  }

  async function rotateSecret(id: string, overlap: Seconds): Promise<string> {
    const secret = newSecret();
    const now = inSeconds(clock.now());
    await changed(id, (client) => {
      const retiring = secretsOf(client).map((old) => expiring(old, seconds(now + overlap)));
      const secrets = [{ hash: hashSecret(secret) }, ...retiring.filter(({ expiresAt }) => expiresAt > now)];
      return { ...client, secrets };
    });
    return secret;
  }

  /** The newest one comes first. */
  const endPreviousSecrets = (id: string): Promise<Client> =>
    changed(id, (client) => ({ ...client, secrets: secretsOf(client).slice(0, 1) }));

  async function changed(id: string, change: (client: Client) => Client): Promise<Client> {
    refuseConfigured(id);
    const done = id.length > LONGEST_ID ? undefined : await changing(documents, 'client', id, change);
    if (!done) throw new RegistryProblem('not_found', `There is no client '${id}': see the list of clients.`);
    return done.after;
  }

  async function remove(id: string): Promise<boolean> {
    refuseConfigured(id);
    return documents.delete('client', id);
  }

  function refuseConfigured(id: string): void {
    if (fixed.has(id)) {
      throw new RegistryProblem('configured', `Client '${id}' is in the configuration file: change it there.`);
    }
  }

  return {
    isConfigured: (id) => fixed.has(id),
    find,
    list: (limit, after) => mergedPage({ kind: 'client', documents, configured: fixed, limit, after }),
    search: (text, limit, after) => mergedSearch({ kind: 'client', documents, configured: fixed, text, limit, after }),
    lastUsed: (ids) => lastUses(documents, ids),
    add,
    update,
    rotateSecret,
    endPreviousSecrets,
    remove,
  };
}

/** @throws RegistryProblem `unfit` */
function secretsOf(client: Client): readonly ClientSecret[] {
  if (!client.public) return client.secrets;
  throw new RegistryProblem('unfit', `Client '${client.id}' is public and has no secret to rotate.`);
}

/** 256 random bits behind a prefix that secret scanners can search for. */
const newSecret = (): string => `ghk_${randomBytes(32).toString('base64url')}`;

/** A fast hash is enough for a secret that nobody can guess; chosen ones are argon2id strings from the configuration. */
const hashSecret = (secret: string): string => `sha256:${hash('sha256', secret, 'base64url')}`;

/** Rotating twice in a row must not prolong the life of the oldest secret. */
function expiring(secret: ClientSecret, at: Seconds): Required<ClientSecret> & { readonly expiresAt: Seconds } {
  const expiresAt = secret.expiresAt !== undefined && secret.expiresAt < at ? secret.expiresAt : at;
  return { hash: secret.hash, expiresAt };
}
