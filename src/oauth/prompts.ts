import { ProtocolError } from '../model/failure.ts';
import type { AuthorizationRequest } from '../model/protocol.ts';
import type { BrowserSession } from '../model/token.ts';
import { type Seconds, seconds } from '../model/units.ts';

/** What an app says about the pages: which must be shown, or that none may be (OpenID Connect Core §3.1.2.1). */
export interface Prompts {
  /** `none`: no page, whatever is missing. */
  readonly silent: boolean;
  /** `login`, `select_account`: whoever is signed in must sign in anew. */
  readonly signInAnew: boolean;
  /** `consent`: ask, even if the user agreed before. */
  readonly askConsent: boolean;
  /** A sign-in that is longer ago does not count. */
  readonly maxAge?: Seconds | undefined;
}

const KNOWN = ['none', 'login', 'consent', 'select_account'];

/** @throws ProtocolError `invalid_request` for values that nobody defined, and for `none` beside others. */
export function checkedPrompts({ prompt, maxAge }: Pick<AuthorizationRequest, 'prompt' | 'maxAge'>): Prompts {
  const values = prompt?.split(' ').filter((value) => value !== '') ?? [];
  if (!values.every((value) => KNOWN.includes(value))) {
    throw new ProtocolError('invalid_request', `Send prompt with any of: ${KNOWN.join(' ')}.`);
  }
  if (values.includes('none') && values.length > 1) {
    throw new ProtocolError('invalid_request', 'Send prompt=none alone, or without none.');
  }
  if (maxAge !== undefined && !/^\d{1,9}$/.test(maxAge)) {
    throw new ProtocolError('invalid_request', 'Send max_age as a number of seconds.');
  }
  return {
    silent: values.includes('none'),
    signInAnew: values.includes('login') || values.includes('select_account'),
    askConsent: values.includes('consent'),
    ...(maxAge !== undefined && { maxAge: seconds(Number(maxAge)) }),
  };
}

/** Whether the sign-in behind a session may not answer this request. */
export function isStale({ signInAnew, maxAge }: Prompts, { authenticatedAt }: BrowserSession, now: Seconds): boolean {
  return signInAnew || (maxAge !== undefined && now - authenticatedAt > maxAge);
}

/** What an app that allowed no page is told instead (OpenID Connect Core §3.1.2.6); spelled as on the wire. */
export const UNSEEN = {
  sign_in: { error: 'login_required', error_description: 'The user must sign in: ask again without prompt=none.' },
  consent: { error: 'consent_required', error_description: 'The user must be asked: ask again without prompt=none.' },
} as const;
