/**
 * The operations of a dialect without a framework around them: apps call these for each of their users, so what Koa and a router
 * cost would be most of the work. The steps and the one exit of failures are those of `app.ts`, which answers everything else.
 */
import { Buffer } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { OperationEndpoint } from '../dialects/dialect.ts';
import { endsSoon, finish, takeNoMore } from '../gateway/answer.ts';
import { headOf } from '../gateway/full_lane.ts';
import { atTurnEnd } from '../gateway/turn_end.ts';
import { ProtocolError } from '../model/failure.ts';
import type { OperationName, Operations } from '../model/protocol.ts';
import { type Milliseconds, milliseconds } from '../model/units.ts';
import type { WireRequest, WireResponse } from '../model/wire.ts';
import type { Protocol } from '../oauth/protocol.ts';
import type { AppDependencies } from './app_dependencies.ts';
import type { EndpointState } from './endpoint_context.ts';
import { failureOf } from './failure_of.ts';
import { failurePage } from './failure_page.ts';
import { formPairs } from './form_pairs.ts';
import { type Accepts, BodyTimeout, readBody } from './request_body.ts';

/** One request to one of our own endpoints, as far as its steps must know it; Koa's contexts have this shape too. */
export interface EndpointExchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly method: string;
  readonly state: EndpointState;
}

export interface OperationHandler {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly handler: (exchange: EndpointExchange) => Promise<WireResponse>;
}

export function operationHandler(endpoint: OperationEndpoint, deps: AppDependencies): OperationHandler {
  const { protocol, tokenIssued } = deps;
  const { operation, method, path } = endpoint;
  const handler = async (exchange: EndpointExchange): Promise<WireResponse> => {
    const { state } = exchange;
    state.endpoint = operation;
    const input = endpoint.decode(await wireRequest(exchange, 'form or json', deps));
    const answer = await answerTo(endpoint, input, protocol);
    // Only now that it went well is the client who it said it was.
    if (input && 'credentials' in input) state.client = input.credentials?.id;
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

export async function wireRequest(
  exchange: EndpointExchange,
  accepts: Accepts,
  { bodyTimeout = milliseconds(10_000) }: Pick<AppDependencies, 'bodyTimeout'>,
): Promise<WireRequest> {
  const { path, query, authorization, callerAddress } = exchange.state.own;
  return {
    method: exchange.method,
    path,
    query: formPairs(query.slice(1)),
    body: exchange.method === 'POST' ? await readBody(exchange, accepts, bodyTimeout) : [],
    authorization,
    callerAddress,
  };
}

/** @returns whether this was an operation by its own method, spelled as it is written down; if not, nothing was done. */
export type ServeOperation = (request: IncomingMessage, response: ServerResponse) => boolean;

export function createOperations(handlers: readonly OperationHandler[], deps: AppDependencies): ServeOperation {
  const byTarget = new Map(handlers.map((handler) => [`${handler.method} ${handler.path}`, handler]));
  return (request, response) => {
    const { method = '', url = '' } = request;
    const found = byTarget.get(`${method} ${url}`);
    if (found === undefined) return false;
    const exchange = { req: request, res: response, method, state: begin(request, response, method, deps) };
    void answer(exchange, found.handler, deps);
    return true;
  };
}

/** Reads the head, and reports the exchange when it is over, however it ended. */
export function begin(
  request: IncomingMessage,
  response: ServerResponse,
  method: string,
  { clock, readRequest, report, notes: take }: Pick<AppDependencies, 'clock' | 'readRequest' | 'report' | 'notes'>,
): EndpointState {
  const began = clock.monotonic();
  const own = readRequest(request);
  const notes = take?.(headOf(request));
  const state: EndpointState = { own };
  if (own.refused?.close) takeNoMore(request);
  response.once('close', () => {
    const { endpoint, client, user, refused } = state;
    report({
      requestId: own.requestId,
      method,
      path: own.path,
      route: endpoint,
      client,
      user,
      status: response.writableFinished ? response.statusCode : 499,
      duration: since(began, clock.monotonic()),
      refused,
      notes,
    });
  });
  return state;
}

const since = (began: Milliseconds, now: Milliseconds): Milliseconds => milliseconds(now - began);

/** @throws ProtocolError for what could be read in two ways. */
export function refuseAmbiguous({ own: { refused } }: EndpointState): void {
  if (refused) throw new ProtocolError(refused.code, refused.description, refused);
}

/** The single exit of failures: worded by the dialect, or shown on a page where a person is looking. */
export function failed(
  error: unknown,
  state: EndpointState,
  { dialect, trouble }: AppDependencies,
): { readonly answer: WireResponse; readonly close: boolean | undefined } {
  const { own, page, home } = state;
  const failure = failureOf(error, own.requestId, trouble);
  state.refused = failure.code;
  const worded = dialect.fail(failure, 'endpoint');
  const answer = page ? failurePage(failure, dialect.errors[failure.code], { requestId: own.requestId, home }) : worded;
  return { answer: error instanceof BodyTimeout ? { ...answer, status: 408 } : answer, close: failure.close };
}

async function answer(
  exchange: EndpointExchange,
  handler: OperationHandler['handler'],
  deps: AppDependencies,
): Promise<void> {
  try {
    refuseAmbiguous(exchange.state);
    write(exchange, await handler(exchange));
  } catch (error) {
    const { answer, close } = failed(error, exchange.state, deps);
    write(exchange, answer, close);
  }
}

/** Answers that are written when the turn is over, one right after the other, as those of proxied calls are. */
class TurnAnswers {
  #ready: { readonly res: ServerResponse; readonly body: string; readonly encoding: BufferEncoding }[] = [];

  end(res: ServerResponse, body: string, encoding: BufferEncoding): void {
    if (this.#ready.length === 0) atTurnEnd(this);
    this.#ready.push({ res, body, encoding });
  }

  onTurnEnd(): void {
    const ready = this.#ready;
    this.#ready = [];
    for (const { res, body, encoding } of ready) res.end(body, encoding);
  }
}

const answers = new TurnAnswers();

function write({ req, res, state }: EndpointExchange, { status, headers, body }: WireResponse, close = false): void {
  if (res.destroyed || res.headersSent) return;
  const lines = ['X-Request-Id', state.own.requestId, 'X-Content-Type-Options', 'nosniff'];
  let isKept = true;
  for (const [name, value] of headers) {
    lines.push(name, value);
    if (name.toLowerCase() === 'cache-control') isKept = false;
  }
  if (isKept) lines.push('Cache-Control', 'no-store');
  const length = Buffer.byteLength(body);
  lines.push('Content-Length', String(length));
  const unread = !req.complete && !endsSoon(req);
  if (close || unread) lines.push('Connection', 'close');
  res.writeHead(status, lines);
  if (!unread) {
    // As many bytes as characters: the cheaper way to the same bytes.
    answers.end(res, body, length === body.length ? 'latin1' : 'utf8');
    return;
  }
  res.write(body);
  finish(req, res);
}
