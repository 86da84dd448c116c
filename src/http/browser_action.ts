import type { IncomingHttpHeaders } from 'node:http';
import { ProtocolError } from '../model/failure.ts';
import type { Pair, WireRequest, WireResponse } from '../model/wire.ts';
import type { Browser } from '../oauth/authorization_flow.ts';
import { readCookie } from './cookies.ts';
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

/** What a form of a page of the flow sent. */
export interface SentForm {
  readonly request: BrowserRequest;
  readonly browser: Browser;
  readonly interaction: string;
  readonly csrf: string;
  /** @throws ProtocolError as `parameter`. */
  field(name: string, otherwise?: string): string;
}

/** The address of such a form: nothing of it is read if another site had the browser send it. */
export function formAction(
  name: string,
  path: string,
  answer: (form: SentForm) => Promise<BrowserAnswer>,
): BrowserAction {
  return {
    name,
    method: 'POST',
    path,
    async answer(request) {
      requireSameOrigin(request.headers, request.authority);
      const field: SentForm['field'] = (key, otherwise) => parameter(request.body, key, otherwise);
      const [interaction, csrf] = [field('interaction'), field('csrf')];
      return answer({ request, browser: browserOf(request), interaction, csrf, field });
    },
  };
}

/** What of a request tells one browser from another. */
export function browserOf({ headers, secure, callerAddress }: BrowserRequest): Browser {
  return {
    id: readCookie(headers.cookie, 'gatehouse_browser', secure),
    session: readCookie(headers.cookie, 'gatehouse_session', secure),
    userAgent: headers['user-agent'],
    address: callerAddress,
  };
}

/** @throws ProtocolError `invalid_request` when it is repeated, or missing and there is no `otherwise`. */
export function parameter(pairs: readonly Pair[], name: string, otherwise?: string): string {
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
