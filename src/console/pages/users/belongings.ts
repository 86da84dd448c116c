import {
  deleteDevice,
  deleteSession,
  forgetConsent,
  resetAttempts,
  signOutEverywhere,
} from '../../../admin/user_belongings.ts';
import { html } from '../../../http/pages/html.ts';
import { asked, pressed } from '../parts/asked.ts';
import { USER, userPath } from './list.ts';

export const endSession = pressed('/users/end-session', userPath, 'session_ended', (perform, form) =>
  perform(deleteSession, { id: form.needed('id'), session: form.needed('session') }),
);
export const endDevice = pressed('/users/end-device', userPath, 'device_ended', (perform, form) =>
  perform(deleteDevice, { id: form.needed('id'), device: form.needed('device') }),
);
export const withdrawConsent = pressed('/users/withdraw-consent', userPath, 'consent_withdrawn', (perform, form) =>
  perform(forgetConsent, { id: form.needed('id'), client: form.needed('client') }),
);
export const forgetAttempts = pressed('/users/reset-attempts', userPath, 'attempts_forgotten', (perform, form) =>
  perform(resetAttempts, { username: form.needed('username'), connection: form.needed('connection') }),
);
export const signOutDone = pressed('/users/sign-out', userPath, 'signed_out_everywhere', (perform, form) =>
  perform(signOutEverywhere, { id: form.needed('id') }),
);

export const signOutForm = asked(USER, {
  path: '/users/sign-out',
  title: 'Sign out everywhere',
  says: ({ username }) =>
    html`<p>Every grant and every browser session of <strong><bdi>${username}</bdi></strong> ends now, on all devices. They can sign in again.</p>`,
  button: 'Sign out everywhere',
});
