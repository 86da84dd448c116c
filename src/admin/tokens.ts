import { z } from 'zod';
import { pageOf, paging, reference } from './fields.ts';
import { operation } from './operation.ts';
import { grantView, tokenView } from './token_view.ts';
import { endGrant, findGrant, inspect, listGrants as list, revoke, revokeAll } from './token_work.ts';

/** What was granted, and how it is ended. No answer holds a token, or anything that one can be found by. */

const whoseUser = reference().optional().describe('The id of a user (`sub`).');
const whoseClient = reference().optional().describe('A client_id.');
const whichDevice = reference().optional().describe('The name of a device, beside a user or a client.');

const grantId = reference().describe('The `id` of a grant.');
const token = z
  .string()
  .min(1)
  .max(4096)
  .describe('An access or refresh token.')
  .meta({ examples: ['gha_8Yt2kQ0z5n0…'] });

export const listGrants = operation({
  id: 'tokens.list',
  summary: 'List grants',
  description:
    'Of a user, of a client, or of a user with a client: send one of them at least. Those that end last come first.',
  role: 'auditor',
  method: 'GET',
  path: '/tokens',
  input: z.strictObject({ ...paging, user: whoseUser, client: whoseClient, device: whichDevice }),
  output: pageOf(grantView),
  run: (admin, input) => list(admin, input),
});

export const getGrant = operation({
  id: 'tokens.get',
  summary: 'Read a grant',
  role: 'auditor',
  method: 'GET',
  path: '/tokens/{grant}',
  input: z.strictObject({ grant: grantId }),
  output: grantView,
  run: (admin, input) => findGrant(admin, input.grant),
});

export const deleteGrant = operation({
  id: 'tokens.end',
  summary: 'End a grant',
  description: 'With every access and refresh token of it, on all nodes.',
  role: 'admin',
  method: 'DELETE',
  path: '/tokens/{grant}',
  input: z.strictObject({ grant: grantId }),
  output: z.object({ id: z.string() }),
  audit: ({ grant }) => ({ kind: 'grant', id: grant }),
  run: (admin, input) => endGrant(admin, input.grant),
});

export const inspectToken = operation({
  id: 'tokens.inspect',
  summary: 'Tell what a token stands for',
  role: 'auditor',
  method: 'POST',
  path: '/tokens/inspect',
  input: z.strictObject({ token }),
  output: tokenView,
  run: (admin, input) => inspect(admin, input.token),
});

export const revokeToken = operation({
  id: 'tokens.revoke',
  summary: 'Revoke a token',
  description: 'A refresh token takes its whole grant with it; an access token ends alone.',
  role: 'admin',
  method: 'POST',
  path: '/tokens/revoke',
  input: z.strictObject({ token }),
  output: z.object({
    revoked: z.boolean().describe('Whether there was such a token.'),
    grant: z.string().optional().describe('The grant that it belonged to.'),
    kind: z.enum(['access_token', 'refresh_token']).optional(),
  }),
  audit: (_input, done) => (done?.grant === undefined ? undefined : { kind: 'grant', id: done.grant }),
  detail: (_input, done) => ({ ...(done?.kind && { kind: done.kind }), ...(done && { revoked: done.revoked }) }),
  run: (admin, input) => revoke(admin, input.token),
});

export const revokeGrants = operation({
  id: 'tokens.revoke_all',
  summary: 'End all grants of a user or a client',
  description:
    'With `user` and `client`, those that the client holds of the user; with `device`, those of that device alone.',
  role: 'admin',
  method: 'POST',
  path: '/tokens/revoke-all',
  input: z.strictObject({ user: whoseUser, client: whoseClient, device: whichDevice }),
  output: z.object({ ended_grants: z.int() }),
  audit: ({ user, client }) =>
    user !== undefined ? { kind: 'user', id: user } : client !== undefined ? { kind: 'client', id: client } : undefined,
  detail: ({ user, client, device }, done) => ({
    ...(user !== undefined && client !== undefined && { client }),
    ...(device !== undefined && { device }),
    ...(done && { ended_grants: done.ended_grants }),
  }),
  run: (admin, input) => revokeAll(admin, input),
});
