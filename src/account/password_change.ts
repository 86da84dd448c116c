import { objectionTo } from '../model/password_rules.ts';
import type { Caller } from '../model/protocol.ts';
import type { Identity } from '../model/token.ts';
import type { SignInDesk } from '../oauth/sign_in.ts';
import type { UserRegistry } from '../registry/users.ts';
import { sameSecret } from '../tokens/hashing.ts';

/** As the form sent it. */
export interface PasswordForm {
  readonly current: string;
  readonly next: string;
  readonly repeated: string;
}

export type PasswordProblems = Partial<Record<keyof PasswordForm, string>>;

/** Where a user's password is changed: in the store, in the configuration file, or wherever their connection leads. */
export type PasswordPlace = 'store' | 'configuration' | 'connection';

export interface PasswordChangeDependencies {
  readonly desk: Pick<SignInDesk, 'signIn'>;
  readonly users: Pick<UserRegistry, 'find' | 'setPasswordHash'>;
  readonly hashPassword: (password: string) => Promise<string>;
  readonly placeOf: (user: Identity) => PasswordPlace;
}

/**
 * Changes the password of whoever knows the current one.
 * @returns what is wrong with each field; empty when it was changed. @throws ProtocolError `too_many_attempts`.
 */
export type ChangePassword = (user: Identity, form: PasswordForm, caller: Caller) => Promise<PasswordProblems>;

export function createPasswordChange(deps: PasswordChangeDependencies): ChangePassword {
  const { desk, users, hashPassword, placeOf } = deps;

  return async (user, form, caller) => {
    // 1. Everything that can be said without the current password, so that a slip of the hand uses up no attempt.
    const problems = objectionsTo(form, user);
    if (Object.keys(problems).length > 0) return problems;
    if (placeOf(user) !== 'store') return { current: 'Your password is not kept here, and cannot be changed here.' };

    const { connection, username, subject } = user;
    const credentials = { caller, connection, username, password: form.current };
    // 2. The current one, counted as every attempt to sign in is, and 3. the new one in the place of the hash that it was compared
    // with: of two changes at once, one counts. A sign-in may put a better hash of the same password there, once.
    const hash = await hashPassword(form.next);
    for (let round = 0; round < 2; round++) {
      const known = await users.find(subject);
      const proven = await desk.signIn({ connections: [connection] }, credentials);
      if (!known || proven?.subject !== subject) return { current: 'This is not your password.' };
      if (await users.setPasswordHash(subject, hash, known.passwordHash)) return {};
    }
    return { current: 'Your password was changed elsewhere meanwhile: try again with the new one.' };
  };
}

function objectionsTo({ current, next, repeated }: PasswordForm, user: Identity): PasswordProblems {
  const problems: { -readonly [K in keyof PasswordProblems]: string } = {};
  if (current === '') problems.current = 'Write your current password.';
  const objection = next === '' ? 'Write a new password.' : objectionTo(next, user);
  if (objection !== undefined) problems.next = objection;
  else if (sameSecret(next, current)) problems.next = 'This is your current password: choose another one.';
  else if (!sameSecret(next, repeated)) problems.repeated = 'This is not the same as the new password above.';
  return problems;
}
