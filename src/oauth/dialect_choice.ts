import type { Client } from '../model/client.ts';
import { ProtocolError } from '../model/failure.ts';

/**
 * Asked wherever a client could get something to call with. A client that is kept to some dialects gets nothing in another: what
 * that one is lax about (PKCE, how its tokens look) would undo why it was kept to them. Revoking stays open in all of them.
 * @throws ProtocolError `unauthorized_client`
 */
export function checkDialect({ dialects }: Pick<Client, 'dialects'>, dialect: string): void {
  if (dialects === undefined || dialects.includes(dialect)) return;
  throw new ProtocolError(
    'unauthorized_client',
    'This client may not use this API: use the one that it is registered for, or have the client changed.',
  );
}
