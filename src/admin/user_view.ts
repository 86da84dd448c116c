import { z } from 'zod';
import type { User } from '../model/client.ts';
import type { Identity } from '../model/token.ts';
import { userFields as fields } from '../model/user_fields.ts';
import type { Administration } from './administration.ts';
import { instant, instantOf, revision } from './fields.ts';
import { revisionOf } from './revision.ts';

export const userView = z
  .object({
    id: z.string().describe('The stable user id: X-User-Id, and `sub` in introspection.'),
    connection: z.string().describe('The connection they sign in with.'),
    username: z.string(),
    name: z.string().optional(),
    email: z.string().optional(),
    phone_number: z.string().optional(),
    roles: z.array(z.string()),
    disabled: fields.disabled,
    source: z
      .enum(['store', 'configuration', 'connection'])
      .describe(
        'Where they stand: only those of the store can be changed here. `connection`: in a directory such as LDAP.',
      ),
    created_at: instant().optional(),
    revision: revision(),
  })
  .meta({ id: 'User' });
export type UserView = z.output<typeof userView>;

export const changedUser = userView
  .extend({
    ended_grants: z.int().optional().describe('How many grants ended with it.'),
    ended_sessions: z.int().optional().describe('How many browsers were signed out with it.'),
  })
  .meta({ id: 'ChangedUser' });
export type ChangedUser = z.output<typeof changedUser>;

export function viewOfUser(user: User, { users }: Pick<Administration, 'users'>): UserView {
  const { id, connection, username, name, email, phoneNumber, roles, disabled, createdAt } = user;
  const shown = {
    ...{ id, connection, username, roles: [...roles], disabled },
    ...(name !== undefined && { name }),
    ...(email !== undefined && { email }),
    ...(phoneNumber !== undefined && { phone_number: phoneNumber }),
  };
  return {
    ...shown,
    source: users.isConfigured(id) ? 'configuration' : 'store',
    ...(createdAt !== undefined && { created_at: instantOf(createdAt) }),
    revision: revisionOf(shown),
  };
}

/** Somebody of a directory that keeps its users itself, as they were when they signed in. */
export function viewOfIdentity(identity: Identity): UserView {
  const { subject: id, connection, username, name, email, phoneNumber, roles } = identity;
  const shown = {
    ...{ id, connection, username, roles: [...roles], disabled: false },
    ...(name !== undefined && { name }),
    ...(email !== undefined && { email }),
    ...(phoneNumber !== undefined && { phone_number: phoneNumber }),
  };
  return { ...shown, source: 'connection', revision: revisionOf(shown) };
}
