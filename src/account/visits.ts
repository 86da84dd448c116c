import { type BrowserAction, type BrowserAnswer, type BrowserRequest, browserOf } from '../http/browser_action.ts';
import { answerTo } from '../http/browser_answer.ts';
import { requireSameOrigin } from '../http/same_origin.ts';
import type { Clock } from '../model/clock.ts';
import { ProtocolError } from '../model/failure.ts';
import { inSeconds } from '../model/units.ts';
import type { Pair, WireResponse } from '../model/wire.ts';
import type { AuthorizationFlow, Visitor } from '../oauth/authorization_flow.ts';
import { hashToken, sameSecret } from '../tokens/hashing.ts';

/** One request of whoever is signed in. A form has been checked: one of our own pages made this session send it. */
export interface Visit extends Visitor {
  readonly request: BrowserRequest;
  /** What the forms of this session carry. */
  readonly csrf: string;
}

export interface AccountPage {
  readonly name: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Only for whoever has proved a moment ago who they are. */
  readonly recent?: boolean | undefined;
  /** Where whoever has to sign in first is led then, with what was typed if need be; the page itself if absent. */
  readonly back?: ((request: BrowserRequest) => string) | undefined;
  answer(visit: Visit): Promise<WireResponse>;
}

export interface DoorDependencies {
  /** The page to start again at, and below which the sign-in pages stand. */
  readonly home: string;
  readonly flow: Pick<AuthorizationFlow, 'visitor' | 'visit'>;
  readonly clock: Clock;
}

/** Seconds for which a sign-in is a recent one. */
const RECENT = 10 * 60;

/** The one way into the pages: who is there, and for forms, whether it was them who sent it. */
export function createDoor({ home, flow, clock }: DoorDependencies): (page: AccountPage) => BrowserAction {
  return (page) => ({
    name: page.name,
    method: page.method,
    path: page.path,
    home,
    async answer(request): Promise<BrowserAnswer> {
      // 1. No other site sends our forms, whatever else it can do.
      if (page.method === 'POST') requireSameOrigin(request.headers, request.authority);

      // 2. Who is it, and how long ago did they prove it?
      const browser = browserOf(request);
      const visitor = await flow.visitor(browser);
      const back = page.back?.(request) ?? (page.method === 'GET' ? page.path : home);
      if (!visitor) return answerTo(await flow.visit(back, browser), request.secure, home);
      const csrf = csrfOf(browser.session ?? '');
      if (page.method === 'POST') checkForm(request, csrf);
      const isRecent = inSeconds(clock.now()) - visitor.authenticatedAt <= RECENT;
      if (page.recent === true && !isRecent) {
        return answerTo(await flow.visit(back, browser, { again: true }), request.secure, home);
      }

      // 3. The page.
      return { response: await page.answer({ ...visitor, request, csrf }), user: visitor.user.subject };
    },
  });
}

/** Follows from the session's secret, so that no page of another session, before or after, has it. */
const csrfOf = (session: string): string => hashToken(`account form:${session}`);

function checkForm({ body }: BrowserRequest, expected: string): void {
  if (sameSecret(field(body, 'csrf'), expected)) return;
  throw new ProtocolError('access_denied', 'This form is out of date: nothing was changed.');
}

/** The value of a field, empty if it was not sent. @throws ProtocolError `invalid_request` for one that was sent twice. */
export function field(pairs: readonly Pair[], name: string): string {
  const values = fields(pairs, name);
  if (values.length > 1) throw new ProtocolError('invalid_request', `The field "${name}" was sent more than once.`);
  return values[0] ?? '';
}

/** All values of a field that can be chosen several times. */
export const fields = (pairs: readonly Pair[], name: string): readonly string[] =>
  pairs.filter(([key]) => key === name).map(([, value]) => value);
