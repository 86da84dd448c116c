import { z } from 'zod';
import { clientChange, clientDraft, clientId as id, listingInput, rotation } from './client_inputs.ts';
import { changedClient, clientView, createdClient, newSecret as secret } from './client_view.ts';
import { create, endOverlap, list, read, remove, rotate, update } from './client_work.ts';
import { instant, pageOf } from './fields.ts';
import { operation } from './operation.ts';

/** The applications that may ask for tokens. */

export const listClients = operation({
  id: 'clients.list',
  summary: 'List clients',
  description:
    'Clients of the configuration file and of the store together, in the order of their ids; found ones in the order of what was found.',
  role: 'auditor',
  method: 'GET',
  path: '/clients',
  input: listingInput,
  output: pageOf(clientView),
  run: (admin, input) => list(admin, input),
});

export const createClient = operation({
  id: 'clients.create',
  summary: 'Create a client',
  description: 'The answer holds the client secret of a confidential client, which cannot be read again.',
  role: 'admin',
  method: 'POST',
  path: '/clients',
  creates: true,
  input: clientDraft,
  output: createdClient,
  audit: (input, made) => ({ kind: 'client', id: made?.id ?? input.id ?? '', name: input.name }),
  run: (admin, input) => create(admin, input),
});

export const getClient = operation({
  id: 'clients.get',
  summary: 'Read a client',
  role: 'auditor',
  method: 'GET',
  path: '/clients/{id}',
  input: z.strictObject({ id }),
  output: clientView,
  run: (admin, input) => read(admin, input.id),
});

export const updateClient = operation({
  id: 'clients.update',
  summary: 'Change a client',
  description:
    'Members that are absent stay as they are; null takes an optional one away. Disabling a client ends all grants that it holds, as removing it does: what it had does not come back when it is enabled again.',
  role: 'admin',
  method: 'PATCH',
  path: '/clients/{id}',
  input: clientChange,
  output: changedClient,
  audit: (input, changed) => ({ kind: 'client', id: input.id, name: changed?.name }),
  run: (admin, input) => update(admin, input),
});

export const deleteClient = operation({
  id: 'clients.delete',
  summary: 'Delete a client',
  description: 'Every grant that it holds ends.',
  role: 'admin',
  method: 'DELETE',
  path: '/clients/{id}',
  input: z.strictObject({ id }),
  output: z.object({ id: z.string(), ended_grants: z.int() }),
  audit: (input) => ({ kind: 'client', id: input.id }),
  run: (admin, input) => remove(admin, input.id),
});

export const rotateSecret = operation({
  id: 'clients.rotate_secret',
  summary: 'Give a client a new secret',
  description: 'The secrets that it has work until the overlap ends, and never longer than they would have.',
  role: 'admin',
  method: 'POST',
  path: '/clients/{id}/secret',
  input: rotation,
  output: z.object({
    id: z.string(),
    client_secret: secret,
    previous_expires_at: instant().optional().describe('When the old secret stops; absent if it has stopped.'),
  }),
  audit: ({ id }) => ({ kind: 'client', id }),
  detail: ({ overlap }) => ({ overlap }),
  run: (admin, input) => rotate(admin, input),
});

export const endPreviousSecret = operation({
  id: 'clients.end_previous_secret',
  summary: 'End the overlap of a rotation now',
  description: 'Only the newest secret works from then on.',
  role: 'admin',
  method: 'DELETE',
  path: '/clients/{id}/secret/previous',
  input: z.strictObject({ id }),
  output: clientView,
  audit: ({ id }) => ({ kind: 'client', id }),
  run: (admin, input) => endOverlap(admin, input.id),
});
