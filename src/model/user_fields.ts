import { z } from 'zod';
import { name } from './fields.ts';
import { label } from './text.ts';

/** What the fields of a user may be, in the YAML and wherever else users are made and changed. */
export const userFields = {
  id: z
    .string()
    .regex(/^[\x21-\x7e]{1,128}$/, 'must be 1 to 128 visible ASCII characters without spaces')
    .describe('The stable user id: X-User-Id, and `sub` in introspection.'),
  username: z
    .string()
    .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]{1,256}$/u, 'must be 1 to 256 characters without control characters')
    .describe('What the user types to sign in; upper and lower case are the same.'),
  email: z.email('must be an e-mail address').describe('X-User-Email.'),
  name: label().describe('X-User-Name; the username if absent.'),
  phoneNumber: z
    .string()
    .regex(/^\+[1-9]\d{6,14}$/, 'must be an international number such as +15550100')
    .describe('E.164.'),
  roles: z.array(name()).describe('`admin` may use the console and the admin API.'),
  disabled: z.boolean().describe('Keeps the user, but lets nobody sign in as them.'),
};
