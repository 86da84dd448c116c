import { AdminProblem } from '../../../admin/problem.ts';
import { createUser } from '../../../admin/users.ts';
import { html } from '../../../http/pages/html.ts';
import type { ConsolePage, Shown, Visit } from '../page.ts';
import { form, selectField, summaryOf, type Trouble, troubleOf } from '../parts/forms.ts';
import { LABELS, NOBODY, passwordField, personFields, rolesOf, type TypedUser, typedOf } from './form.ts';
import { USERS, userPath } from './list.ts';

const PATH = '/users/create';

export const createForm: ConsolePage = {
  method: 'GET',
  path: PATH,
  role: 'admin',
  answer: async (visit) => page(visit, NOBODY, visit.admin.choices.databases[0]),
};

export const createDone: ConsolePage = {
  method: 'POST',
  path: PATH,
  role: 'admin',
  async answer(visit) {
    const { form: sent, perform } = visit;
    const typed = typedOf(sent);
    const connection = sent.text('connection');
    try {
      const user = await perform(createUser, { ...inputOf(typed), connection, password: sent.exact('password') });
      return { to: userPath(user.id), notice: 'user_created' };
    } catch (error) {
      if (!(error instanceof AdminProblem) || !['invalid', 'conflict'].includes(error.type)) throw error;
      return { ...page(visit, typed, connection, troubleOf(error, Object.keys(LABELS))), status: 422 };
    }
  },
};

const inputOf = (typed: TypedUser) => ({
  username: typed.username.trim(),
  roles: rolesOf(typed),
  ...(typed.name.trim() !== '' && { name: typed.name.trim() }),
  ...(typed.email.trim() !== '' && { email: typed.email.trim() }),
  ...(typed.phone.trim() !== '' && { phone_number: typed.phone.trim() }),
});

function page({ csrf, admin }: Visit, typed: TypedUser, connection: string | undefined, trouble?: Trouble): Shown {
  const { databases } = admin.choices;
  return {
    title: 'Create a user',
    above: [USERS],
    content: html`${summaryOf(trouble, LABELS)}<div class="card"><div class="inside">${form({
      action: PATH,
      csrf,
      hidden: databases.length === 1 ? { connection: databases[0] } : {},
      content: html`${
        databases.length > 1 &&
        selectField({
          name: 'connection',
          label: 'Connection',
          value: connection,
          trouble,
          choices: databases.map((value) => ({ value })),
        })
      }
${personFields(typed, trouble)}
${passwordField(trouble)}`,
      submit: html`<button>Create user</button><a class="button plain" href="/users">Cancel</a>`,
    })}</div></div>`,
  };
}
