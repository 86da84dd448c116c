import { AdminProblem } from '../../../admin/problem.ts';
import type { UserView } from '../../../admin/user_view.ts';
import { deleteUser, getUser, lockUser, resetPassword, unlockUser, updateUser } from '../../../admin/users.ts';
import { html } from '../../../http/pages/html.ts';
import type { ConsolePage, Shown, Visit } from '../page.ts';
import { confirmation } from '../parts/confirmation.ts';
import { boxField, form, summaryOf, type Trouble, troubleOf } from '../parts/forms.ts';
import { LABELS, passwordField, personFields, rolesOf, type TypedUser, typedFrom, typedOf } from './form.ts';
import { USERS, userPath } from './list.ts';

const EDIT = '/users/edit';
const PASSWORD = '/users/password';
const LOCK = '/users/lock';
const DELETE = '/users/delete';

const above = ({ id, username }: UserView) => [USERS, { title: username, to: userPath(id) }];
const userOf = ({ query, perform }: Visit): Promise<UserView> => perform(getUser, { id: query.needed('id') });

export const editForm: ConsolePage = {
  method: 'GET',
  path: EDIT,
  role: 'admin',
  async answer(visit) {
    const user = await userOf(visit);
    return editPage(visit, user, typedFrom(user));
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
      await perform(updateUser, { id, revision: sent.needed('revision'), ...inputOf(typed) });
      return { to: userPath(id), notice: 'user_saved' };
    } catch (error) {
      if (!(error instanceof AdminProblem) || !['invalid', 'conflict'].includes(error.type)) throw error;
      // With the revision of now: whoever sends it again has been told that somebody else was there.
      const user = await perform(getUser, { id });
      const status = error.type === 'conflict' ? 409 : 422;
      return { ...editPage(visit, user, typed, troubleOf(error, Object.keys(LABELS))), status };
    }
  },
};

const inputOf = (typed: TypedUser) => ({
  username: typed.username.trim(),
  name: typed.name.trim() || null,
  email: typed.email.trim() || null,
  phone_number: typed.phone.trim() || null,
  roles: rolesOf(typed),
});

function editPage({ csrf }: Visit, user: UserView, typed: TypedUser, trouble?: Trouble): Shown {
  return {
    title: 'Edit the user',
    above: above(user),
    content: html`${summaryOf(trouble, LABELS)}<div class="card"><div class="inside">${form({
      action: EDIT,
      csrf,
      hidden: { id: user.id, revision: user.revision },
      content: personFields(typed, trouble),
      submit: html`<button>Save</button><a class="button plain" href="${userPath(user.id)}">Cancel</a>`,
    })}</div></div>`,
  };
}

export const passwordForm: ConsolePage = {
  method: 'GET',
  path: PASSWORD,
  role: 'admin',
  answer: async (visit) => passwordPage(visit, await userOf(visit), false),
};

export const passwordDone: ConsolePage = {
  method: 'POST',
  path: PASSWORD,
  role: 'admin',
  async answer(visit) {
    const { form: sent, perform } = visit;
    const id = sent.needed('id');
    const keep = sent.isTicked('keep_sessions');
    try {
      await perform(resetPassword, { id, password: sent.exact('password'), keep_sessions: keep });
      return { to: userPath(id), notice: 'password_set' };
    } catch (error) {
      if (!(error instanceof AdminProblem) || error.type !== 'invalid') throw error;
      const user = await perform(getUser, { id });
      return { ...passwordPage(visit, user, keep, troubleOf(error, ['password', 'keep_sessions'])), status: 422 };
    }
  },
};

function passwordPage({ csrf }: Visit, user: UserView, keep: boolean, trouble?: Trouble): Shown {
  return {
    title: 'Set a new password',
    above: above(user),
    content: html`${summaryOf(trouble, LABELS)}<div class="card"><div class="inside">${form({
      action: PASSWORD,
      csrf,
      hidden: { id: user.id },
      content: html`${passwordField(trouble, true)}
${boxField({
  name: 'keep_sessions',
  label: 'Leave them signed in',
  hint: 'Else all grants and sessions of this user end: whoever knew the old password may hold one.',
  ticked: keep,
  trouble,
})}`,
      submit: html`<button>Set password</button><a class="button plain" href="${userPath(user.id)}">Cancel</a>`,
    })}</div></div>`,
  };
}

export const lockForm: ConsolePage = {
  method: 'GET',
  path: LOCK,
  role: 'admin',
  async answer(visit) {
    const user = await userOf(visit);
    return {
      title: 'Lock the user',
      above: above(user),
      content: confirmation({
        action: LOCK,
        csrf: visit.csrf,
        hidden: { id: user.id },
        says: html`<p><strong><bdi>${user.username}</bdi></strong> is signed out everywhere now, and cannot sign in until they are unlocked.</p>`,
        button: 'Lock',
        back: userPath(user.id),
      }),
    };
  },
};

export const lockDone: ConsolePage = {
  method: 'POST',
  path: LOCK,
  role: 'admin',
  async answer({ form: sent, perform }) {
    const id = sent.needed('id');
    await perform(lockUser, { id });
    return { to: userPath(id), notice: 'user_locked' };
  },
};

export const unlockDone: ConsolePage = {
  method: 'POST',
  path: '/users/unlock',
  role: 'admin',
  async answer({ form: sent, perform }) {
    const id = sent.needed('id');
    await perform(unlockUser, { id });
    return { to: userPath(id), notice: 'user_unlocked' };
  },
};

export const deleteForm: ConsolePage = {
  method: 'GET',
  path: DELETE,
  role: 'admin',
  answer: async (visit) => deletePage(visit, await userOf(visit)),
};

export const deleteDone: ConsolePage = {
  method: 'POST',
  path: DELETE,
  role: 'admin',
  async answer(visit) {
    const { form: sent, perform } = visit;
    const user = await perform(getUser, { id: sent.needed('id') });
    const typed = sent.exact('typed');
    if (typed.trim() !== user.username) {
      const problem = new AdminProblem('invalid', 'The username is another one.', [
        { path: 'typed', message: 'type the username exactly as it is written here' },
      ]);
      return { ...deletePage(visit, user, { typed, trouble: troubleOf(problem, ['typed']) }), status: 422 };
    }
    await perform(deleteUser, { id: user.id });
    return { to: '/users', notice: 'user_deleted' };
  },
};

function deletePage({ csrf }: Visit, user: UserView, before?: { typed: string; trouble: Trouble }): Shown {
  return {
    title: 'Delete the user',
    above: above(user),
    content: html`${summaryOf(before?.trouble, { typed: 'Username' })}${confirmation({
      action: DELETE,
      csrf,
      hidden: { id: user.id },
      says: html`<p><strong><bdi>${user.username}</bdi></strong> is removed for good. Their grants and sessions end now, and what they agreed to is forgotten.</p>`,
      typed: { expected: user.username, value: before?.typed, trouble: before?.trouble },
      button: 'Delete this user',
      back: userPath(user.id),
    })}`,
  };
}
