import { type Html, html } from '../../http/pages/html.ts';

/**
 * What the page after a redirect says of what was done. Only the name of the text travels, in a cookie that is read once, so that
 * nobody can have us say something of their own.
 */
const TEXTS = {
  client_saved: 'The changes are saved.',
  client_disabled: 'The client is disabled. What it held has ended.',
  client_enabled: 'The client is enabled again.',
  client_deleted: 'The client is deleted. What it held has ended.',
  client_exists: 'This client was created already. Its secret was shown then, once.',
  secret_ended: 'The previous secret has stopped working.',
  user_created: 'The user is created.',
  user_saved: 'The changes are saved.',
  user_locked: 'The user is locked, and signed out everywhere.',
  user_unlocked: 'The user is unlocked.',
  user_deleted: 'The user is deleted. What they held has ended.',
  password_set: 'The new password is set.',
  consent_withdrawn: 'The consent is withdrawn, and what the client held of this user has ended.',
  attempts_forgotten: 'The failed attempts are forgotten: this user can try again at once.',
  session_ended: 'The session has ended.',
  device_ended: 'The device is signed out.',
  signed_out_everywhere: 'The user is signed out everywhere.',
  grant_ended: 'The grant and all of its tokens have ended.',
  grants_ended: 'These grants and all of their tokens have ended.',
  token_ended: 'The token has ended.',
  nothing_there: 'There was nothing to end: it had ended already.',
} as const;

export type Notice = keyof typeof TEXTS;

export const isNotice = (name: string | undefined): name is Notice => name !== undefined && Object.hasOwn(TEXTS, name);

export const noticeOf = (notice: Notice): Html =>
  html`<div class="note good" role="status"><p>${TEXTS[notice]}</p></div>`;
