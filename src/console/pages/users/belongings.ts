import {
  deleteDevice,
  deleteSession,
  forgetConsent,
  resetAttempts,
  signOutEverywhere,
} from '../../../admin/user_belongings.ts';
import { getUser } from '../../../admin/users.ts';
import { html } from '../../../http/pages/html.ts';
import type { Fields } from '../fields.ts';
import type { Notice } from '../notices.ts';
import type { ConsolePage, Visit } from '../page.ts';
import { confirmation } from '../parts/confirmation.ts';
import { USERS, userPath } from './list.ts';

/** One button of a user's page, which comes back to it. */
const button = (
  path: string,
  notice: Notice,
  run: (perform: Visit['perform'], form: Fields) => Promise<unknown>,
): ConsolePage => ({
  method: 'POST',
  path,
  role: 'admin',
  async answer({ form, perform }) {
    await run(perform, form);
    return { to: userPath(form.needed('id')), notice };
  },
});

export const endSession = button('/users/end-session', 'session_ended', (perform, form) =>
  perform(deleteSession, { id: form.needed('id'), session: form.needed('session') }),
);
export const endDevice = button('/users/end-device', 'device_ended', (perform, form) =>
  perform(deleteDevice, { id: form.needed('id'), device: form.needed('device') }),
);
export const withdrawConsent = button('/users/withdraw-consent', 'consent_withdrawn', (perform, form) =>
  perform(forgetConsent, { id: form.needed('id'), client: form.needed('client') }),
);
export const forgetAttempts = button('/users/reset-attempts', 'attempts_forgotten', (perform, form) =>
  perform(resetAttempts, { username: form.needed('username'), connection: form.needed('connection') }),
);
export const signOutDone = button('/users/sign-out', 'signed_out_everywhere', (perform, form) =>
  perform(signOutEverywhere, { id: form.needed('id') }),
);

export const signOutForm: ConsolePage = {
  method: 'GET',
  path: '/users/sign-out',
  role: 'admin',
  async answer({ query, perform, csrf }) {
    const user = await perform(getUser, { id: query.needed('id') });
    return {
      title: 'Sign out everywhere',
      above: [USERS, { title: user.username, to: userPath(user.id) }],
      content: confirmation({
        action: '/users/sign-out',
        csrf,
        hidden: { id: user.id },
        says: html`<p>Every grant and every browser session of <strong><bdi>${user.username}</bdi></strong> ends now, on all devices. They can sign in again.</p>`,
        button: 'Sign out everywhere',
        back: userPath(user.id),
      }),
    };
  },
};
