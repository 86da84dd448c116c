import { deleteUser, lockUser, resetPassword, unlockUser, updateUser } from '../../../admin/users.ts';
import { html } from '../../../http/pages/html.ts';
import { aboveOf, asked, deletion, pressed } from '../parts/asked.ts';
import { formPages } from '../parts/form_pages.ts';
import { boxField } from '../parts/forms.ts';
import { LABELS, passwordField, personFields, rolesOf, type TypedUser, typedFrom, typedOf } from './form.ts';
import { USER, userPath } from './list.ts';

export const [editForm, editDone] = formPages({
  path: '/users/edit',
  labels: LABELS,
  load: USER.load,
  first: typedFrom,
  read: typedOf,
  async save({ form, perform }, typed) {
    const id = form.needed('id');
    await perform(updateUser, { id, revision: form.needed('revision'), ...inputOf(typed) });
    return { to: userPath(id), notice: 'user_saved' };
  },
  conflict: 409,
  show: ({ about: user, typed, trouble }) => ({
    title: 'Edit the user',
    above: aboveOf(USER, user),
    hidden: { id: user.id, revision: user.revision },
    fields: personFields(typed, trouble),
    button: html`<button>Save</button>`,
    back: userPath(user.id),
  }),
});

const inputOf = (typed: TypedUser) => ({
  username: typed.username.trim(),
  name: typed.name.trim() || null,
  email: typed.email.trim() || null,
  phone_number: typed.phone.trim() || null,
  roles: rolesOf(typed),
});

/** The password itself is not shown again. */
export const [passwordForm, passwordDone] = formPages({
  path: '/users/password',
  labels: { password: 'Password', keep_sessions: 'Leave them signed in' },
  load: USER.load,
  first: () => ({ keep: false }),
  read: (sent) => ({ keep: sent.isTicked('keep_sessions') }),
  async save({ form, perform }, { keep }) {
    const id = form.needed('id');
    await perform(resetPassword, { id, password: form.exact('password'), keep_sessions: keep });
    return { to: userPath(id), notice: 'password_set' };
  },
  show: ({ about: user, typed: { keep }, trouble }) => ({
    title: 'Set a new password',
    above: aboveOf(USER, user),
    hidden: { id: user.id },
    fields: html`${passwordField(trouble, true)}
${boxField({
  name: 'keep_sessions',
  label: 'Leave them signed in',
  hint: 'Else all grants and sessions of this user end: whoever knew the old password may hold one.',
  ticked: keep,
  trouble,
})}`,
    button: html`<button>Set password</button>`,
    back: userPath(user.id),
  }),
});

const LOCK = '/users/lock';
export const lockForm = asked(USER, {
  path: LOCK,
  title: 'Lock the user',
  says: ({ username }) =>
    html`<p><strong><bdi>${username}</bdi></strong> is signed out everywhere now, and cannot sign in until they are unlocked.</p>`,
  button: 'Lock',
});
export const lockDone = pressed(LOCK, userPath, 'user_locked', (perform, form) =>
  perform(lockUser, { id: form.needed('id') }),
);
export const unlockDone = pressed('/users/unlock', userPath, 'user_unlocked', (perform, form) =>
  perform(unlockUser, { id: form.needed('id') }),
);

export const [deleteForm, deleteDone] = deletion(USER, {
  path: '/users/delete',
  title: 'Delete the user',
  says: ({ username }) =>
    html`<p><strong><bdi>${username}</bdi></strong> is removed for good. Their grants and sessions end now, and what they agreed to is forgotten.</p>`,
  button: 'Delete this user',
  notice: 'user_deleted',
  run: (perform, { id }) => perform(deleteUser, { id }),
});
