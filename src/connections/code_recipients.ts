import { identityOf } from '../model/identity.ts';
import type { Identity } from '../model/token.ts';
import type { ConnectionDependencies, OneTimeCodeConnection } from './connection.ts';

/** Who a recipient of codes is: what connections that send them have in common, whatever carries the code. */
export type Recipients = Pick<OneTimeCodeConnection, 'identify'> & Required<Pick<OneTimeCodeConnection, 'current'>>;

export interface RecipientsOptions {
  readonly channel: OneTimeCodeConnection['channel'];
  /** Whether a number or address that nobody has makes a user of its own. */
  readonly signUp: boolean;
}

export function createRecipients(
  { channel, signUp }: RecipientsOptions,
  { name, users }: Pick<ConnectionDependencies, 'name' | 'users'>,
): Recipients {
  /** Cannot be a user's id of another connection: no name of a connection has a `|`. */
  const subjectOf = (recipient: string): string => `${name}|${recipient}`;

  async function identify(recipient: string): Promise<Identity | undefined> {
    const contact = channel === 'sms' ? { phoneNumber: recipient } : { email: recipient };
    const user = await users.findByContact(contact);
    // A disabled user does not become a new one by signing up.
    if (user) return user.disabled ? undefined : identityOf(user, name);
    if (!signUp) return undefined;
    return { subject: subjectOf(recipient), username: recipient, connection: name, roles: [], ...contact };
  }

  return {
    identify,
    async current(identity) {
      const recipient = channel === 'sms' ? identity.phoneNumber : identity.email;
      if (identity.subject === subjectOf(recipient ?? '')) {
        // The same person as long as nobody else was given the number or address.
        const owner = await identify(recipient ?? '');
        return owner?.subject === identity.subject ? owner : undefined;
      }
      const user = await users.find(identity.subject);
      return user && !user.disabled ? identityOf(user, name) : undefined;
    },
  };
}
