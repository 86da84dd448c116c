/** The way into the console and out of it: a password of a user who has one of the roles. */
import { randomBytes } from 'node:crypto';
import type { Administration } from '../../admin/administration.ts';
import { clearCookie, readCookie, setCookie } from '../../http/cookies.ts';
import { html } from '../../http/pages/html.ts';
import { passwordFields } from '../../http/pages/password_fields.ts';
import type { Actor, AuditEntry } from '../../model/audit.ts';
import type { Clock } from '../../model/clock.ts';
import { ProtocolError } from '../../model/failure.ts';
import { milliseconds } from '../../model/units.ts';
import type { ConsoleSessions } from '../../oauth/console_sessions.ts';
import type { Operators } from '../operators.ts';
import { type Fields, fieldsOf } from './fields.ts';
import { csrfOf, requireOwnForm } from './forgery.ts';
import { leading, PAGE_HEADERS } from './headers.ts';
import { alone } from './layout.ts';
import { type PageReply, type PageRequest, to } from './page.ts';

export const SIGN_IN = '/sign-in';

export interface SignInDependencies {
  readonly operators: Operators;
  readonly sessions: ConsoleSessions;
  readonly administration: () => Administration;
  readonly clock: Clock;
  /** Whether there is a page at a path, for the way back to where somebody wanted to go. */
  readonly isPage: (path: string) => boolean;
}

/** One event of somebody without a role in this time. */
const WINDOW = milliseconds(60_000);

export function createSignIn({ operators, sessions, administration, clock, isPage }: SignInDependencies) {
  const toldNoRole = new Set<string>();
  let window = clock.monotonic();

  /** @param from what was typed before, and what was wrong with it. */
  function show(
    request: PageRequest,
    next: string,
    from: { status?: number; problem?: string; username?: string } = {},
  ) {
    const { status = 200, problem, username } = from;
    const { secure, headers } = request;
    const known = readCookie(headers.cookie, 'gatehouse_console_form', secure);
    const cookie = known ?? randomBytes(24).toString('base64url');
    const failed = problem !== undefined;
    const body = alone({
      title: failed ? 'Problem: Sign in' : 'Sign in',
      content: html`<h1>Sign in to the console</h1>
<p class="quiet">for administrators and auditors</p>
${failed && html`<div class="note bad" role="alert" id="problem"><p>${problem}</p></div>`}
<form class="fields" method="post" action="${SIGN_IN}">
<input type="hidden" name="csrf" value="${csrfOf(cookie)}">
<input type="hidden" name="next" value="${next}">
${passwordFields({ username, failed })}
<button>Sign in</button>
</form>`,
    });
    const set = setCookie('gatehouse_console_form', cookie, secure);
    return { status, headers: [...PAGE_HEADERS, ['Set-Cookie', set] as const], body };
  }

  async function signIn(request: PageRequest): Promise<PageReply> {
    const form = fieldsOf(request.body);
    const next = pathOf(form);
    const { headers, secure, callerAddress } = request;
    // A page that has been open since before the cookie was cleared is no attack: it comes back with what was typed.
    const cookie = readCookie(headers.cookie, 'gatehouse_console_form', secure);
    requireOwnForm(request, form, cookie ?? '');
    const [username, password] = [form.exact('username'), form.exact('password')];
    const again = (problem: string, status = 422) => show(request, next, { status, problem, username });
    if (username === '' || password === '') return again('Type your username and your password.');

    const proven = await operators
      .prove({ username, password, caller: { address: callerAddress }, door: 'console' })
      .catch((error) => {
        if (error instanceof ProtocolError && error.failure.code === 'too_many_attempts') return error;
        throw error;
      });
    if (proven instanceof ProtocolError) return again(proven.failure.description, 429);
    if (proven === undefined) return again('Wrong username or password: check both and try again.');
    const actor: Actor = { kind: 'user', id: proven.subject, name: proven.username };
    const operator = await operators.current(proven);
    if (operator === undefined) {
      await noRole(request, actor);
      return again('You may not use the console: somebody with the role admin has to give you a role first.', 403);
    }
    const former = readCookie(headers.cookie, 'gatehouse_console', secure);
    const from = { userAgent: headers['user-agent'], address: callerAddress };
    const session = await sessions.begin(operator.user, former, from);
    await audit(request, actor, 'console.sign_in', 'done');
    const cookies = [
      setCookie('gatehouse_console', session, secure),
      // The next sign-in in this browser gets a form of its own.
      clearCookie('gatehouse_console_form', secure),
    ];
    return { status: 303, headers: leading(next, cookies), body: '', user: operator.user.subject };
  }

  async function signOut(request: PageRequest, actor: Actor): Promise<PageReply> {
    const { secure, headers } = request;
    await sessions.end(readCookie(headers.cookie, 'gatehouse_console', secure));
    if (administration().mayNote(actor)) await audit(request, actor, 'console.sign_out', 'done');
    return { status: 303, headers: leading(SIGN_IN, [clearCookie('gatehouse_console', secure)]), body: '' };
  }

  /** Only a page of ours, whatever a link to the form said. */
  function pathOf(fields: Fields): string {
    const wanted = fields.exact('next');
    if (!/^\/(?![/\\])[\x21-\x7e]*$/.test(wanted) || wanted.includes('\\')) return '/';
    const [path = '/', query] = wanted.split('?', 2);
    if (!isPage(path) || path === SIGN_IN) return '/';
    return query === undefined ? path : `${path}?${query}`;
  }

  /** Whoever has a password and no role could come as often as they like: told once in a while. */
  async function noRole(request: PageRequest, actor: Actor): Promise<void> {
    const now = clock.monotonic();
    if (now - window >= WINDOW) toldNoRole.clear();
    if (toldNoRole.size === 0) window = now;
    if (toldNoRole.has(actor.id)) return;
    toldNoRole.add(actor.id);
    await audit(request, actor, 'console.sign_in', 'refused');
  }

  async function audit(
    { callerAddress, requestId }: PageRequest,
    actor: Actor,
    action: string,
    outcome: AuditEntry['outcome'],
  ) {
    const at = clock.now();
    await administration().audit.append({
      at,
      actor,
      via: 'console',
      action,
      outcome,
      address: callerAddress,
      requestId,
    });
  }

  return {
    show: (request: PageRequest) => show(request, pathOf(fieldsOf(request.query))),
    signIn,
    signOut,
  };
}

/** Where somebody who is not signed in is led, and from there back. */
export const signInFor = ({ method, path, query }: PageRequest): string => {
  if (method === 'POST' || path === '/') return SIGN_IN;
  const pairs = query.length === 0 ? '' : `?${new URLSearchParams(query.map(([name, value]) => [name, value]))}`;
  return to(SIGN_IN, { next: path + pairs });
};
