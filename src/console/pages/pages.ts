/** Every page of the console behind one door: who asks, may they, and how what came of it is shown. */
import type { Administration } from '../../admin/administration.ts';
import type { By, Role } from '../../admin/operation.ts';
import { perform } from '../../admin/perform.ts';
import { AdminProblem } from '../../admin/problem.ts';
import { clearCookie, readCookie, setCookie } from '../../http/cookies.ts';
import { failureOf, type Trouble } from '../../http/failure_of.ts';
import { html } from '../../http/pages/html.ts';
import type { Clock } from '../../model/clock.ts';
import type { ConsoleSessions } from '../../oauth/console_sessions.ts';
import { ALL_ASSETS } from '../assets.ts';
import type { Operators } from '../operators.ts';
import { ALL_PAGES } from './all_pages.ts';
import { fieldsOf } from './fields.ts';
import { csrfOf, isOfThis, requireOurOrigin, requireOwnForm } from './forgery.ts';
import { ASSET_HEADERS, leading, PAGE_HEADERS } from './headers.ts';
import { alone, shell } from './layout.ts';
import { NAVIGATION } from './navigation.ts';
import { isNotice, noticeOf } from './notices.ts';
import type { Outcome, PageReply, PageRequest, Shown, Visit } from './page.ts';
import { problemPage } from './problem_page.ts';
import { createSignIn, SIGN_IN, signInFor } from './sign_in.ts';

export interface Pages {
  /** Whether a canonical path is one of a page or of a file that pages load. */
  has(path: string): boolean;
  /** The methods that a path takes. */
  methods(path: string): readonly string[];
  /** Never rejects: what goes wrong is shown. @param request for a path that this has, with a method that it takes. */
  answer(request: PageRequest): Promise<PageReply>;
}

export interface PagesDependencies {
  readonly operators: Operators;
  readonly sessions: ConsoleSessions;
  readonly administration: () => Administration;
  /** The terms that whoever creates a client agrees to, if there are any to read. */
  readonly termsUrl: () => string | undefined;
  readonly clock: Clock;
  readonly trouble: Trouble;
}

/** Somebody who is signed in, and the value of the cookie that says so. */
interface SignedIn {
  readonly by: By;
  readonly cookie: string;
}

export function createPages(deps: PagesDependencies): Pages {
  const { operators, sessions, administration, clock, trouble } = deps;
  const assets = new Map(ALL_ASSETS.map((asset) => [asset.path, asset]));
  const byTarget = new Map(ALL_PAGES.map((page) => [`${page.method} ${page.path}`, page]));
  const paths = new Set(ALL_PAGES.filter(({ method }) => method === 'GET').map(({ path }) => path));
  const home = NAVIGATION.find(({ path }) => paths.has(path))?.path ?? '/';
  const isPage = (path: string): boolean => paths.has(path) || path === '/';
  const signIn = createSignIn({ operators, sessions, administration, clock, isPage });

  function methods(path: string): readonly string[] {
    if (path === SIGN_IN) return ['GET', 'POST'];
    if (path === '/sign-out') return ['POST'];
    return ['GET', 'POST'].filter(
      (method) => byTarget.has(`${method} ${path}`) || (method === 'GET' && (assets.has(path) || path === '/')),
    );
  }

  async function answer(request: PageRequest): Promise<PageReply> {
    // 1. Files are for everybody: there is nothing of anybody in them.
    const asset = assets.get(request.path);
    if (asset)
      return { status: 200, headers: [['Content-Type', asset.contentType], ...ASSET_HEADERS], body: asset.text };
    let signedIn: SignedIn | undefined;
    try {
      // 2. Who is this, and what may they do now?
      if (request.path === SIGN_IN) {
        return request.method === 'POST' ? await signIn.signIn(request) : signIn.show(request);
      }
      signedIn = await who(request);
      if (request.method === 'POST') requireOurOrigin(request);
      if (!signedIn) {
        if (request.method === 'POST' && request.path !== '/sign-out') return over();
        return { status: 303, headers: leading(signInFor(request)), body: '' };
      }
      // 3. The form must be from a page of this session. One of an earlier session comes back, and nothing is done.
      const form = fieldsOf(request.body);
      const isStale = request.method === 'POST' && !isOfThis(form, signedIn.cookie);
      if (request.path === '/sign-out') {
        requireOwnForm(request, form, signedIn.cookie);
        return await signIn.signOut(request, signedIn.by.actor);
      }
      // 4. The page itself.
      return await page(request, signedIn, isStale);
    } catch (error) {
      return failed(error, request, signedIn);
    }
  }

  /** The session of the browser's cookie, if the user of it still has a role. */
  async function who(request: PageRequest): Promise<SignedIn | undefined> {
    const { method, path, headers, secure, callerAddress: address, requestId } = request;
    const byItself = byTarget.get(`${method} ${path}`)?.byItself === true;
    const cookie = readCookie(headers.cookie, 'gatehouse_console', secure);
    const session = await sessions.find(cookie, { byItself });
    const operator = session && (await operators.current(session.user));
    if (!cookie || !session) return undefined;
    if (!operator) {
      // Whoever gets the role back later signs in again.
      await sessions.end(cookie);
      return undefined;
    }
    const { user, role } = operator;
    const actor = { kind: 'user', id: user.subject, name: user.name ?? user.username } as const;
    return { cookie, by: { actor, role, via: 'console', address, requestId } };
  }

  async function page(request: PageRequest, signedIn: SignedIn, isStale: boolean): Promise<PageReply> {
    const found = byTarget.get(`${request.method} ${request.path}`);
    if (!found && request.path === '/') return { status: 303, headers: leading(home), body: '' };
    if (!found) throw new AdminProblem('not_found', 'There is no such page.');
    if (!suffices(signedIn.by.role, found.role)) {
      if (request.method === 'POST') await noteRefused(request, signedIn.by);
      throw new AdminProblem('forbidden', `This needs the role ${found.role}, and yours is ${signedIn.by.role}.`);
    }
    const admin = administration();
    const visit: Visit = {
      ...signedIn,
      admin,
      query: fieldsOf(request.query),
      form: fieldsOf(request.body),
      csrf: csrfOf(signedIn.cookie),
      isAdmin: signedIn.by.role === 'admin',
      termsUrl: deps.termsUrl(),
      async perform(operation, input) {
        if (isStale && operation.method !== 'GET') throw stale();
        return perform(admin, operation, input, signedIn.by);
      },
    };
    return reply(await found.answer(visit), request, signedIn);
  }

  /** No page gives an auditor such a form: somebody tried. */
  async function noteRefused({ path }: PageRequest, { actor, via, role, address, requestId }: By): Promise<void> {
    if (!administration().mayNote(actor)) return;
    const what = { action: 'console.refused', outcome: 'refused', detail: { path, role } } as const;
    await administration().audit.append({ at: clock.now(), actor, via, ...what, address, requestId });
  }

  function reply(outcome: Outcome, request: PageRequest, signedIn: SignedIn): PageReply {
    const user = signedIn.by.actor.id;
    const { secure, headers } = request;
    if ('to' in outcome) {
      const { to, notice } = outcome;
      const cookies =
        notice === undefined ? [] : [`${setCookie('gatehouse_console_notice', notice, secure)}; Max-Age=60`];
      return { status: 303, headers: leading(to, cookies), body: '', user };
    }
    if ('headers' in outcome) return { ...outcome, user };
    // What was done before is said once, and only where it led to.
    const notice =
      request.method === 'GET' ? readCookie(headers.cookie, 'gatehouse_console_notice', secure) : undefined;
    const cookies: readonly (readonly [string, string])[] =
      notice === undefined ? [] : [['Set-Cookie', clearCookie('gatehouse_console_notice', secure)]];
    return {
      status: outcome.status ?? 200,
      headers: [...PAGE_HEADERS, ...cookies],
      body: document(outcome, request, signedIn, notice),
      user,
    };
  }

  function document(shown: Shown, { path }: PageRequest, { by, cookie }: SignedIn, notice?: string): string {
    const said = isNotice(notice) ? noticeOf(notice) : undefined;
    return shell({ shown, path, paths, notice: said, visit: { by, csrf: csrfOf(cookie) } });
  }

  function failed(error: unknown, request: PageRequest, signedIn: SignedIn | undefined): PageReply {
    const shown = problemPage(
      error instanceof AdminProblem ? error : failureOf(error, request.requestId, trouble),
      request.requestId,
    );
    if (signedIn) return reply(shown, request, signedIn);
    const body = alone({
      title: shown.title,
      content: html`<h1>${shown.title}</h1>${shown.content}<p><a href="${SIGN_IN}">Sign in to the console</a></p>`,
    });
    return { status: shown.status ?? 500, headers: PAGE_HEADERS, body };
  }

  return { has: (path) => methods(path).length > 0, methods, answer };
}

/** What pages take like any other input that is not right: they show the form again, as it was typed. */
const stale = () =>
  new AdminProblem(
    'invalid',
    'This form is from an earlier sign-in, and nothing was done. Look at it and send it again.',
  );

/** For a form that came too late. It is still in the browser, which sends it again when this page is reloaded. */
function over(): PageReply {
  const body = alone({
    title: 'Your sign-in is over',
    content: html`<h1>Your sign-in is over</h1>
<p>What you typed was not sent in vain: <a href="${SIGN_IN}" target="_blank">sign in in another tab</a>, come back to this one and reload it. The form then comes back as you typed it.</p>`,
  });
  return { status: 403, headers: PAGE_HEADERS, body };
}

const suffices = (role: Role, needed: Role = 'auditor'): boolean => role === 'admin' || role === needed;
