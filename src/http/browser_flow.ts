/**
 * The browser's way through an authorization request: its addresses, and what the forms of the pages send. Outcomes are decided in
 * `oauth/authorization.ts`; a failure here ends on an error page and never redirects.
 */
import type { BrowserEndpoint, Dialect } from '../dialects/dialect.ts';
import type { Pair } from '../model/wire.ts';
import type { AuthorizationFlow, Step } from '../oauth/authorization_flow.ts';
import {
  type BrowserAction,
  type BrowserAnswer,
  type BrowserRequest,
  browserOf,
  formAction,
  parameter,
} from './browser_action.ts';
import { answerTo, resumeUrl, seeOther } from './browser_answer.ts';
import { clearCookie } from './cookies.ts';

export interface BrowserFlowDependencies {
  readonly endpoint: BrowserEndpoint;
  readonly flow: AuthorizationFlow;
}

/** The pages live beside the authorization endpoint: `/oauth2/authorize` has its form at `/oauth2/sign-in`. */
export function createBrowserFlow({ endpoint, flow }: BrowserFlowDependencies): readonly BrowserAction[] {
  const base = besideEndpoint(endpoint);
  const show = showing(base);
  return [
    {
      name: 'authorize',
      method: 'GET',
      path: endpoint.path,
      answer: async (request) => show(await flow.begin(endpoint.decode(request), browserOf(request)), request),
    },
    ...signInActions({ base, callback: `${base}/callback`, flow }),
    callbackAction(base, flow),
    formAction('consent', `${base}/consent`, async ({ request, browser, interaction, csrf, field }) => {
      const form = { csrf, allow: field('decision', 'deny') === 'allow' };
      return show(await flow.consent(interaction, browser, form), request);
    }),
    formAction('sign_out', `${base}/sign-out`, async ({ request, browser, interaction, csrf }) => {
      await flow.signOut(interaction, browser, { csrf });
      // The same request goes on, and asks who is there now.
      const cleared: Pair = ['Set-Cookie', clearCookie('gatehouse_session', request.secure)];
      return { response: seeOther(resumeUrl(base, interaction), [cleared]) };
    }),
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

const showing =
  (base: string) =>
  (step: Step, { secure }: BrowserRequest): BrowserAnswer =>
    answerTo(step, secure, base);

function callbackAction(base: string, flow: AuthorizationFlow): BrowserAction {
  return {
    name: 'callback',
    method: 'GET',
    path: `${base}/callback`,
    answer: async (request) => showing(base)(await flow.comeBack(request.query, browserOf(request)), request),
  };
}

interface SignInDependencies extends VisitDependencies {
  readonly callback: string;
}

/** From the page that asks who is there to the session, in every way there is. */
function signInActions({ base, callback, flow }: SignInDependencies): readonly BrowserAction[] {
  const show = showing(base);
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
    formAction('sign_in', `${base}/sign-in`, async ({ request, browser, interaction, csrf, field }) => {
      const form = {
        csrf,
        caller: { address: request.callerAddress },
        username: field('username', ''),
        password: field('password', ''),
        connection: field('connection', '') || undefined,
      };
      return show(await flow.signIn(interaction, browser, form), request);
    }),
    formAction('code', `${base}/code`, async ({ request, browser, interaction, csrf, field }) => {
      const form = {
        csrf,
        caller: { address: request.callerAddress },
        connection: field('connection'),
        recipient: field('recipient', ''),
      };
      return show(await flow.sendCode(interaction, browser, form), request);
    }),
    formAction('provider', `${base}/provider`, async ({ request, browser, interaction, csrf, field }) => {
      const form = {
        csrf,
        connection: field('connection'),
        // Where the browser sees us, which is where its cookies are.
        callback: `${request.secure ? 'https' : 'http'}://${request.authority}${callback}`,
      };
      return show(await flow.leave(interaction, browser, form), request);
    }),
  ];
}
