/**
 * The browser's way through an authorization request: which page answers, what the forms send, which cookies bind them together.
 * Outcomes are decided in `oauth/authorization.ts`; a failure here ends on an error page and never redirects.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { BrowserEndpoint, Dialect } from '../dialects/dialect.ts';
import { ProtocolError } from '../model/failure.ts';
import type { Pair, WireRequest, WireResponse } from '../model/wire.ts';
import type { AuthorizationFlow, Browser, Step } from '../oauth/authorization_flow.ts';
import { clearCookie, readCookie, setCookie } from './cookies.ts';
import { PRIVATE, pageHeaders, sourceOf } from './page_headers.ts';
import { consentPage } from './pages/consent.ts';
import { signInPage } from './pages/sign_in.ts';
import { requireSameOrigin } from './same_origin.ts';

export interface BrowserRequest extends WireRequest {
  readonly headers: IncomingHttpHeaders;
  /** Whether the browser came over https. */
  readonly secure: boolean;
  /** The host and port that the browser asked for. */
  readonly authority: string;
  readonly requestId: string;
}

/** An answer, and what the log may say of who it was for. */
export interface BrowserAnswer {
  readonly response: WireResponse;
  readonly client?: string | undefined;
  readonly user?: string | undefined;
  readonly refused?: 'invalid_credentials' | undefined;
}

/** One address of the flow. A `POST` is a form that one of our own pages sent. */
export interface BrowserAction {
  readonly name: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** The page of ours where whoever cannot go on may start again; absent: that is the app's. */
  readonly home?: string | undefined;
  answer(request: BrowserRequest): Promise<BrowserAnswer>;
}

export interface BrowserFlowDependencies {
  readonly endpoint: BrowserEndpoint;
  readonly flow: AuthorizationFlow;
}

/** The pages live beside the authorization endpoint: `/oauth2/authorize` has its form at `/oauth2/sign-in`. */
export function createBrowserFlow({ endpoint, flow }: BrowserFlowDependencies): readonly BrowserAction[] {
  const base = besideEndpoint(endpoint);
  const show = (step: Step, request: BrowserRequest): BrowserAnswer => answerTo(step, request.secure, base);

  return [
    {
      name: 'authorize',
      method: 'GET',
      path: endpoint.path,
      answer: async (request) => show(await flow.begin(endpoint.decode(request), browserOf(request)), request),
    },
    ...signInActions({ base, callback: `${base}/callback`, flow }),
    callbackAction(base, flow),
    {
      name: 'consent',
      method: 'POST',
      path: `${base}/consent`,
      async answer(request) {
        requireSameOrigin(request.headers, request.authority);
        const interaction = parameter(request.body, 'interaction');
        const decision = parameter(request.body, 'decision', 'deny');
        const form = { csrf: parameter(request.body, 'csrf'), allow: decision === 'allow' };
        return show(await flow.consent(interaction, browserOf(request), form), request);
      },
    },
    {
      name: 'sign_out',
      method: 'POST',
      path: `${base}/sign-out`,
      async answer(request) {
        requireSameOrigin(request.headers, request.authority);
        const interaction = parameter(request.body, 'interaction');
        await flow.signOut(interaction, browserOf(request), { csrf: parameter(request.body, 'csrf') });
        // The same request goes on, and asks who is there now.
        const cleared: Pair = ['Set-Cookie', clearCookie('gatehouse_session', request.secure)];
        return { response: seeOther(resumeUrl(base, interaction), [cleared]) };
      },
    },
  ];
}

/** Where outside providers send browsers back to; undefined for a dialect without an authorization endpoint. */
export function callbackBeside({ endpoints }: Pick<Dialect, 'endpoints'>): string | undefined {
  const endpoint = endpoints.find(({ operation }) => operation === 'authorize');
  return endpoint && `${besideEndpoint(endpoint)}/callback`;
}

/** The path that the pages of an authorization endpoint stand below. */
const besideEndpoint = ({ path }: Pick<BrowserEndpoint, 'path'>): string => path.slice(0, path.lastIndexOf('/'));

export interface VisitDependencies {
  /** The path that the pages stand below. */
  readonly base: string;
  /** Where outside providers send browsers back to, if a dialect answers there already: they know that URL. */
  readonly callback?: string | undefined;
  readonly flow: AuthorizationFlow;
}

/** The steps of a sign-in that no app asked for, before a page of ours. */
export function createVisitFlow({ base, callback, flow }: VisitDependencies): readonly BrowserAction[] {
  const own = callback === undefined ? [callbackAction(base, flow)] : [];
  const actions = [...signInActions({ base, callback: callback ?? `${base}/callback`, flow }), ...own];
  return actions.map((action) => ({ ...action, home: base }));
}

interface SignInDependencies extends VisitDependencies {
  readonly callback: string;
}

function callbackAction(base: string, flow: AuthorizationFlow): BrowserAction {
  return {
    name: 'callback',
    method: 'GET',
    path: `${base}/callback`,
    answer: async (request) => answerTo(await flow.comeBack(request.query, browserOf(request)), request.secure, base),
  };
}

/** From the page that asks who is there to the session, in every way there is. */
function signInActions({ base, callback, flow }: SignInDependencies): readonly BrowserAction[] {
  const show = (step: Step, request: BrowserRequest): BrowserAnswer => answerTo(step, request.secure, base);
  return [
    {
      name: 'resume',
      method: 'GET',
      path: `${base}/resume`,
      async answer(request) {
        const interaction = parameter(request.query, 'interaction');
        const refusedBy = parameter(request.query, 'refused_by', '');
        return show(await flow.resume(interaction, browserOf(request), refusedBy), request);
      },
    },
    {
      name: 'sign_in',
      method: 'POST',
      path: `${base}/sign-in`,
      async answer(request) {
        requireSameOrigin(request.headers, request.authority);
        const interaction = parameter(request.body, 'interaction');
        const form = {
          csrf: parameter(request.body, 'csrf'),
          caller: { address: request.callerAddress },
          username: parameter(request.body, 'username', ''),
          password: parameter(request.body, 'password', ''),
          connection: parameter(request.body, 'connection', '') || undefined,
        };
        return show(await flow.signIn(interaction, browserOf(request), form), request);
      },
    },
    {
      name: 'code',
      method: 'POST',
      path: `${base}/code`,
      async answer(request) {
        requireSameOrigin(request.headers, request.authority);
        const interaction = parameter(request.body, 'interaction');
        const form = {
          caller: { address: request.callerAddress },
          csrf: parameter(request.body, 'csrf'),
          connection: parameter(request.body, 'connection'),
          recipient: parameter(request.body, 'recipient', ''),
        };
        return show(await flow.sendCode(interaction, browserOf(request), form), request);
      },
    },
    {
      name: 'provider',
      method: 'POST',
      path: `${base}/provider`,
      async answer(request) {
        requireSameOrigin(request.headers, request.authority);
        const interaction = parameter(request.body, 'interaction');
        const form = {
          csrf: parameter(request.body, 'csrf'),
          connection: parameter(request.body, 'connection'),
          // Where the browser sees us, which is where its cookies are.
          callback: `${request.secure ? 'https' : 'http'}://${request.authority}${callback}`,
        };
        return show(await flow.leave(interaction, browserOf(request), form), request);
      },
    },
  ];
}

/** @param base the path that the forms of the sign-in page go to paths below. */
export function answerTo(step: Step, secure: boolean, base: string): BrowserAnswer {
  switch (step.do) {
    case 'redirect': {
      const cookies: readonly Pair[] =
        step.session === undefined ? [] : [['Set-Cookie', setCookie('gatehouse_session', step.session, secure)]];
      return { response: seeOther(step.to, cookies) };
    }
    case 'resume': {
      const { interaction, session, refusedBy } = step;
      const cookies: readonly Pair[] =
        session === undefined ? [] : [['Set-Cookie', setCookie('gatehouse_session', session, secure)]];
      const refused = refusedBy === undefined ? '' : `&refused_by=${encodeURIComponent(refusedBy)}`;
      return { response: seeOther(resumeUrl(base, interaction) + refused, cookies) };
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

/** 303 and never 307: the next request is a GET, so that a password is not posted on to the app (RFC 9700 §4.12). */
export function seeOther(to: string, cookies: readonly Pair[] = []): WireResponse {
  return { status: 303, headers: [['Location', to], ...PRIVATE, ...cookies], body: '' };
}

function resumeUrl(base: string, interaction: string): string {
  return `${base}/resume?interaction=${encodeURIComponent(interaction)}`;
}

export function browserOf({ headers, secure, callerAddress }: BrowserRequest): Browser {
  return {
    id: readCookie(headers.cookie, 'gatehouse_browser', secure),
    session: readCookie(headers.cookie, 'gatehouse_session', secure),
    userAgent: headers['user-agent'],
    address: callerAddress,
  };
}

/** @throws ProtocolError `invalid_request` when it is repeated, or missing and there is no `otherwise`. */
function parameter(pairs: readonly Pair[], name: string, otherwise?: string): string {
  const values = pairs.filter(([key]) => key === name);
  if (values.length > 1) throw new ProtocolError('invalid_request', `The parameter "${name}" was sent more than once.`);
  const value = values[0]?.[1] ?? otherwise;
  if (value === undefined) {
    throw new ProtocolError(
      'invalid_request',
      `The parameter "${name}" is missing. Go back to the app and start again.`,
    );
  }
  return value;
}
