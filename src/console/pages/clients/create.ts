import { randomUUID } from 'node:crypto';
import { createClient } from '../../../admin/clients.ts';
import { AdminProblem } from '../../../admin/problem.ts';
import { html } from '../../../http/pages/html.ts';
import type { ConsolePage, Shown, Visit } from '../page.ts';
import { boxField, form, summaryOf, type Trouble, troubleOf } from '../parts/forms.ts';
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

const PATH = '/clients/create';

export const createForm: ConsolePage = {
  method: 'GET',
  path: PATH,
  role: 'admin',
  answer: async (visit) => page(visit, { typed: NOTHING_TYPED, id: randomUUID(), agreed: false }),
};

/** The button "Done". */
export const createDone: ConsolePage = {
  method: 'POST',
  path: PATH,
  role: 'admin',
  async answer(visit) {
    const { form: sent, perform } = visit;
    const typed = typedOf(sent);
    const id = sent.needed('id');
    const state = { typed, id, agreed: sent.isTicked('terms') };
    try {
      if (!state.agreed) throw notAgreed();
      const { client_secret, ...client } = await perform(createClient, inputOf(typed, id));
      return secretPage(client, client_secret, 'created');
    } catch (error) {
      if (!(error instanceof AdminProblem)) throw error;
      // The form was sent before: its answer, which had the secret, is gone.
      if (error.type === 'conflict') return { to: clientPath(id), notice: 'client_exists' };
      if (error.type !== 'invalid') throw error;
      return page(visit, { ...state, trouble: troubleOf(error, Object.keys(LABELS)) });
    }
  },
};

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

interface State {
  readonly typed: TypedClient;
  /** Chosen with the form, so that a form that is sent twice makes one client. */
  readonly id: string;
  readonly agreed: boolean;
  readonly trouble?: Trouble | undefined;
}

function page({ csrf, admin, termsUrl }: Visit, { typed, id, agreed, trouble }: State): Shown {
  const fields = { typed, trouble, choices: admin.choices };
  const isSpecial =
    typed.isPublic ||
    [typed.grants, typed.dialects, typed.connections].some(({ length }) => length > 0) ||
    typed.audience !== '';
  const inside = ['public', 'grants', 'audience', 'dialects', 'connections'].some((name) => trouble?.fields.has(name));
  const terms =
    termsUrl === undefined
      ? html`terms of use`
      : html`<a href="${termsUrl}" target="_blank" rel="noopener noreferrer">terms of use</a>`;
  return {
    title: 'Create a New API Client',
    above: [CLIENTS],
    status: trouble === undefined ? 200 : 422,
    content: html`${summaryOf(trouble, LABELS)}<div class="card"><div class="inside">${form({
      action: PATH,
      csrf,
      hidden: { id },
      content: html`${nameFields(fields)}
${reachFields(fields, 'Where people come back to after they signed in, one per line. Leave it empty for an app that only acts for itself.')}
<details${(isSpecial || inside) && html` open`}><summary>More settings</summary><div class="fields">
${publicField(fields)}
${grantField(fields, 'None ticked: authorization_code and refresh_token if there are redirect URIs, else client_credentials.')}
${lesserFields(fields)}
</div></details>
${boxField({ name: 'terms', label: html`I have read and agreed to the ${terms}`, ticked: agreed, trouble, required: true })}`,
      submit: html`<button data-wakes-with="terms">Done</button><a class="button plain" href="/clients">Cancel</a>`,
    })}</div></div>`,
  };
}
