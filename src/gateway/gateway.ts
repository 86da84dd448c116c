import type { Clock } from '../model/clock.ts';
import type { Failure } from '../model/failure.ts';
import type { IdentityHeaders, Route } from '../model/route.ts';
import type { TokenRef } from '../model/token.ts';
import type { WireResponse } from '../model/wire.ts';
import type { CounterStore } from '../stores/counter_store.ts';
import type { Answer, TokenStore } from '../stores/token_store.ts';
import { createCors } from './cors.ts';
import { createDecide, type Decision, type Forward, type Refusal } from './decide.ts';
import { trustedProxies } from './forwarded.ts';
import { headerKinds } from './header_kinds.ts';
import { createIdentify } from './identify.ts';
import { type Admission, createLimits, type Limits } from './limits.ts';
import type { RequestHead } from './request_head.ts';
import { compileRoutes } from './routes.ts';

/*
 * This room owns the hot path: which route covers a call, whether its token lets it pass, what the upstream sees of it, and
 * carrying it there and back. It must not issue or change tokens, word an error by itself (the dialect of the route does), or
 * know Koa. Everything up to the decision is a function of a request head; only full_lane.ts and what it uses touches sockets.
 */

export interface GatewayDependencies {
  readonly routes: readonly Route[];
  /** Where tokens are looked up: a store, or the cache in front of it. */
  readonly lookup: TokenStore;
  /** Tells at once of a token that cannot be one of ours and is not cached; absent: the store is asked about every one. */
  readonly isForged?: ((token: string, ref: TokenRef) => boolean) | undefined;
  readonly counters: CounterStore;
  /** What counts calls, if it is to outlive this gateway. */
  readonly limits?: Limits | undefined;
  readonly clock: Clock;
  readonly identityHeaders: IdentityHeaders;
  /** CIDR ranges whose `X-Forwarded-*` and `X-Request-Id` are believed. */
  readonly trustedProxies: readonly string[];
  /** How failures are worded on a route that speaks this dialect. */
  readonly refusalFor: (dialect: string) => (failure: Failure) => WireResponse;
}

export interface Gateway {
  /** Decides what happens to a request; at once if the token is known, later if the store must be asked. Never throws. */
  decide(head: RequestHead): Answer<Decision>;
  /** As `decide`, also for routes without an upstream: the proxy that asks carries the call itself. */
  judge(head: RequestHead): Answer<Decision>;
  /** Counts a call that was decided to go on against the limits of its route. */
  admit(forward: Forward): Answer<Admission | Refusal>;
  /** Words a failure that came up after the decision (an upstream that is away), in the dialect of the route. */
  refuse(failure: Failure, route?: Route, fault?: unknown): Refusal;
}

/** Whose words are used where no route says: the standard's. */
const DEFAULT_DIALECT = 'oauth2';

export function createGateway(deps: GatewayDependencies): Gateway {
  const kindOf = headerKinds(deps.identityHeaders);
  const isTrusted = trustedProxies(deps.trustedProxies);
  const identify = createIdentify({ names: deps.identityHeaders, kindOf, isTrusted });
  const limits = deps.limits ?? createLimits(deps);

  function refuse(failure: Failure, route?: Route, fault?: unknown): Refusal {
    const response = deps.refusalFor(route?.dialect ?? DEFAULT_DIALECT)(failure);
    return {
      failure,
      response,
      route,
      close: failure.close === true,
      fault: fault === undefined ? undefined : nameOf(fault),
    };
  }

  function verdict(forward: Forward, admitted: Admission | Failure): Admission | Refusal {
    if (!('code' in admitted)) return admitted;
    const refusal = refuse(admitted, forward.route);
    return {
      ...refusal,
      response: { ...refusal.response, status: forward.route.limits?.status ?? refusal.response.status },
      record: forward.record,
    };
  }

  const judge = createDecide({
    ...deps,
    routes: compileRoutes(deps.routes),
    kindOf,
    identify,
    cors: createCors(),
    refuse,
  });
  const askedOnly = (decision: Decision): Decision => {
    if (!('forward' in decision) || decision.forward.route.upstream.targets.length > 0) return decision;
    const { requestId, path, forward } = decision;
    return { requestId, path, refuse: { ...refuse(NO_UPSTREAM, forward.route), record: forward.record } };
  };
  // Only with such a route does a call pay for looking.
  const decide = deps.routes.every(({ upstream }) => upstream.targets.length > 0)
    ? judge
    : (head: RequestHead): Answer<Decision> => {
        const decision = judge(head);
        return decision instanceof Promise ? decision.then(askedOnly) : askedOnly(decision);
      };

  return {
    decide,
    judge,
    admit(forward) {
      const { route, ref, caller } = forward;
      // A call without a token has nothing to be counted on, unless its route counts callers too.
      if (ref === undefined && caller === undefined) return UNCOUNTED;
      const admitted = limits.admit(route, ref?.hash, caller);
      return admitted instanceof Promise
        ? admitted.then((later) => verdict(forward, later))
        : verdict(forward, admitted);
    },
    refuse,
  };
}

const UNCOUNTED: Admission = { headers: [], release: () => {} };

const NO_UPSTREAM: Failure = {
  code: 'not_found',
  description: 'This call has no upstream here: the proxy in front carries it, once it has asked for a verdict.',
};

/** Names the class of an error, or its code, and nothing that it says. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
