import { randomUUID } from 'node:crypto';
import { createClient } from '../../../admin/clients.ts';
import { AdminProblem } from '../../../admin/problem.ts';
import { type Html, html } from '../../../http/pages/html.ts';
import type { Visit } from '../page.ts';
import { formPages } from '../parts/form_pages.ts';
import { boxField, type Trouble } from '../parts/forms.ts';
import {
  grantField,
  LABELS,
  lesserFields,
  NOTHING_TYPED,
  nameFields,
  publicField,
  reachFields,
  sharedInput,
  type TypedClient,
  typedOf,
} from './form.ts';
import { CLIENTS, clientPath } from './list.ts';
import { secretPage } from './secret.ts';

interface Typed {
  readonly client: TypedClient;
  /** Chosen with the form, so that a form that is sent twice makes one client. */
  readonly id: string;
  readonly agreed: boolean;
}

export const [createForm, createDone] = formPages<void, Typed>({
  path: '/clients/create',
  labels: LABELS,
  load: async () => {},
  first: () => ({ client: NOTHING_TYPED, id: randomUUID(), agreed: false }),
  read: (sent) => ({ client: typedOf(sent), id: sent.needed('id'), agreed: sent.isTicked('terms') }),
  async save({ perform, termsUrl }, { client: typed, id, agreed }) {
    if (termsUrl !== undefined && !agreed) throw notAgreed();
    const { client_secret, ...client } = await perform(createClient, inputOf(typed, id));
    return secretPage(client, client_secret, 'created');
  },
  // The form was sent before: its answer, which had the secret, is gone.
  conflict: ({ id }) => ({ to: clientPath(id), notice: 'client_exists' }),
  show: ({ visit, typed, trouble }) => ({
    title: 'Create a New API Client',
    above: [CLIENTS],
    hidden: { id: typed.id },
    fields: fieldsOf(visit, typed, trouble),
    button: html`<button${visit.termsUrl !== undefined && html` data-wakes-with="terms"`}>Done</button>`,
    back: CLIENTS.to,
  }),
});

const inputOf = (typed: TypedClient, id: string) => ({
  ...sharedInput(typed),
  id,
  public: typed.isPublic,
  grants: typed.grants.length > 0 ? typed.grants : grantsFor(typed),
  ...(typed.description.trim() !== '' && { description: typed.description.trim() }),
  ...(typed.dialects.length > 0 && { dialects: typed.dialects }),
  ...(typed.connections.length > 0 && { connections: typed.connections }),
});

/** An app that people come back to lets them sign in; one that nobody comes back to can only act for itself. */
const grantsFor = ({ redirectUris }: TypedClient): readonly string[] =>
  redirectUris.trim() === '' ? ['client_credentials'] : ['authorization_code', 'refresh_token'];

const notAgreed = () =>
  new AdminProblem('invalid', 'Agree to the terms of use first.', [
    { path: 'terms', message: 'tick the box to go on' },
  ]);

function fieldsOf({ admin, termsUrl }: Visit, { client: typed, agreed }: Typed, trouble: Trouble | undefined): Html {
  const fields = { typed, trouble, choices: admin.choices };
  const isSpecial =
    typed.isPublic ||
    [typed.grants, typed.dialects, typed.connections].some(({ length }) => length > 0) ||
    typed.audience !== '';
  const inside = ['public', 'grants', 'audience', 'dialects', 'connections'].some((name) => trouble?.fields.has(name));
  // Where the configuration names none, there is nothing to agree to.
  const terms =
    termsUrl !== undefined &&
    boxField({
      name: 'terms',
      label: html`I have read and agreed to the <a href="${termsUrl}" target="_blank" rel="noopener noreferrer">terms of use</a>`,
      ticked: agreed,
      trouble,
      required: true,
    });
  return html`${nameFields(fields)}
${reachFields(fields, 'Where people come back to after they signed in, one per line. Leave it empty for an app that only acts for itself.')}
<details${(isSpecial || inside) && html` open`}><summary>More settings</summary><div class="fields">
${publicField(fields)}
${grantField(fields, 'None ticked: authorization_code and refresh_token if there are redirect URIs, else client_credentials.')}
${lesserFields(fields)}
</div></details>
${terms}`;
}
