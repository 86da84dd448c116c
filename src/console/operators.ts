import type { Role } from '../admin/operation.ts';
import type { Caller } from '../model/protocol.ts';
import type { Identity } from '../model/token.ts';
import type { SignInDesk } from '../oauth/sign_in.ts';

/** Who may use the console and the admin API: users of any connection that takes passwords who have one of the roles. */
export interface Operators {
  /**
   * Evaluates a password, counted together with all others against the account and the address.
   * @returns undefined for an unknown user and a wrong password alike. @throws ProtocolError `too_many_attempts`.
   */
  prove(credentials: {
    readonly username: string;
    readonly password: string;
    readonly caller: Caller;
    readonly door?: 'console' | undefined;
  }): Promise<Identity | undefined>;
  /** The user and the role they have now, whatever they had when they signed in; undefined when they may not be here any more. */
  current(user: Identity): Promise<Operator | undefined>;
}

export interface Operator {
  readonly user: Identity;
  readonly role: Role;
}

/** No app stands between Gatehouse and its operators: the users of every connection may be some. */
const ANY_CONNECTION = { connections: undefined };

/** @param desk that of the configuration that runs. */
export function createOperators(desk: () => SignInDesk): Operators {
  return {
    prove: (credentials) => desk().signIn(ANY_CONNECTION, credentials),
    async current(user) {
      const now = await desk().current(ANY_CONNECTION, user);
      const role = now && roleOf(now.roles);
      return now && role && { user: now, role };
    },
  };
}

/** The higher one of the roles that count here. */
export function roleOf(roles: readonly string[]): Role | undefined {
  if (roles.includes('admin')) return 'admin';
  return roles.includes('auditor') ? 'auditor' : undefined;
}
