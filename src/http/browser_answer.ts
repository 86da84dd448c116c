import type { Pair, WireResponse } from '../model/wire.ts';
import type { Step } from '../oauth/authorization_flow.ts';
import type { BrowserAnswer } from './browser_action.ts';
import { setCookie } from './cookies.ts';
import { PRIVATE, pageHeaders, sourceOf } from './page_headers.ts';
import { consentPage } from './pages/consent.ts';
import { signInPage } from './pages/sign_in.ts';

/**
 * A step of the flow as a page or a redirect, with its cookies.
 * @param base the path that the forms of the sign-in page go to paths below.
 */
export function answerTo(step: Step, secure: boolean, base: string): BrowserAnswer {
  switch (step.do) {
    case 'redirect':
      return { response: seeOther(step.to, sessionCookie(step.session, secure)) };
    case 'resume': {
      const { interaction, session, refusedBy } = step;
      const refused = refusedBy === undefined ? '' : `&refused_by=${encodeURIComponent(refusedBy)}`;
      return { response: seeOther(resumeUrl(base, interaction) + refused, sessionCookie(session, secure)) };
    }
    case 'sign_in': {
      const { interaction, csrf, client, redirectUri, choices, sent, problem, username } = step;
      const body = signInPage({
        action: `${base}/sign-in`,
        codeAction: `${base}/code`,
        providerAction: `${base}/provider`,
        startUrl: resumeUrl(base, interaction),
        choices,
        sent,
        interaction,
        csrf,
        clientName: client?.name,
        again: step.again,
        problem,
        username,
      });
      const browser: Pair = ['Set-Cookie', setCookie('gatehouse_browser', step.browser, secure)];
      const origins = choices.providers.map(({ origin }) => sourceOf(origin));
      const destination = redirectUri === undefined ? undefined : sourceOf(redirectUri);
      const headers = [...pageHeaders(destination, ...origins), browser];
      // 401 would need a challenge (RFC 9110 §15.5.2) that no browser could answer with this form.
      const failed = problem === undefined ? undefined : 'invalid_credentials';
      return { response: { status: failed ? 422 : 200, headers, body }, client: client?.id, refused: failed };
    }
    case 'consent': {
      const { interaction, csrf, client, user, scopes, redirectUri } = step;
      const destination = sourceOf(redirectUri);
      const body = consentPage({
        action: `${base}/consent`,
        signOutAction: `${base}/sign-out`,
        interaction,
        csrf,
        clientName: client.name,
        clientDescription: client.description,
        userName: user.name ?? user.username,
        userDetail: user.email ?? (user.name === undefined ? undefined : user.username),
        scopes,
        destination: destination?.replace(/:$/, '') ?? redirectUri,
      });
      const response = { status: 200, headers: pageHeaders(destination), body };
      return { response, client: client.id, user: user.subject };
    }
  }
}

function sessionCookie(session: string | undefined, secure: boolean): readonly Pair[] {
  return session === undefined ? [] : [['Set-Cookie', setCookie('gatehouse_session', session, secure)]];
}

/** 303 and never 307: the next request is a GET, so that a password is not posted on to the app (RFC 9700 §4.12). */
export function seeOther(to: string, cookies: readonly Pair[] = []): WireResponse {
  return { status: 303, headers: [['Location', to], ...PRIVATE, ...cookies], body: '' };
}

/** Where a browser goes on with its request by a GET. */
export function resumeUrl(base: string, interaction: string): string {
  return `${base}/resume?interaction=${encodeURIComponent(interaction)}`;
}
