import { z } from 'zod';
import { passwordProblem } from '../model/password_rules.ts';
import { userFields as fields } from '../model/user_fields.ts';
import { expectedRevision, paging, reference } from './fields.ts';

/** What the operations on users take. */

export const userId = reference()
  .describe('The id of a user (`sub`), of any connection.')
  .meta({ examples: ['u-alice'] });
const password = z
  .string()
  .superRefine((text, { addIssue }) => {
    const problem = passwordProblem(text);
    if (problem !== undefined) addIssue(problem);
  })
  .describe(
    'A new password: at least 10 characters, at most 1,024 bytes, and none that is guessed first. Kept as an argon2id hash only.',
  );
const passwordHash = z.string().describe('What another system kept of a password: argon2id, bcrypt or scrypt.');
const names = {
  name: fields.name.meta({ examples: ['Alice Liddell'] }),
  email: fields.email.meta({ examples: ['alice@example.com'] }),
  phone_number: fields.phoneNumber.meta({ examples: ['+15550100'] }),
};

export const listingInput = z.strictObject({
  ...paging,
  search: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe('The beginning of the id, the username, the e-mail address, the phone number or a word of the name.'),
});

export const userDraft = z.strictObject({
  id: fields.id.optional().describe('The stable user id; a random one if absent.'),
  connection: reference().optional().describe('The database connection they sign in with; the first one if absent.'),
  username: fields.username.meta({ examples: ['alice'] }),
  name: names.name.optional(),
  email: names.email.optional(),
  phone_number: names.phone_number.optional(),
  roles: fields.roles.default([]),
  disabled: fields.disabled.default(false),
  password: password.optional(),
  password_hash: passwordHash.optional(),
});

export const userChange = z.strictObject({
  id: userId,
  revision: expectedRevision(),
  username: fields.username.optional(),
  name: names.name.nullable().optional(),
  email: names.email.nullable().optional(),
  phone_number: names.phone_number.nullable().optional(),
  roles: fields.roles.optional(),
  disabled: fields.disabled.optional(),
});

export const newPassword = z.strictObject({
  id: userId,
  password: password.optional(),
  password_hash: passwordHash.optional(),
  keep_sessions: z.boolean().default(false).describe('Whether grants and sessions go on.'),
});
