import type { ClientView } from '../../../admin/client_view.ts';
import { deleteClient, getClient, updateClient } from '../../../admin/clients.ts';
import { AdminProblem } from '../../../admin/problem.ts';
import { html } from '../../../http/pages/html.ts';
import type { ConsolePage, Shown, Visit } from '../page.ts';
import { confirmation } from '../parts/confirmation.ts';
import { form, summaryOf, type Trouble, troubleOf } from '../parts/forms.ts';
import {
  grantField,
  LABELS,
  lesserFields,
  nameFields,
  reachFields,
  sharedInput,
  type TypedClient,
  typedFrom,
  typedOf,
} from './form.ts';
import { CLIENTS, clientPath } from './list.ts';

const EDIT = '/clients/edit';
const DISABLE = '/clients/disable';
const DELETE = '/clients/delete';

const above = ({ id, name }: ClientView) => [CLIENTS, { title: name, to: clientPath(id) }];

export const editForm: ConsolePage = {
  method: 'GET',
  path: EDIT,
  role: 'admin',
  async answer(visit) {
    const client = await visit.perform(getClient, { id: visit.query.needed('id') });
    return editPage(visit, client, typedFrom(client));
  },
};

export const editDone: ConsolePage = {
  method: 'POST',
  path: EDIT,
  role: 'admin',
  async answer(visit) {
    const { form: sent, perform } = visit;
    const id = sent.needed('id');
    const typed = typedOf(sent);
    try {
      await perform(updateClient, { id, revision: sent.needed('revision'), ...inputOf(typed) });
      return { to: clientPath(id), notice: 'client_saved' };
    } catch (error) {
      if (!(error instanceof AdminProblem) || !['invalid', 'conflict'].includes(error.type)) throw error;
      const trouble = troubleOf(error, Object.keys(LABELS));
      // With the revision of now: whoever sends it again has been told that somebody else was there.
      const client = await perform(getClient, { id });
      return { ...editPage(visit, client, typed, trouble), status: error.type === 'conflict' ? 409 : 422 };
    }
  },
};

const inputOf = (typed: TypedClient) => ({
  ...sharedInput(typed),
  description: typed.description.trim() || null,
  grants: typed.grants,
  dialects: typed.dialects.length > 0 ? typed.dialects : null,
  connections: typed.connections.length > 0 ? typed.connections : null,
});

function editPage({ csrf, admin }: Visit, client: ClientView, typed: TypedClient, trouble?: Trouble): Shown {
  const fields = { typed, trouble, choices: admin.choices };
  return {
    title: 'Edit the client',
    above: above(client),
    content: html`${summaryOf(trouble, LABELS)}<div class="card"><div class="inside">${form({
      action: EDIT,
      csrf,
      hidden: { id: client.id, revision: client.revision },
      content: html`${nameFields(fields)}
${grantField(fields)}
${reachFields(fields, 'Where people come back to after they signed in, one per line. Compared exactly.')}
${lesserFields(fields)}`,
      submit: html`<button>Save</button><a class="button plain" href="${clientPath(client.id)}">Cancel</a>`,
    })}</div></div>`,
  };
}

export const disableForm: ConsolePage = {
  method: 'GET',
  path: DISABLE,
  role: 'admin',
  async answer({ query, perform, csrf }) {
    const client = await perform(getClient, { id: query.needed('id') });
    return {
      title: 'Disable the client',
      above: above(client),
      content: confirmation({
        action: DISABLE,
        csrf,
        hidden: { id: client.id },
        says: html`<p>All grants that <strong><bdi>${client.name}</bdi></strong> holds end now, and it gets no more tokens until it is enabled again. What it had does not come back then.</p>`,
        button: 'Disable',
        back: clientPath(client.id),
      }),
    };
  },
};

const switching = (path: string, disabled: boolean): ConsolePage => ({
  method: 'POST',
  path,
  role: 'admin',
  async answer({ form: sent, perform }) {
    const id = sent.needed('id');
    await perform(updateClient, { id, disabled });
    return { to: clientPath(id), notice: disabled ? 'client_disabled' : 'client_enabled' };
  },
});
export const disableDone = switching(DISABLE, true);
export const enableDone = switching('/clients/enable', false);

export const deleteForm: ConsolePage = {
  method: 'GET',
  path: DELETE,
  role: 'admin',
  async answer(visit) {
    const client = await visit.perform(getClient, { id: visit.query.needed('id') });
    return deletePage(visit, client);
  },
};

export const deleteDone: ConsolePage = {
  method: 'POST',
  path: DELETE,
  role: 'admin',
  async answer(visit) {
    const { form: sent, perform } = visit;
    const client = await perform(getClient, { id: sent.needed('id') });
    const typed = sent.exact('typed');
    if (typed.trim() !== client.name) {
      const problem = new AdminProblem('invalid', 'The name is another one.', [
        { path: 'typed', message: 'type the name exactly as it is written here' },
      ]);
      return { ...deletePage(visit, client, { typed, trouble: troubleOf(problem, ['typed']) }), status: 422 };
    }
    await perform(deleteClient, { id: client.id });
    return { to: '/clients', notice: 'client_deleted' };
  },
};

function deletePage({ csrf }: Visit, client: ClientView, before?: { typed: string; trouble: Trouble }): Shown {
  return {
    title: 'Delete the client',
    above: above(client),
    content: html`${summaryOf(before?.trouble, { typed: 'Name' })}${confirmation({
      action: DELETE,
      csrf,
      hidden: { id: client.id },
      says: html`<p><strong><bdi>${client.name}</bdi></strong> is removed for good, and all grants that it holds end now. Apps that use its consumer key stop working.</p>`,
      typed: { expected: client.name, value: before?.typed, trouble: before?.trouble },
      button: 'Delete this client',
      back: clientPath(client.id),
    })}`,
  };
}
