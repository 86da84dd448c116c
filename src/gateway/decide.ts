import type { Clock } from '../model/clock.ts';
import type { CallNotes, Exchange } from '../model/exchange.ts';
import { CorruptRecord, DependencyUnavailable, type Failure } from '../model/failure.ts';
import type { Route } from '../model/route.ts';
import type { AccessToken, TokenRef } from '../model/token.ts';
import { type Milliseconds, seconds } from '../model/units.ts';
import type { WireResponse } from '../model/wire.ts';
import type { Answer, TokenStore } from '../stores/token_store.ts';
import { authorize } from './authorize.ts';
import { readBearer, UNKNOWN_TOKEN } from './bearer.ts';
import { bodyTooLong } from './body_limit.ts';
import { canonicalTarget, isFailure, type Target } from './canonical_target.ts';
import { askedMethod, type Cors } from './cors.ts';
import type { HeaderKinds } from './header_kinds.ts';
import type { Identify } from './identify.ts';
import type { Caller } from './rates.ts';
import { type HeadFacts, type RequestHead, readHead } from './request_head.ts';
import { rewrite } from './rewrite.ts';
import type { Routes } from './routes.ts';
import type { BodyFraming, WrittenLines } from './upstream/exchange.ts';

/** What to send, and under which route. */
export interface Forward {
  readonly route: Route;
  /** Path and query for the upstream, `strip_prefix` and `add_prefix` applied, without the base path of a target. */
  readonly target: string;
  /** Names and values in turn; everything but `Host` and the framing of the body. */
  readonly headers: string[];
  /** The last of them once more, as text; to be dropped by whoever changes the list. */
  readonly ours?: WrittenLines | undefined;
  readonly body: BodyFraming;
  /** Whether the body is a form that must not carry a token (RFC 6750 §2.2 is not supported). */
  readonly scanBody: boolean;
  /** Whether the caller waits for `100 Continue` before it sends the body. */
  readonly expectsContinue: boolean;
  /** The token that lets it pass, and where to ask for it again, for as long as the answer goes on; absent on calls without one. */
  readonly ref?: TokenRef | undefined;
  /** How old what is known of the token may be while the store is away; absent: what the cache allows. */
  readonly staleness?: Milliseconds | undefined;
  readonly record?: AccessToken | undefined;
  /** The same for all calls of one user, else client, else address; only where targets are chosen by it. */
  readonly affinity?: string | undefined;
  /** Whose calls are counted together; only where the route limits them so. */
  readonly caller?: Caller | undefined;
}

/** What the gateway answers itself. */
export interface Reply {
  readonly response: WireResponse;
  readonly failure?: Failure | undefined;
  readonly route?: Route | undefined;
  /** Whether the connection must be closed after the answer. */
  readonly close: boolean;
  /** The class of the error behind it. */
  readonly fault?: string | undefined;
  /** The token that was good, but not good enough. */
  readonly record?: AccessToken | undefined;
}

/** What to answer instead. */
export interface Refusal extends Reply {
  readonly failure: Failure;
}

export interface DecisionFacts {
  readonly requestId: string;
  /** Canonical; empty if the target was refused. */
  readonly path: string;
  /** As in `Exchange`. */
  readonly cache?: Exchange['cache'];
  /** What browsers are told in the answer, whoever gives it: names and values in turn. */
  readonly cors?: readonly string[] | undefined;
  /** For the report. */
  readonly notes?: CallNotes | undefined;
}

/**
 * `noRoute` is a refusal too (404), unless the gateway is mounted inside an app that may have an answer. `reply` is no refusal: a
 * browser that asks before it calls (CORS preflight) is answered here.
 */
export type Decision = DecisionFacts &
  (
    | { readonly forward: Forward }
    | { readonly reply: Reply }
    | { readonly refuse: Refusal }
    | { readonly noRoute: Refusal }
  );

export interface DecideDependencies {
  readonly routes: Routes;
  readonly lookup: TokenStore;
  readonly clock: Clock;
  /** Tells at once of a token that cannot be one of ours and is not cached; absent: the store is asked about every one. */
  readonly isForged?: ((token: string, ref: TokenRef) => boolean) | undefined;
  readonly kindOf: HeaderKinds;
  readonly identify: Identify;
  readonly cors: Cors;
  readonly refuse: (failure: Failure, route?: Route, fault?: unknown) => Refusal;
}

/** Methods a fact that is a little old may still serve while the store is away, where the route allows it. */
const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS'];

/**
 * Makes the decision about a request head, the same for every way in. It knows no socket, changes nothing, and caches nothing:
 * the store in front of it may remember facts about tokens, never what was decided about them.
 */
export function createDecide({ routes, lookup, clock, isForged, kindOf, identify, cors, refuse }: DecideDependencies) {
  return function decide(head: RequestHead): Answer<Decision> {
    // 1. One canonical target, one host, one framing; the route that covers exactly that.
    const target = canonicalTarget(head.target);
    if (isFailure(target)) return refused(head, target);
    const facts = readHead(head, kindOf);
    if (isFailure(facts)) return refused(head, facts);
    const requestId = identify.requestId(head, facts.requestId);
    const here = { requestId, path: target.path };
    if (head.method === 'TRACE' || head.method === 'CONNECT') return { ...here, refuse: refuse(NO_SUCH_METHOD) };
    // A browser that asks before it calls has no token with it, and is told what the configuration says.
    const asked = askedMethod(head.method, facts);
    const askedFor = asked && routes.match(facts.host.name, target.path, asked);
    const response = askedFor && cors.preflight(askedFor, facts.origin);
    if (response) return { ...here, reply: { response, route: askedFor, close: false } };
    const route = routes.match(facts.host.name, target.path, head.method);
    if (route === undefined) return { ...here, noRoute: refuse(NO_ROUTE) };
    const about: DecisionFacts = { requestId, path: target.path, cors: cors.lines(route, facts.origin) };
    if (route.auth === 'none') return pass(about, route, head, facts, target);

    // 2. The bearer token.
    const ref = readBearer(facts, target.query, isForged);
    if (ref === undefined) {
      if (route.auth === 'required') return { ...about, refuse: refuse(NO_TOKEN, route) };
      return pass(about, route, head, facts, target);
    }
    if (isFailure(ref)) return { ...about, refuse: refuse(ref, route) };

    // 3. What is known about it. A store that cannot say is never taken for a "no".
    const conclude = (cache: Exchange['cache'], record: AccessToken | undefined): Decision => {
      // 4. Whether that is enough for this route, judged anew on every request.
      if (record === undefined) return { ...about, cache, refuse: refuse(UNKNOWN_TOKEN, route) };
      const failure = authorize(record, route, head.method, clock.now());
      if (failure !== undefined) return { ...about, cache, refuse: { ...refuse(failure, route), record } };
      // 5. The caller's headers, minus what is ours, plus who is calling.
      return pass(about, route, head, facts, target, cache, ref, staleness, record);
    };
    const unknown = (error: unknown): Decision => ({ ...about, refuse: refuse(outage(error), route, error) });
    const staleness = route.serveCached > 0 && SAFE_METHODS.includes(head.method) ? route.serveCached : undefined;
    try {
      let stale = false;
      const onStale = (): void => {
        stale = true;
      };
      const record = lookup.get('access', ref, staleness, onStale);
      if (!(record instanceof Promise)) return conclude(stale ? 'stale' : 'hit', record);
      return record.then((found) => conclude(stale ? 'stale' : 'miss', found)).catch(unknown);
    } catch (error) {
      return unknown(error);
    }
  };

  function refused(head: RequestHead, failure: Failure): Decision {
    return { requestId: identify.requestId(head, undefined), path: '', refuse: refuse(failure) };
  }

  function pass(
    about: DecisionFacts,
    route: Route,
    head: RequestHead,
    facts: HeadFacts,
    target: Target,
    cache?: Exchange['cache'],
    ref?: TokenRef,
    staleness?: Milliseconds,
    record?: AccessToken,
  ): Decision {
    const { requestId, path, cors } = about;
    if (route.maxBody !== undefined && facts.bodyLength > route.maxBody) {
      return { ...about, cache, refuse: { ...refuse(bodyTooLong(route.maxBody), route), record } };
    }
    const { headers, ours } = identify.headers(head, facts, route, record, requestId);
    const forward = {
      route,
      target: rewrite(target.path, route) + target.query,
      headers,
      ours,
      body: facts.body,
      scanBody: facts.body !== 'none' && facts.isForm && route.auth !== 'none',
      expectsContinue: facts.expectsContinue,
      ref,
      staleness,
      record,
      affinity: route.upstream.balance === 'consistent_hash' ? identify.affinity(head, record) : undefined,
      caller: route.limits?.perClient === undefined ? undefined : identify.caller(head, record),
    };
    // Written out, not spread: nearly every call comes by here.
    return { requestId, path, cors, cache, forward };
  }
}

function outage(error: unknown): Failure {
  if (error instanceof DependencyUnavailable || error instanceof CorruptRecord) {
    const description = 'The token cannot be checked at the moment; try again.';
    return { code: 'temporarily_unavailable', description, retryAfter: seconds(1) };
  }
  return UNFORESEEN;
}

/** What an error that nobody foresaw is to the caller. */
export const UNFORESEEN: Failure = {
  code: 'server_error',
  description: 'Something went wrong here; the request id names it.',
};
const NO_ROUTE: Failure = { code: 'not_found', description: 'No route covers this host, path and method.' };
const NO_SUCH_METHOD: Failure = { code: 'method_not_allowed', description: 'This method is not forwarded.' };
const NO_TOKEN: Failure = {
  code: 'missing_token',
  description: 'This call needs an access token: send "Authorization: Bearer <token>".',
};
