import { z } from 'zod';
import { instant } from './fields.ts';

/** Grants and tokens as operators see them. */

export const grantView = z
  .object({
    id: z
      .string()
      .describe('Names the grant: all tokens that came from one sign-in.')
      .meta({ examples: ['kX2r8Qza.3l2bQk0dYcVwS5tJxN7mPg'] }),
    client: z.string().describe('The client_id.'),
    user: z
      .object({ id: z.string(), username: z.string(), connection: z.string() })
      .optional()
      .describe('Absent if the client acts for itself.'),
    scopes: z.array(z.string()),
    audience: z.array(z.string()),
    device: z.string().optional(),
    authenticated_at: instant().optional().describe('When the user proved who they are.'),
    issued_at: instant(),
    expires_at: instant(),
    live_access_tokens: z.int().describe('How many of its access tokens are good now.'),
    refreshable: z.boolean().describe('Whether it has a refresh token that is good now.'),
  })
  .meta({ id: 'Grant' });
export type GrantEntry = z.output<typeof grantView>;

export const tokenView = z
  .object({
    active: z.boolean().describe('False: unknown, expired or revoked; nothing else is said then.'),
    kind: z.enum(['access_token', 'refresh_token']).optional(),
    live: z
      .boolean()
      .optional()
      .describe('Of a refresh token: false if it was replaced already, so that using it ends the grant.'),
    grant: z.string().optional().describe('The id of the grant.'),
    client: z.string().optional(),
    user: z
      .object({ id: z.string(), username: z.string(), connection: z.string(), roles: z.array(z.string()) })
      .optional(),
    scopes: z.array(z.string()).optional(),
    audience: z.array(z.string()).optional(),
    device: z.string().optional(),
    authenticated_at: instant().optional(),
    issued_at: instant().optional(),
    expires_at: instant().optional(),
  })
  .meta({ id: 'Token' });
export type TokenReport = z.output<typeof tokenView>;
