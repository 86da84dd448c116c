import { deleteClient, updateClient } from '../../../admin/clients.ts';
import { html } from '../../../http/pages/html.ts';
import { aboveOf, asked, deletion, pressed } from '../parts/asked.ts';
import { formPages } from '../parts/form_pages.ts';
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
import { CLIENT, clientPath } from './list.ts';

export const [editForm, editDone] = formPages({
  path: '/clients/edit',
  labels: LABELS,
  load: CLIENT.load,
  first: typedFrom,
  read: typedOf,
  async save({ form, perform }, typed) {
    const id = form.needed('id');
    await perform(updateClient, { id, revision: form.needed('revision'), ...inputOf(typed) });
    return { to: clientPath(id), notice: 'client_saved' };
  },
  conflict: 409,
  show({ visit, about: client, typed, trouble }) {
    const fields = { typed, trouble, choices: visit.admin.choices };
    return {
      title: 'Edit the client',
      above: aboveOf(CLIENT, client),
      hidden: { id: client.id, revision: client.revision },
      fields: html`${nameFields(fields)}
${grantField(fields)}
${reachFields(fields, 'Where people come back to after they signed in, one per line. Compared exactly.')}
${lesserFields(fields)}`,
      button: html`<button>Save</button>`,
      back: clientPath(client.id),
    };
  },
});

const inputOf = (typed: TypedClient) => ({
  ...sharedInput(typed),
  description: typed.description.trim() || null,
  grants: typed.grants,
  dialects: typed.dialects.length > 0 ? typed.dialects : null,
  connections: typed.connections.length > 0 ? typed.connections : null,
});

const DISABLE = '/clients/disable';
export const disableForm = asked(CLIENT, {
  path: DISABLE,
  title: 'Disable the client',
  says: ({ name }) =>
    html`<p>All grants that <strong><bdi>${name}</bdi></strong> holds end now, and it gets no more tokens until it is enabled again. What it had does not come back then.</p>`,
  button: 'Disable',
});
export const disableDone = pressed(DISABLE, clientPath, 'client_disabled', (perform, form) =>
  perform(updateClient, { id: form.needed('id'), disabled: true }),
);
export const enableDone = pressed('/clients/enable', clientPath, 'client_enabled', (perform, form) =>
  perform(updateClient, { id: form.needed('id'), disabled: false }),
);

export const [deleteForm, deleteDone] = deletion(CLIENT, {
  path: '/clients/delete',
  title: 'Delete the client',
  says: ({ name }) =>
    html`<p><strong><bdi>${name}</bdi></strong> is removed for good, and all grants that it holds end now. Apps that use its consumer key stop working.</p>`,
  button: 'Delete this client',
  notice: 'client_deleted',
  run: (perform, { id }) => perform(deleteClient, { id }),
});
