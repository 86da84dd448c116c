import type { Connection, OneTimeCodeConnection } from '../connections/connection.ts';
import { ProtocolError } from '../model/failure.ts';
import { sendsAway } from './detours.ts';

/** The ways to sign in that a page offers. */
export interface SignInChoices {
  readonly password: boolean;
  readonly codes: readonly CodeChannel[];
  readonly providers: readonly { readonly connection: string; readonly label: string; readonly origin: string }[];
}

/** A connection that sends codes, and what to. */
export interface CodeChannel {
  readonly connection: string;
  readonly channel: 'sms' | 'email';
}

/** A code that is on its way. */
export interface SentCode extends CodeChannel {
  readonly recipient: string;
}

/** @param connections those whose users may sign in to the client. */
export async function choicesOf(connections: readonly Connection[]): Promise<SignInChoices> {
  const providers = connections.filter(sendsAway).map(async (each) => ({
    connection: each.name,
    label: each.label,
    origin: await each.origin(),
  }));
  return {
    password: connections.some(({ kind }) => kind === 'password'),
    codes: connections.filter(sendsCodes).map(({ name, channel }) => ({ connection: name, channel })),
    providers: await Promise.all(providers),
  };
}

/** @throws ProtocolError unless there is one of that name among them. */
export function carrierOf(connections: readonly Connection[], name: string): OneTimeCodeConnection {
  const found = connections.filter(sendsCodes).find((each) => each.name === name);
  if (found) return found;
  throw new ProtocolError('invalid_request', 'This app sends no codes that way: go back to it and start again.');
}

export const sendsCodes = (connection: Connection): connection is OneTimeCodeConnection => connection.kind === 'otp';
