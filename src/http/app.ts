/**
 * The Koa app for the endpoints of one dialect: its operations and, if it has one, its browser flow.
 * It owns the order of the steps and the one place where failures leave. What a request means is decided in `oauth/`, how it is
 * spelled in the dialect; proxied calls never come here.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Router } from '@koa/router';
import Koa from 'koa';
import type { Dialect, OperationEndpoint } from '../dialects/dialect.ts';
import { isTooLate, takeNoMore } from '../gateway/answer.ts';
import type { Clock } from '../model/clock.ts';
import type { Exchange } from '../model/exchange.ts';
import { ProtocolError } from '../model/failure.ts';
import type { OperationName, Operations } from '../model/protocol.ts';
import { type Milliseconds, milliseconds } from '../model/units.ts';
import type { WireRequest, WireResponse } from '../model/wire.ts';
import type { Protocol } from '../oauth/protocol.ts';
import { type BrowserAction, createBrowserFlow } from './browser_flow.ts';
import { type EndpointContext, type EndpointState, type Step, send } from './endpoint_context.ts';
import { describe, failureOf, type Trouble } from './failure_of.ts';
import { failurePage } from './failure_page.ts';
import { formPairs } from './form_pairs.ts';
import type { ReadOwnRequest } from './own_request.ts';
import { type Accepts, BodyTimeout, readBody } from './request_body.ts';

export interface AppDependencies {
  readonly dialect: Dialect;
  readonly protocol: Protocol;
  readonly clock: Clock;
  readonly readRequest: ReadOwnRequest;
  readonly report: (exchange: Exchange) => void;
  /** Told of every answer that carried new tokens. @param grant its wire value. */
  readonly tokenIssued: (grant: string) => void;
  readonly trouble: Trouble;
  /** How long the body of a request may take to arrive; 10 s by default. */
  readonly bodyTimeout?: Milliseconds | undefined;
}

export interface App {
  /** The exact paths that it answers. */
  readonly paths: readonly string[];
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
}

type Handler = (ctx: EndpointContext) => Promise<WireResponse>;
interface Endpoint {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly handler: Handler;
}

export function createApp(deps: AppDependencies): App {
  const endpoints = deps.dialect.endpoints.flatMap((endpoint): readonly Endpoint[] =>
    endpoint.operation === 'authorize'
      ? createBrowserFlow({ endpoint, flow: deps.protocol.authorization }).map((action) =>
          browserEndpoint(action, deps),
        )
      : [operationEndpoint(endpoint, deps)],
  );
  const app = new Koa<EndpointState>();
  app.silent = true;
  app.on('error', (error: unknown) => deps.trouble('warn', 'answer_failed', describe(error)));

  app.use(reported(deps));
  app.use(failuresLeaveHere(deps));
  app.use(unambiguous);
  app.use(routed(endpoints).routes());

  const callback = app.callback();
  return {
    paths: [...new Set(endpoints.map(({ path }) => path))],
    handle(request, response) {
      if (!isTooLate(request)) void callback(request, response);
    },
  };
}

/** Reads the head, gives the answer its common headers, and reports the exchange when it is over, however it ended. */
function reported({ clock, readRequest, report }: AppDependencies): Step {
  return async (ctx, next) => {
    const began = clock.monotonic();
    const own = readRequest(ctx.req);
    ctx.state.own = own;
    if (own.refused?.close) takeNoMore(ctx.req);
    ctx.set({ 'X-Request-Id': own.requestId, 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' });
    ctx.res.once('close', () => {
      const { endpoint, client, user, refused } = ctx.state;
      report({
        requestId: own.requestId,
        method: ctx.method,
        path: own.path,
        route: endpoint,
        client,
        user,
        status: ctx.res.writableFinished ? ctx.res.statusCode : 499,
        duration: milliseconds(clock.monotonic() - began),
        refused,
      });
    });
    await next();
  };
}

/** The single exit of failures: worded by the dialect, or shown on a page where a person is looking. */
function failuresLeaveHere({ dialect, trouble }: AppDependencies): Step {
  return async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      const { own, page } = ctx.state;
      const failure = failureOf(error, own.requestId, trouble);
      ctx.state.refused = failure.code;
      const worded = dialect.fail(failure, 'endpoint');
      const answer = page ? failurePage(failure, dialect.errors[failure.code], own.requestId) : worded;
      send(ctx, error instanceof BodyTimeout ? { ...answer, status: 408 } : answer, failure.close);
    }
  };
}

/** Refuses what could be read in two ways; from here on the path is the canonical one. */
const unambiguous: Step = async (ctx, next) => {
  const { refused, path } = ctx.state.own;
  if (refused) throw new ProtocolError(refused.code, refused.description, refused);
  ctx.path = path;
  await next();
};

/** Exact paths only: no trailing slash, no other case, no patterns. */
function routed(endpoints: readonly Endpoint[]): Router<EndpointState> {
  const router = new Router<EndpointState>();
  for (const [path, group] of Map.groupBy(endpoints, (endpoint) => endpoint.path)) {
    const exactly = new RegExp(`^${RegExp.escape(path)}$`);
    for (const { method, handler } of group) {
      const answer = async (ctx: EndpointContext): Promise<void> => send(ctx, await handler(ctx));
      if (method === 'GET') router.get(exactly, answer);
      else router.post(exactly, answer);
    }
    const allowed = group.map(({ method }) => (method === 'GET' ? 'GET, HEAD' : method)).join(', ');
    router.all(exactly, () => {
      throw new ProtocolError('method_not_allowed', `Use ${allowed} here.`, { headers: [['Allow', allowed]] });
    });
  }
  router.all(/.*/, () => {
    throw new ProtocolError('not_found', 'There is nothing at this path.');
  });
  return router;
}

function operationEndpoint(endpoint: OperationEndpoint, deps: AppDependencies): Endpoint {
  const { protocol, tokenIssued } = deps;
  const { operation, method, path } = endpoint;
  const handler: Handler = async (ctx) => {
    ctx.state.endpoint = operation;
    const input = endpoint.decode(await wireRequest(ctx, 'form or json', deps));
    const answer = await answerTo(endpoint, input, protocol);
    // Only now that it went well is the client who it said it was.
    if (input && 'credentials' in input) ctx.state.client = input.credentials?.id;
    if (operation === 'token' && input && 'grantType' in input && input.grantType) tokenIssued(input.grantType);
    return answer;
  };
  return { method, path, handler };
}

/** Decodes nothing and decides nothing: the operation of that name, between two translations. */
async function answerTo<O extends OperationName>(
  endpoint: OperationEndpoint<O>,
  input: Operations[O]['input'],
  { operations }: Protocol,
): Promise<WireResponse> {
  return endpoint.encode(await operations[endpoint.operation](input));
}

function browserEndpoint({ name, method, path, answer }: BrowserAction, deps: AppDependencies): Endpoint {
  const handler: Handler = async (ctx) => {
    ctx.state.endpoint = name;
    ctx.state.page = true;
    const { secure, authority } = ctx.state.own;
    const request = { ...(await wireRequest(ctx, 'form', deps)), headers: ctx.req.headers, secure, authority };
    const { response, client, user, refused } = await answer(request);
    Object.assign(ctx.state, { client, user, refused });
    return response;
  };
  return { method, path, handler };
}

async function wireRequest(
  ctx: EndpointContext,
  accepts: Accepts,
  { bodyTimeout = milliseconds(10_000) }: AppDependencies,
): Promise<WireRequest> {
  const { path, query, authorization, callerAddress } = ctx.state.own;
  return {
    method: ctx.method,
    path,
    query: formPairs(query.slice(1)),
    body: ctx.method === 'POST' ? await readBody(ctx, accepts, bodyTimeout) : [],
    authorization,
    callerAddress,
  };
}
