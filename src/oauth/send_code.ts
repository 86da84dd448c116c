import type { Connection, OneTimeCodeConnection } from '../connections/connection.ts';
import type { Client } from '../model/client.ts';
import { ProtocolError } from '../model/failure.ts';
import type { CodeRequest } from '../model/protocol.ts';
import type { ClientRegistry } from '../registry/clients.ts';
import { connectionsOf } from './detours.ts';
import type { OneTimeCodes } from './one_time_codes.ts';

export interface SendCodeDependencies {
  readonly clients: Pick<ClientRegistry, 'find'>;
  readonly connections: readonly Connection[];
  readonly codes: OneTimeCodes;
}

/** Sends a one-time code for a client that names itself. The answer says nothing: not even whether one was sent. */
export function createSendCode(deps: SendCodeDependencies): (request: CodeRequest) => Promise<undefined> {
  const { clients, codes } = deps;

  return async ({ clientId, connection, recipient, caller }) => {
    if (clientId === undefined) throw new ProtocolError('invalid_request', 'Send client_id.');
    const client = await clients.find(clientId);
    if (!client || client.disabled) throw new ProtocolError('invalid_client', 'Unknown client: check client_id.');
    const carrier = carrierNamed(connection, client, deps.connections);
    await codes.send(carrier, recipientOf(carrier, recipient), caller);
    return undefined;
  };
}

function carrierNamed(name: string | undefined, client: Client, all: readonly Connection[]): OneTimeCodeConnection {
  if (name === undefined) throw new ProtocolError('invalid_request', 'Send connection.');
  for (const connection of connectionsOf(all, client)) {
    if (connection.name === name && connection.kind === 'otp') return connection;
  }
  throw new ProtocolError('invalid_request', 'This client has no such connection that sends codes: check connection.');
}

/** The recipient as it is written in one way only. @throws ProtocolError `invalid_request` when it is none. */
export function recipientOf(carrier: OneTimeCodeConnection, sent: string | undefined): string {
  const canonical = sent === undefined ? undefined : carrier.canonical(sent);
  if (canonical !== undefined) return canonical;
  throw new ProtocolError(
    'invalid_request',
    carrier.channel === 'sms'
      ? 'Send the phone number in its international form, such as +15550100.'
      : 'Send the e-mail address, such as alice@example.com.',
  );
}
