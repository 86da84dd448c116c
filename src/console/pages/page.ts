/**
 * The console's pages: what operators see of the operations, as HTML that works without script. A page reads what was typed, has
 * `admin/` do it, and shows what came of it; it decides nothing, and knows neither Koa nor sockets.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Administration } from '../../admin/administration.ts';
import type { By, Operation, Role } from '../../admin/operation.ts';
import type { Html } from '../../http/pages/html.ts';
import type { Pair } from '../../model/wire.ts';
import type { Fields } from './fields.ts';
import type { Notice } from './notices.ts';

/** A request to a page, as `app.ts` read it. */
export interface PageRequest {
  readonly method: string;
  /** The canonical path. */
  readonly path: string;
  readonly query: readonly Pair[];
  /** The pairs of a form that was sent. */
  readonly body: readonly Pair[];
  readonly headers: IncomingHttpHeaders;
  /** Whether the browser came over https. */
  readonly secure: boolean;
  /** The host and port that the browser asked for. */
  readonly authority: string;
  readonly callerAddress: string;
  readonly requestId: string;
}

/** An answer, and what the log may say of who it was for. */
export interface PageReply {
  readonly status: number;
  readonly headers: readonly Pair[];
  readonly body: string | AsyncIterable<string>;
  readonly user?: string | undefined;
}

/** Somebody who is signed in and may see the page, asking for it. */
export interface Visit {
  readonly query: Fields;
  readonly form: Fields;
  readonly by: By;
  readonly admin: Administration;
  /** Belongs into every form. */
  readonly csrf: string;
  /** Whether they may change things; auditors see no buttons. */
  readonly isAdmin: boolean;
  /** The terms that whoever creates a client agrees to. */
  readonly termsUrl?: string | undefined;
  /** @throws AdminProblem, DependencyUnavailable */
  perform<Input, Output>(operation: Operation<Input, Output>, input: unknown): Promise<Output>;
}

/** A page inside the shell. */
export interface Shown {
  readonly title: string;
  /** Beside the heading. */
  readonly badge?: Html | false | undefined;
  /** Below the heading. */
  readonly intro?: Html | string | false | undefined;
  /** The way back: where each page above this one is. */
  readonly above?: readonly { readonly title: string; readonly to: string }[] | undefined;
  /** Buttons beside the heading. */
  readonly actions?: Html | false | undefined;
  readonly content: Html;
  /** 200 unless told otherwise. */
  readonly status?: number | undefined;
  /** Further script and style of this page, as paths of assets. */
  readonly scripts?: readonly string[] | undefined;
  readonly styles?: readonly string[] | undefined;
}

/** Leads on to another page of ours, after a form was done (303). */
export interface Led {
  readonly to: string;
  readonly notice?: Notice | undefined;
}

export type Outcome = Shown | Led | PageReply;

/** One address of the console. A `POST` is a form that one of our own pages sent: its origin and its token were checked. */
export interface ConsolePage {
  readonly method: 'GET' | 'POST';
  /** Exactly; which one of many it is about stands in the query, because ids may be anything. */
  readonly path: string;
  /** The least that is needed; `auditor` unless told otherwise. Whoever has less gets a page that says so. */
  readonly role?: Role | undefined;
  /** Script of ours asks for it again and again: that keeps nobody signed in who has gone. */
  readonly byItself?: boolean | undefined;
  /** @throws AdminProblem, which is shown; ProtocolError, DependencyUnavailable. */
  answer(visit: Visit): Promise<Outcome>;
}

/** A path of ours with a query. */
export function to(path: string, query: Readonly<Record<string, string | undefined>> = {}): string {
  const pairs = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return pairs.length === 0 ? path : `${path}?${new URLSearchParams(pairs)}`;
}
