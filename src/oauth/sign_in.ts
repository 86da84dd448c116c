import type { Connection, PasswordConnection } from '../connections/connection.ts';
import type { Client } from '../model/client.ts';
import { ProtocolError } from '../model/failure.ts';
import type { Identity } from '../model/token.ts';

/** Who may sign in to which client, and whether they still may. */
export interface SignInDesk {
  /**
   * Tries the connection that was named, or else all of the client's in their configured order until one says yes.
   * @returns undefined when none does: unknown user and wrong password alike.
   * @throws ProtocolError `invalid_request` when there is no connection of that name for this client, or it takes no password.
   */
  signIn(client: Client, credentials: PasswordCredentials): Promise<Identity | undefined>;
  /** The user as of now; undefined when they are gone or disabled, or their connection does not serve this client any more. */
  current(client: Client, user: Identity): Promise<Identity | undefined>;
}

export interface PasswordCredentials {
  readonly username: string;
  readonly password: string;
  readonly connection?: string | undefined;
}

export function createSignInDesk(connections: readonly Connection[]): SignInDesk {
  const connectionsOf = (client: Client) =>
    connections.filter(({ name }) => client.connections?.includes(name) ?? true);

  return {
    async signIn(client, { username, password, connection }) {
      const passwordConnections = connectionsOf(client)
        .filter(asksForPassword)
        .filter(({ name }) => connection === undefined || connection === name);
      if (connection !== undefined && passwordConnections.length === 0) throw noSuchConnection();
      for (const candidate of passwordConnections) {
        const outcome = await candidate.signIn(username, password);
        if (outcome.ok) return outcome.identity;
      }
      return undefined;
    },
    async current(client, user) {
      const connection = connectionsOf(client).find(({ name }) => name === user.connection);
      return connection?.current ? connection.current(user) : connection && user;
    },
  };
}

// Nothing was tried, so it is no failed attempt; and which connections a client may use is no secret of its users.
const noSuchConnection = () =>
  new ProtocolError('invalid_request', 'This client has no such connection that takes a password: check connection.');

const asksForPassword = (connection: Connection): connection is PasswordConnection => connection.kind === 'password';
