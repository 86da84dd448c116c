import { z } from 'zod';
import type { Client } from '../model/client.ts';
import { clientFields as fields } from '../model/client_fields.ts';
import { inSeconds, type Seconds } from '../model/units.ts';
import type { Administration } from './administration.ts';
import { instant, instantOf, revision } from './fields.ts';
import { revisionOf } from './revision.ts';

const source = z
  .enum(['store', 'configuration'])
  .describe('Where it stands: what is in the configuration file can be changed there only.');

export const clientView = z
  .object({
    id: fields.id,
    name: fields.name,
    description: fields.description.optional(),
    public: fields.public,
    disabled: fields.disabled,
    grants: z.array(z.string()),
    redirect_uris: z.array(z.string()),
    scopes: z.array(z.string()),
    audience: z.array(z.string()),
    connections: z.array(z.string()).optional().describe('The connections whose users may sign in to it; absent: all.'),
    dialects: z.array(z.string()).optional().describe('The dialects whose endpoints it may use; absent: all.'),
    source,
    secrets: z
      .array(z.object({ expires_at: instant().optional().describe('Absent: it works until it is rotated.') }))
      .describe(
        'The secrets that are accepted now, the newest first; what they are cannot be read. Empty for a public client.',
      ),
    created_at: instant().optional().describe('Absent for clients of the configuration file.'),
    last_used_at: instant().optional().describe('When a call with one of its tokens passed, to the minute.'),
    revision: revision(),
  })
  .meta({ id: 'Client' });
export type ClientView = z.output<typeof clientView>;

export const newSecret = z
  .string()
  .describe('The client secret. It is shown this once; only a hash of it is kept.')
  .meta({ examples: ['ghk_Vf0…'] });

export const createdClient = clientView
  .extend({ client_secret: newSecret.optional().describe('Of a confidential client. It is shown this once.') })
  .meta({ id: 'CreatedClient' });
export type CreatedClient = z.output<typeof createdClient>;

export const changedClient = clientView
  .extend({ ended_grants: z.int().optional().describe('How many grants ended with it, if it was disabled.') })
  .meta({ id: 'ChangedClient' });
export type ChangedClient = z.output<typeof changedClient>;

/** A client as operators see it. */
export function viewOfClient(
  client: Client,
  { clients, clock }: Pick<Administration, 'clients' | 'clock'>,
  lastUsedAt?: Seconds | undefined,
): ClientView {
  const { id, name, description, redirectUris, connections, dialects, createdAt } = client;
  const now = inSeconds(clock.now());
  const shown = {
    ...{ id, name },
    ...(description !== undefined && { description }),
    ...{ public: client.public, disabled: client.disabled },
    ...{ grants: [...client.grants], redirect_uris: [...redirectUris] },
    ...{ scopes: [...client.scopes], audience: [...client.audience] },
    ...(connections && { connections: [...connections] }),
    ...(dialects && { dialects: [...dialects] }),
  };
  const accepted = client.secrets.filter(({ expiresAt }) => expiresAt === undefined || expiresAt > now);
  return {
    ...shown,
    source: clients.isConfigured(id) ? 'configuration' : 'store',
    secrets: accepted.map(({ expiresAt }) => (expiresAt === undefined ? {} : { expires_at: instantOf(expiresAt) })),
    ...(createdAt !== undefined && { created_at: instantOf(createdAt) }),
    ...(lastUsedAt !== undefined && { last_used_at: instantOf(lastUsedAt) }),
    revision: revisionOf(shown),
  };
}
