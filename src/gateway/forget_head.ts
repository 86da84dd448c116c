/**
 * A call whose answer goes on and on keeps what is still asked when it ends, and nothing else of its request: the token would lie in
 * memory for as long as the stream is open.
 */
import type { IncomingMessage } from 'node:http';
import type { DecisionFacts } from './decide.ts';

/** A request, also one over HTTP/2, whose head may be taken away. */
type Forgetful = { -readonly [Name in 'rawHeaders' | 'headers' | 'url']?: IncomingMessage[Name] };

/** Lets go of a request's head but for what its end is framed by. */
export function forgetHead(request: IncomingMessage): void {
  const { te, expect, 'content-length': length, 'transfer-encoding': coding } = request.headers;
  const rest: Forgetful = request;
  rest.headers = { te, expect, 'content-length': length, 'transfer-encoding': coding };
  rest.rawHeaders = [];
  rest.url = '';
}

/** What the report needs, as texts of its own: a part of a string keeps the whole of it alive, here a head with the token in it. */
export function factsAlone({ requestId, path, cache, notes }: DecisionFacts): DecisionFacts {
  const { caller, ...others } = notes ?? {};
  const own = structuredClone({ requestId, path, caller });
  return { requestId: own.requestId, path: own.path, cache, notes: notes && { ...others, caller: own.caller } };
}
