/**
 * The endpoints of one dialect: its operations (`operations.ts`) and, if it has one, its browser flow, or pages of ours beside it, in a
 * Koa app that also answers whatever else comes to their paths. What a request means is decided in `oauth/`, how it is spelled in the dialect;
 * proxied calls never come here.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Router } from '@koa/router';
import Koa from 'koa';
import { isTooLate } from '../gateway/answer.ts';
import { ProtocolError } from '../model/failure.ts';
import type { WireResponse } from '../model/wire.ts';
import type { AppDependencies } from './app_dependencies.ts';
import type { BrowserAction } from './browser_action.ts';
import { createBrowserFlow } from './browser_flow.ts';
import { type EndpointContext, type EndpointState, type Step, send } from './endpoint_context.ts';
import { describe } from './failure_of.ts';
import {
  begin,
  createOperations,
  failed,
  type OperationHandler,
  operationHandler,
  refuseAmbiguous,
  wireRequest,
} from './operations.ts';

export interface App {
  /** The exact paths that it answers. */
  readonly paths: readonly string[];
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
}

interface Endpoint {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly handler: (ctx: EndpointContext) => Promise<WireResponse>;
}

export function createApp(deps: AppDependencies): App {
  const operations: OperationHandler[] = [];
  const pages = (deps.pages ?? []).map((action) => browserEndpoint(action, deps));
  for (const endpoint of deps.dialect.endpoints) {
    if (endpoint.operation !== 'authorize') operations.push(operationHandler(endpoint, deps));
    else {
      const actions = createBrowserFlow({ endpoint, flow: deps.protocol.authorization });
      pages.push(...actions.map((action) => browserEndpoint(action, deps)));
    }
  }
  const endpoints = [...operations, ...pages];
  const serve = createOperations(operations, deps);
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
      if (isTooLate(request) || serve(request, response)) return;
      void callback(request, response);
    },
  };
}

/** Reads the head, gives the answer its common headers, and reports the exchange when it is over, however it ended. */
function reported(deps: AppDependencies): Step {
  return async (ctx, next) => {
    ctx.state = begin(ctx.req, ctx.res, ctx.method, deps);
    const { requestId } = ctx.state.own;
    ctx.set({ 'X-Request-Id': requestId, 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' });
    await next();
  };
}

function failuresLeaveHere(deps: AppDependencies): Step {
  return async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      const { answer, close } = failed(error, ctx.state, deps);
      send(ctx, answer, close);
    }
  };
}

/** From here on the path is the canonical one. */
const unambiguous: Step = async (ctx, next) => {
  refuseAmbiguous(ctx.state);
  ctx.path = ctx.state.own.path;
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

function browserEndpoint({ name, method, path, home, answer }: BrowserAction, deps: AppDependencies): Endpoint {
  const handler: Endpoint['handler'] = async (ctx) => {
    ctx.state.endpoint = name;
    ctx.state.page = true;
    ctx.state.home = home;
    const { secure, authority, requestId } = ctx.state.own;
    const wire = await wireRequest(ctx, 'form', deps);
    const request = { ...wire, headers: ctx.req.headers, secure, authority, requestId };
    const { response, client, user, refused } = await answer(request);
    Object.assign(ctx.state, { client, user, refused });
    return response;
  };
  return { method, path, handler };
}
