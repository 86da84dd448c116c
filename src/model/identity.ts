import type { User } from './client.ts';
import type { Identity } from './token.ts';

/**
 * Who a user of the directory is to the apps.
 * @param connection the one that proved them, which need not be the one that keeps their password.
 */
export function identityOf({ id, username, name, email, phoneNumber, roles }: User, connection: string): Identity {
  return {
    subject: id,
    username,
    connection,
    roles,
    ...(name !== undefined && { name }),
    ...(email !== undefined && { email }),
    ...(phoneNumber !== undefined && { phoneNumber }),
  };
}
