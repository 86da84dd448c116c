import { hash, randomBytes, randomUUID } from 'node:crypto';
import type { Client, ClientSecret } from '../model/client.ts';
import type { Clock } from '../model/clock.ts';
import { ProtocolError } from '../model/failure.ts';
import { inSeconds, type Seconds, seconds } from '../model/units.ts';
import type { DocumentStore } from '../stores/document_store.ts';
import { type Listing, mergedPage } from './pages.ts';

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
  /** @returns the client and, for a confidential one, the secret: this is the only time that it can be read. */
  add(draft: ClientDraft): Promise<{ readonly client: Client; readonly secret?: string }>;
  /**
   * Gives a client a new secret; the ones it had work for `overlap` more seconds.
   * @throws ProtocolError `not_found`, or `invalid_request` for configured and public clients.
   */
  rotateSecret(id: string, overlap: Seconds): Promise<string>;
  /** @returns whether there was one. @throws ProtocolError `invalid_request` for configured clients. */
  remove(id: string): Promise<boolean>;
}

/** A client before it has an id and a secret. */
export type ClientDraft = Pick<Client, 'name' | 'grants'> &
  Partial<Omit<Client, 'secrets' | 'signingSecret' | 'disabled'>>;

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
    };
    const added = !fixed.has(client.id) && (await documents.put('client', client.id, client, { ifAbsent: true }));
    if (!added)
      throw new ProtocolError('invalid_request', `There is a client '${client.id}' already: choose another id.`);
    return { client, ...(secret !== undefined && { secret }) };
  }

  async function rotateSecret(id: string, overlap: Seconds): Promise<string> {
    refuseConfigured(id);
    const client = await documents.get('client', id);
    if (!client) throw new ProtocolError('not_found', `There is no client '${id}': see the list of clients.`);
    if (client.public)
      throw new ProtocolError('invalid_request', `Client '${id}' is public and has no secret to rotate.`);
    const secret = newSecret();
    const now = inSeconds(clock.now());
    const retiring = client.secrets.map((old) => expiring(old, seconds(now + overlap)));
    const secrets = [{ hash: hashSecret(secret) }, ...retiring.filter(({ expiresAt }) => expiresAt > now)];
    await documents.put('client', id, { ...client, secrets });
    return secret;
  }

  async function remove(id: string): Promise<boolean> {
    refuseConfigured(id);
    return documents.delete('client', id);
  }

  function refuseConfigured(id: string): void {
    if (fixed.has(id)) {
      throw new ProtocolError('invalid_request', `Client '${id}' is in the configuration file: change it there.`);
    }
  }

  return {
    isConfigured: (id) => fixed.has(id),
    find,
    list: (limit, after) => mergedPage({ kind: 'client', documents, configured: fixed, limit, after }),
    add,
    rotateSecret,
    remove,
  };
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
