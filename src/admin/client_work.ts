import type { z } from 'zod';
import type { Client } from '../model/client.ts';
import { contradictionsOf } from '../model/client_fields.ts';
import { oneOf } from '../model/refusal_words.ts';
import { inSeconds, type Seconds, seconds } from '../model/units.ts';
import type { ClientEdit } from '../registry/clients.ts';
import type { Administration } from './administration.ts';
import type { clientChange, clientDraft, listingInput, rotation } from './client_inputs.ts';
import { type ChangedClient, type ClientView, type CreatedClient, viewOfClient } from './client_view.ts';
import { instantOf } from './fields.ts';
import { AdminProblem, conflict, type FieldProblem, invalidFields } from './problem.ts';

/** What the operations on clients do. */

type Draft = z.output<typeof clientDraft>;
type Change = z.output<typeof clientChange>;

export async function list(
  admin: Administration,
  { limit, after, search }: z.output<typeof listingInput>,
): Promise<{ items: ClientView[]; next?: string | undefined }> {
  const { clients } = admin;
  const { items, next } = await (search === undefined
    ? clients.list(limit, after)
    : clients.search(search, limit, after));
  const used = await clients.lastUsed(items.map(({ id }) => id));
  return { items: items.map((client, index) => viewOfClient(client, admin, used[index])), next };
}

export async function read(admin: Administration, id: string): Promise<ClientView> {
  const client = await admin.clients.find(id);
  if (!client) throw noSuchClient(id);
  return viewWithUse(admin, client);
}

export async function create(admin: Administration, draft: Draft): Promise<CreatedClient> {
  refuse([...unknownChoices(draft, admin), ...fieldsOf(contradictionsOf(draft))]);
  const { redirect_uris: redirectUris, id, description, connections, dialects, ...rest } = draft;
  const { client, secret } = await admin.clients.add({
    ...rest,
    redirectUris,
    ...(id !== undefined && { id }),
    ...(description !== undefined && { description }),
    ...(connections && { connections }),
    ...(dialects && { dialects }),
  });
  return { ...viewOfClient(client, admin), ...(secret !== undefined && { client_secret: secret }) };
}

export async function update(admin: Administration, { id, revision, ...change }: Change): Promise<ChangedClient> {
  const client = await admin.clients.update(id, (before) => {
    if (revision !== undefined && viewOfClient(before, admin).revision !== revision) throw conflict('client');
    const edit = editOf(change);
    const after = { ...before, ...edit };
    refuse([
      ...unknownChoices(change, admin),
      ...fieldsOf(contradictionsOf({ public: after.public, grants: after.grants, redirect_uris: after.redirectUris })),
    ]);
    return edit;
  });
  const view = await viewWithUse(admin, client);
  // Disabled first: nothing new can be granted while what there is ends.
  if (change.disabled !== true) return view;
  return { ...view, ended_grants: await admin.tokens.revokeAll({ of: 'client', id }) };
}

/** What was sent as null is taken away. */
function editOf({
  redirect_uris,
  description,
  connections,
  dialects,
  ...rest
}: Omit<Change, 'id' | 'revision'>): ClientEdit {
  return {
    ...(rest.name !== undefined && { name: rest.name }),
    ...(rest.grants && { grants: rest.grants }),
    ...(rest.scopes && { scopes: rest.scopes }),
    ...(rest.audience && { audience: rest.audience }),
    ...(rest.disabled !== undefined && { disabled: rest.disabled }),
    ...(redirect_uris && { redirectUris: redirect_uris }),
    ...(description !== undefined && { description: description ?? undefined }),
    ...(connections !== undefined && { connections: connections ?? undefined }),
    ...(dialects !== undefined && { dialects: dialects ?? undefined }),
  };
}

export async function remove(admin: Administration, id: string): Promise<{ id: string; ended_grants: number }> {
  // Disabled first and removed last: where the store fails in between, what is left can be deleted again.
  await admin.clients.update(id, () => ({ disabled: true }));
  const ended = await admin.tokens.revokeAll({ of: 'client', id });
  if (!(await admin.clients.remove(id))) throw noSuchClient(id);
  return { id, ended_grants: ended };
}

export async function rotate(admin: Administration, { id, overlap }: z.output<typeof rotation>) {
  const secret = await admin.clients.rotateSecret(id, overlap);
  const ends = seconds(inSeconds(admin.clock.now()) + overlap);
  return { id, client_secret: secret, ...(overlap > 0 && { previous_expires_at: instantOf(ends) }) };
}

export async function endOverlap(admin: Administration, id: string): Promise<ClientView> {
  return viewWithUse(admin, await admin.clients.endPreviousSecrets(id));
}

async function viewWithUse(admin: Administration, client: Client): Promise<ClientView> {
  const [used]: readonly (Seconds | undefined)[] = await admin.clients.lastUsed([client.id]);
  return viewOfClient(client, admin, used);
}

/** Of grants, connections and dialects, those that there are not. */
function unknownChoices(
  given: { readonly [K in 'grants' | 'connections' | 'dialects']?: readonly string[] | null | undefined },
  { choices }: Administration,
): readonly FieldProblem[] {
  const connections = choices.connections.map(({ name }) => name);
  return [
    ...notAmong('grants', 'grant', given.grants, choices.grants),
    ...notAmong('connections', 'connection', given.connections, connections),
    ...notAmong('dialects', 'dialect', given.dialects, choices.dialects),
  ];
}

function notAmong(
  member: string,
  what: string,
  given: readonly string[] | null | undefined,
  known: readonly string[],
): readonly FieldProblem[] {
  const right = known.length === 0 ? 'there is none' : `must be ${oneOf(known)}`;
  return (given ?? []).flatMap((each, index) =>
    known.includes(each) ? [] : [{ path: `${member}.${index}`, message: `is not a ${what}: ${right}` }],
  );
}

const fieldsOf = (problems: ReturnType<typeof contradictionsOf>): readonly FieldProblem[] =>
  problems.map(({ path, message }) => ({ path: path.join('.'), message }));

/** @throws AdminProblem `invalid`, if there is a problem. */
function refuse(problems: readonly FieldProblem[]): void {
  if (problems.length > 0) throw invalidFields(problems);
}

const noSuchClient = (id: string) =>
  new AdminProblem('not_found', `There is no client '${id}': see the list of clients.`);
