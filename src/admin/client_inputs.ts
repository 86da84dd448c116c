import { z } from 'zod';
import { clientFields } from '../model/client_fields.ts';
import { durationInSeconds } from '../model/fields.ts';
import { seconds } from '../model/units.ts';
import { expectedRevision, paging, reference } from './fields.ts';

/** What the operations on clients take. */

export const clientId = reference()
  .describe('The client_id.')
  .meta({ examples: ['orders-app'] });
const { redirectUris, ...sameNames } = clientFields;
const fields = { ...sameNames, redirect_uris: redirectUris };
const whole = { description: fields.description.optional() };

export const listingInput = z.strictObject({
  ...paging,
  search: z.string().min(1).max(256).optional().describe('The beginning of the id, or of a word of the name.'),
});

export const clientDraft = z.strictObject({
  id: fields.id.optional().describe('The client_id; a random one if absent.'),
  name: fields.name.describe('What people see on the consent page.').meta({ examples: ['Orders'] }),
  ...whole,
  public: fields.public.default(false),
  grants: fields.grants.meta({ examples: [['authorization_code', 'refresh_token']] }),
  redirect_uris: fields.redirect_uris.default([]).meta({ examples: [['https://orders.example.com/callback']] }),
  scopes: fields.scopes.default([]).meta({ examples: [['orders:read']] }),
  audience: fields.audience.default([]),
  connections: fields.connections.optional(),
  dialects: fields.dialects.optional(),
});

export const clientChange = z.strictObject({
  id: clientId,
  revision: expectedRevision(),
  name: fields.name.optional(),
  description: fields.description.nullable().optional(),
  grants: fields.grants.optional(),
  redirect_uris: fields.redirect_uris.optional(),
  scopes: fields.scopes.optional(),
  audience: fields.audience.optional(),
  connections: fields.connections.nullable().optional(),
  dialects: fields.dialects.nullable().optional(),
  disabled: fields.disabled.optional(),
});

export const rotation = z.strictObject({
  id: clientId,
  overlap: z
    .union([z.literal('0').transform(() => seconds(0)), durationInSeconds()], {
      error: 'must be a duration such as 5m, 24h or 7d, or 0',
    })
    .default(seconds(24 * 60 * 60))
    .describe('How long the old secret goes on working: a duration such as 24h, or 0.')
    .meta({ examples: ['24h'] }),
});
