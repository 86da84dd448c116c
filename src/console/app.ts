/**
 * The console and the admin API as one Koa app, behind everything that the admin listener answers itself. It reads requests as
 * strictly as the main listener, knows which of the two a request is for, and is the one place where failures become answers. What
 * operators can do is in `admin/`; who they are, `oauth/` proves.
 */
import type { RequestListener } from 'node:http';
import { isIP } from 'node:net';
import { Readable } from 'node:stream';
import Koa from 'koa';
import type { Administration } from '../admin/administration.ts';
import type { AnyOperation } from '../admin/operation.ts';
import { operations as allOperations } from '../admin/operations.ts';
import type { AppDependencies } from '../http/app_dependencies.ts';
import { type EndpointState, type Step, send } from '../http/endpoint_context.ts';
import { describe, type Trouble } from '../http/failure_of.ts';
import { formPairs } from '../http/form_pairs.ts';
import { segmentsOf } from '../http/id_target.ts';
import { begin, refuseAmbiguous } from '../http/operations.ts';
import type { ReadOwnRequest } from '../http/own_request.ts';
import type { Wording } from '../http/raw_answer.ts';
import { readBody } from '../http/request_body.ts';
import type { Clock } from '../model/clock.ts';
import type { AdminSettings } from '../model/config.ts';
import type { Exchange } from '../model/exchange.ts';
import { type Milliseconds, milliseconds } from '../model/units.ts';
import type { WireResponse } from '../model/wire.ts';
import type { SignInDesk } from '../oauth/sign_in.ts';
import type { TokenStore } from '../stores/token_store.ts';
import { type ApiAnswer, createApi } from './api/api.ts';
import { createAuthenticate } from './api/authentication.ts';
import { createOnce } from './api/idempotency.ts';
import { API } from './api/openapi.ts';
import { problemPage, shownProblem } from './api/problem_pages.ts';
import {
  ApiProblem,
  PROBLEM_JSON,
  PROBLEMS,
  problemHeaders,
  problemJson,
  problemOf,
  problemOfCode,
  type ToldProblem,
} from './api/problems.ts';
import { createOperatorOfToken } from './api/token_operator.ts';
import { createOperators } from './operators.ts';
import type { PageRequest } from './pages/page.ts';
import type { Pages } from './pages/pages.ts';

export interface ConsoleDependencies {
  /** Those of the configuration that runs; as everything that is a function here, asked anew for each request. */
  readonly settings: () => Pick<AdminSettings, 'host' | 'publicUrl' | 'bearerScope' | 'console'>;
  readonly administration: () => Administration;
  readonly desk: () => SignInDesk;
  /** The store itself, not what a cache remembers of it. */
  readonly store: Pick<TokenStore, 'get' | 'put' | 'take' | 'claim'>;
  readonly serverSecret: () => string | undefined;
  /** Without it there is the API alone. */
  readonly pages?: Pages | undefined;
  readonly readRequest: ReadOwnRequest;
  readonly clock: Clock;
  /** Notes what is wanted of a request that has just come. */
  readonly notes?: AppDependencies['notes'];
  readonly report: (exchange: Exchange) => void;
  readonly trouble: Trouble;
  /** All of them unless told otherwise. */
  readonly operations?: readonly AnyOperation[] | undefined;
  /** How long a body may take to arrive; 10 s by default. */
  readonly bodyTimeout?: Milliseconds | undefined;
}

const API_SEGMENTS = segmentsOf(API);

/** Answers everything that comes to the admin listener and is not its own. */
export function createConsole(deps: ConsoleDependencies): RequestListener {
  const { settings, administration, desk, store, serverSecret, pages, clock, trouble } = deps;
  const { operations = allOperations, bodyTimeout = milliseconds(10_000) } = deps;
  const operators = createOperators(desk);
  const clients = () => administration().clients;
  const operatorOfToken = createOperatorOfToken({ store, desk, clients, settings });
  const api = createApi({
    operations,
    administration,
    authenticate: createAuthenticate({ operators, operatorOfToken }),
    once: createOnce({ store, clock, serverSecret }),
    bodyTimeout,
  });

  const app = new Koa<EndpointState>();
  app.silent = true;
  app.on('error', (error: unknown) => trouble('warn', 'answer_failed', describe(error)));

  /** Reads the head, gives the answer its common headers, and reports the request when it is over, however it ended. */
  const reported: Step = async (ctx, next) => {
    ctx.state = begin(ctx.req, ctx.res, ctx.method, deps);
    const { requestId } = ctx.state.own;
    ctx.set({ 'X-Request-Id': requestId, 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' });
    await next();
  };

  const failuresLeaveHere: Step = async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      const { own } = ctx.state;
      const problem = problemOf(error, own.requestId, trouble);
      ctx.state.refused = PROBLEMS[problem.type].code;
      const isPage = !isApi(own.path) && ctx.accepts('json', 'html') === 'html';
      send(ctx, isPage ? shownProblem(problem, own.requestId) : asJson(problem, own.requestId), problem.close);
    }
  };

  /** What can be read in two ways is refused, and so is what was sent to a name that is not ours. */
  const forUs: Step = async (ctx, next) => {
    refuseAmbiguous(ctx.state);
    if (!isOurName(ctx.state.own.authority, settings())) {
      const detail = 'Use the address of the admin listener, localhost, or the name in admin.public_url.';
      throw new ApiProblem('misdirected', detail, { close: true });
    }
    await next();
  };

  const answered: Step = async (ctx) => {
    const { own } = ctx.state;
    if (isApi(own.path)) {
      const segments = segmentsOf(own.path).slice(API_SEGMENTS.length);
      const note = (about: Pick<EndpointState, 'endpoint' | 'user'>) => void Object.assign(ctx.state, about);
      sendAny(ctx, await api({ req: ctx.req, res: ctx.res, method: ctx.method, segments, own, note }));
      return;
    }
    const problem = ctx.method === 'GET' || ctx.method === 'HEAD' ? problemPage(own.path) : undefined;
    if (problem) {
      ctx.state.endpoint = 'problem';
      send(ctx, problem);
      return;
    }
    if (!pages || !settings().console || !pages.has(own.path)) {
      throw new ApiProblem('not_found', `There is nothing at this path; the API is at ${API}.`);
    }
    const method = ctx.method === 'HEAD' ? 'GET' : ctx.method;
    const methods = pages.methods(own.path);
    if (!methods.includes(method)) {
      const allowed = methods.flatMap((each) => (each === 'GET' ? ['GET', 'HEAD'] : each)).join(', ');
      throw new ApiProblem('method_not_allowed', `Use ${allowed} here.`, { headers: [['Allow', allowed]] });
    }
    ctx.state.endpoint = 'console';
    const body = method === 'POST' ? await readBody(ctx, 'form', bodyTimeout) : [];
    const reply = await pages.answer(pageRequest(ctx, method, body));
    ctx.state.user = reply.user;
    sendAny(
      ctx,
      typeof reply.body === 'string' ? { ...reply, body: reply.body } : { ...reply, body: Readable.from(reply.body) },
    );
  };

  app.use(reported).use(failuresLeaveHere).use(forUs).use(answered);
  const callback = app.callback();
  return (request, response) => void callback(request, response);
}

function pageRequest(ctx: Parameters<Step>[0], method: string, body: PageRequest['body']): PageRequest {
  const { path, query, secure, authority, callerAddress, requestId } = ctx.state.own;
  const { headers } = ctx.req;
  return { method, path, query: formPairs(query.slice(1)), body, headers, secure, authority, callerAddress, requestId };
}

/** The words of the answers to what made no request. */
export const problemWording: Wording = ({ code, description: detail }, requestId) => ({
  contentType: PROBLEM_JSON,
  body: problemJson({ type: problemOfCode(code), detail }, requestId),
});

function asJson(problem: ToldProblem, requestId: string): WireResponse {
  return {
    status: PROBLEMS[problem.type].status,
    headers: [['Content-Type', PROBLEM_JSON], ...problemHeaders(problem)],
    body: problemJson(problem, requestId),
  };
}

function sendAny(ctx: Parameters<Step>[0], { body, ...head }: ApiAnswer): void {
  if (typeof body === 'string') {
    send(ctx, { ...head, body });
    return;
  }
  send(ctx, { ...head, body: '' });
  ctx.body = body;
}

const isApi = (path: string): boolean => path === API || path.startsWith(`${API}/`);

/**
 * Whether a request was sent to a name that belongs to us. A page of somebody else can be at a name that leads here (DNS rebinding),
 * and the browser would let it read our answers; it cannot be at an IP address, nor at localhost.
 */
function isOurName(authority: string, { host, publicUrl }: Pick<AdminSettings, 'host' | 'publicUrl'>): boolean {
  const name = authority.replace(/:\d+$/, '');
  if (name.startsWith('[') || isIP(name) === 4) return true;
  if (name === 'localhost' || name.endsWith('.localhost') || name === host.toLowerCase()) return true;
  return publicUrl !== undefined && URL.parse(publicUrl)?.hostname === name;
}
