import { createUser } from '../../../admin/users.ts';
import { html } from '../../../http/pages/html.ts';
import { formPages } from '../parts/form_pages.ts';
import { selectField } from '../parts/forms.ts';
import { LABELS, NOBODY, passwordField, personFields, rolesOf, type TypedUser, typedOf } from './form.ts';
import { USERS, userPath } from './list.ts';

interface Typed {
  readonly person: TypedUser;
  readonly connection: string | undefined;
}

export const [createForm, createDone] = formPages<void, Typed>({
  path: '/users/create',
  labels: LABELS,
  load: async () => {},
  first: (_, { admin }) => ({ person: NOBODY, connection: admin.choices.databases[0] }),
  read: (sent) => ({ person: typedOf(sent), connection: sent.text('connection') }),
  async save({ form, perform }, { person, connection }) {
    const user = await perform(createUser, { ...inputOf(person), connection, password: form.exact('password') });
    return { to: userPath(user.id), notice: 'user_created' };
  },
  conflict: 422,
  show({ visit, typed: { person, connection }, trouble }) {
    const { databases } = visit.admin.choices;
    return {
      title: 'Create a user',
      above: [USERS],
      hidden: databases.length === 1 ? { connection: databases[0] } : {},
      fields: html`${
        databases.length > 1 &&
        selectField({
          name: 'connection',
          label: 'Connection',
          value: connection,
          trouble,
          choices: databases.map((value) => ({ value })),
        })
      }
${personFields(person, trouble)}
${passwordField(trouble)}`,
      button: html`<button>Create user</button>`,
      back: USERS.to,
    };
  },
});

const inputOf = (typed: TypedUser) => ({
  username: typed.username.trim(),
  roles: rolesOf(typed),
  ...(typed.name.trim() !== '' && { name: typed.name.trim() }),
  ...(typed.email.trim() !== '' && { email: typed.email.trim() }),
  ...(typed.phone.trim() !== '' && { phone_number: typed.phone.trim() }),
});
