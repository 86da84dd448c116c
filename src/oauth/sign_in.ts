import type { Connection, OneTimeCodeConnection, PasswordConnection } from '../connections/connection.ts';
import type { User } from '../model/client.ts';
import { ProtocolError } from '../model/failure.ts';
import type { Caller } from '../model/protocol.ts';
import type { Identity } from '../model/token.ts';
import type { Against, Attempts } from './attempts.ts';
import { connectionsOf, type Party } from './detours.ts';
import type { OneTimeCodes } from './one_time_codes.ts';
import type { SignInAttempt, SignInNotes } from './sign_in_notes.ts';

/**
 * Who may sign in to which client, or to Gatehouse itself, and whether they still may. Every password and every one-time code is
 * evaluated here and nowhere else, so that none is evaluated uncounted.
 */
export interface SignInDesk {
  /**
   * Tries the connection that was named, or else all of the party's that take passwords, in their configured order until one
   * says yes. A connection that sends codes must be named; the username is the recipient then, and the password the code.
   * @returns undefined when none does: unknown user and wrong password alike.
   * @throws ProtocolError `invalid_request` when there is no connection of that name for this party, or it takes no password,
   *   and `too_many_attempts`.
   */
  signIn(party: Party, credentials: PasswordCredentials): Promise<Identity | undefined>;
  /** The refusal that belongs to an undefined `signIn`. */
  refusal(credentials: Pick<PasswordCredentials, 'connection'>): ProtocolError;
  /** The user as of now; undefined when they are gone or disabled, or their connection does not serve this party any more. */
  current(party: Party, user: Identity): Promise<Identity | undefined>;
  /** Whether `current` asks the user's connection; if not, it believes what is known of the user. */
  asks(user: Pick<Identity, 'connection'>): boolean;
}

export interface PasswordCredentials {
  readonly caller: Caller;
  readonly username: string;
  readonly password: string;
  readonly connection?: string | undefined;
  /** Where only some of the users may come in. Who does is written down there, and not here; who does not prove who they are, here. */
  readonly door?: SignInAttempt['door'];
}

export interface SignInDeskDependencies {
  readonly connections: readonly Connection[];
  readonly attempts: Attempts;
  readonly codes: OneTimeCodes;
  /** Absent: nothing is written down. */
  readonly notes?: SignInNotes | undefined;
  /** Whose name that is in one of these connections, where we keep their users. */
  readonly whose?: ((connections: readonly string[], username: string) => Promise<User | undefined>) | undefined;
}

type Provable = PasswordConnection | OneTimeCodeConnection;

export function createSignInDesk({ connections, attempts, codes, notes, whose }: SignInDeskDependencies): SignInDesk {
  return {
    async signIn(party, credentials) {
      const { connection } = credentials;
      const candidates = connectionsOf(connections, party)
        .filter(isProvable)
        .filter(({ kind, name }) => (connection === undefined ? kind === 'password' : connection === name));
      if (connection !== undefined && candidates.length === 0) throw noSuchConnection();
      const outcome = attempts.signIn(credentials.caller, async (against) => {
        for (const candidate of candidates) {
          const prove = candidate.kind === 'otp' ? byCode(candidate, credentials) : byPassword(candidate, credentials);
          const user = await prove(against);
          if (user) return user;
        }
        return undefined;
      });
      if (!notes) return outcome;
      const { username, caller, door } = credentials;
      const names = candidates.map(({ name }) => name);
      const attempt = { username, connection, client: party.id, address: caller.address, door };
      return noted(outcome, { ...attempt, whose: async () => whose?.(names, username) }, notes);
    },

    refusal({ connection }) {
      const named = connections.find((it) => it.name === connection && it.kind === 'otp');
      if (named?.kind !== 'otp') {
        return new ProtocolError('invalid_credentials', 'Wrong username or password: check both and try again.');
      }
      const { channel } = named;
      const recipient = channel === 'sms' ? 'phone number' : 'e-mail address';
      const description = `Wrong ${recipient} or verification code: check both, or ask for a new code.`;
      return new ProtocolError('invalid_verification_code', description, { channel });
    },

    async current(party, user) {
      const connection = connectionsOf(connections, party).find(({ name }) => name === user.connection);
      return connection?.current ? connection.current(user) : connection && user;
    },

    asks: (user) => connections.find(({ name }) => name === user.connection)?.current !== undefined,
  };

  function byPassword(connection: PasswordConnection, { username, password }: PasswordCredentials) {
    return async (against: Against): Promise<Identity | undefined> => {
      await against({ connection: connection.name, username });
      const outcome = await connection.signIn(username, password);
      return outcome.ok ? outcome.identity : undefined;
    };
  }

  function byCode(connection: OneTimeCodeConnection, { username, password }: PasswordCredentials) {
    return async (against: Against): Promise<Identity | undefined> => {
      const recipient = connection.canonical(username);
      if (recipient === undefined) return undefined;
      await against({ connection: connection.name, username: recipient });
      // Before the code, which must not be used up when the directory gives no answer.
      const user = await connection.identify(recipient);
      return (await codes.redeem(connection, recipient, password)) ? user : undefined;
    };
  }
}

async function noted(outcome: Promise<Identity | undefined>, attempt: SignInAttempt, notes: SignInNotes) {
  try {
    const user = await outcome;
    if (!user) notes.refused(attempt);
    else if (attempt.door === undefined) notes.done(attempt, user);
    return user;
  } catch (error) {
    if (error instanceof ProtocolError && error.failure.code === 'too_many_attempts') notes.lockedOut(attempt);
    throw error;
  }
}

// Nothing was tried, so it is no failed attempt; and which connections a client may use is no secret of its users.
const noSuchConnection = () =>
  new ProtocolError('invalid_request', 'This client has no such connection that takes a password: check connection.');

const isProvable = (connection: Connection): connection is Provable => connection.kind !== 'redirect';
