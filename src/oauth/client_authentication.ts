import { hash } from 'node:crypto';
import type { PasswordVerifier } from '../connections/connection.ts';
import type { Client, ClientSecret } from '../model/client.ts';
import type { Clock } from '../model/clock.ts';
import { ProtocolError } from '../model/failure.ts';
import type { Caller, ClientCredentials } from '../model/protocol.ts';
import { inSeconds } from '../model/units.ts';
import type { ClientRegistry } from '../registry/clients.ts';
import { sameDigest } from '../tokens/hashing.ts';
import type { Attempts } from './attempts.ts';

/** Who is asking. @throws ProtocolError `invalid_client`, the same for unknown, disabled and wrong, and `too_many_attempts`. */
export type AuthenticateClient = (credentials: ClientCredentials | undefined, caller: Caller) => Promise<Client>;

export interface ClientAuthenticationDependencies {
  readonly clients: Pick<ClientRegistry, 'find'>;
  readonly passwords: PasswordVerifier;
  readonly clock: Clock;
  readonly attempts: Pick<Attempts, 'clientSecret'>;
}

/** Compared with when there is no such client; no secret that anybody knows hashes to it. */
const NOBODY: readonly ClientSecret[] = [{ hash: `sha256:${'A'.repeat(43)}` }];

/** RFC 6749 §2.3, §3.2.1: confidential clients by their secret, public ones (`none`) by naming themselves. */
export function createClientAuthentication(deps: ClientAuthenticationDependencies): AuthenticateClient {
  const { clients, passwords, clock, attempts } = deps;

  return async (credentials, caller) => {
    if (!credentials) throw anonymous();
    const client = await clients.find(credentials.id);
    if (client?.public && !client.disabled) {
      if (credentials.method !== 'none') throw secretOfPublic();
      return client;
    }
    // Nothing is proven then, and the operation must rest on something else: the user's own password, or a code sent to them.
    if (client && !client.disabled && credentials.secretOptional && credentials.secret === undefined) return client;
    const { id, secret = '' } = credentials;
    const proven = await attempts.clientSecret(id, caller, () => anySecretMatches(client?.secrets ?? NOBODY, secret));
    if (!client || !proven || client.disabled) throw refused();
    return client;
  };

  async function anySecretMatches(secrets: readonly ClientSecret[], presented: string): Promise<boolean> {
    const now = inSeconds(clock.now());
    let proven = false;
    // No early way out: which of several secrets matched is nobody's business.
    for (const { hash, expiresAt } of secrets) {
      const accepted = expiresAt === undefined || expiresAt > now;
      if (accepted && (await secretMatches(hash, presented))) proven = true;
    }
    return proven;
  }

  async function secretMatches(stored: string, presented: string): Promise<boolean> {
    if (presented === '') return false;
    if (stored.startsWith('sha256:')) return sameDigest(stored, `sha256:${hash('sha256', presented, 'base64url')}`);
    return passwords.verify(stored, presented);
  }
}

const anonymous = () =>
  new ProtocolError(
    'invalid_client',
    'The client did not say who it is: send HTTP Basic with client id and secret, or client_id and client_secret in the body.',
  );

const secretOfPublic = () =>
  new ProtocolError(
    'invalid_client',
    'This client is public and has no secret: send client_id in the body and nothing else.',
  );

const refused = () =>
  new ProtocolError('invalid_client', 'Unknown client or wrong client secret: check client_id and client_secret.');
