import type { Exchange } from '../model/exchange.ts';
import type { Failure } from '../model/failure.ts';
import type { IdentityHeaders, Route } from '../model/route.ts';
import type { Milliseconds } from '../model/units.ts';
import type { Pair, WireResponse } from '../model/wire.ts';
import type { Answer } from '../stores/token_store.ts';
import { asksAsNginx, readAskedRequest, type Way } from './asked_request.ts';
import { isFailure } from './canonical_target.ts';
import type { Decision, DecisionFacts, Forward, Refusal } from './decide.ts';
import { exchangeOf } from './exchange_course.ts';
import { trustedProxies } from './forwarded.ts';
import type { Gateway } from './gateway.ts';
import { DEFAULT_IDENTITY_HEADERS, headerKinds } from './header_kinds.ts';
import type { RequestHead } from './request_head.ts';

export interface ForwardAuthDependencies {
  readonly gateway: Gateway;
  readonly identityHeaders: IdentityHeaders;
  /** CIDR ranges of the proxies that may ask. None: only those on this machine. */
  readonly trustedProxies: readonly string[];
}

/** What the asking proxy is told, and what the log is. */
export interface Verdict {
  readonly response: WireResponse;
  /** @param status what the asking proxy was sent. @param duration in milliseconds, from its question to the last byte of the answer. */
  exchange(status: number, duration: Milliseconds): Exchange;
}

/** Answers a proxy that asks about a call which it carries itself. Never throws. */
export type ForwardAuth = (asking: RequestHead) => Answer<Verdict>;

/** Who may ask where the configuration names nobody. */
const THIS_MACHINE = ['127.0.0.0/8', '::1'];

/** What Envoy takes out of a call that may pass: what the gateway itself would not forward, and Envoy passes on unseen. */
const ENVOY_REMOVES =
  'x-http-method-override, x-http-method, x-method-override, x-original-url, x-original-uri, x-original-method, x-rewrite-url, proxy';

/**
 * Owns the answers to forward auth: the same decision as for a call that is proxied, told as a verdict. It must not let anybody
 * but a trusted proxy say which call is meant, and leaves no identity header out of a good verdict, so that what the caller
 * sent under its name is overwritten.
 */
export function createForwardAuth(deps: ForwardAuthDependencies): ForwardAuth {
  const { gateway, identityHeaders } = deps;
  const kindOf = headerKinds(identityHeaders);
  const mayAsk = trustedProxies(deps.trustedProxies.length > 0 ? deps.trustedProxies : THIS_MACHINE);
  const names = identityNames(identityHeaders);
  const lowerNames = new Set(names.map((name) => name.toLowerCase()));
  const requestIdName = identityHeaders.requestId ?? DEFAULT_IDENTITY_HEADERS.requestId;
  const rateOnly = new WeakMap<Route, Route>();

  /** A place among the calls under way cannot be held: nobody tells when the call is over. */
  function countable(forward: Forward): Forward {
    const { route } = forward;
    if (route.limits?.concurrent === undefined) return forward;
    const counted = rateOnly.get(route) ?? { ...route, limits: { ...route.limits, concurrent: undefined } };
    rateOnly.set(route, counted);
    return { ...forward, route: counted };
  }

  return (asking) => {
    const asNginx = asksAsNginx(asking);

    function told(status: number, headers: readonly Pair[], body: string, about: About): Verdict {
      const { method, facts, forward, refusal } = about;
      const all: Pair[] = [...headers];
      if (facts !== undefined) all.push([requestIdName, facts.requestId]);
      return {
        response: { status, headers: all, body },
        exchange: (sent, duration) =>
          exchangeOf(facts, forward, refusal, { ...NOT_CARRIED, method, status: sent, duration }),
      };
    }

    function refuse(refusal: Refusal, method: string, facts?: DecisionFacts, forward?: Forward): Verdict {
      const { status, headers: own, body } = refusal.response;
      const about = { method, facts, forward, refusal };
      if (!asNginx) return told(status, own, body, about);
      const headers: Pair[] = [...own, ['X-Auth-Status', String(status)]];
      if (/^[\x20-\x7e]{1,2048}$/.test(body)) headers.push(['X-Auth-Body', body]);
      return told(nginxStatus(status), headers, body, about);
    }

    if (!mayAsk(asking.remoteAddress)) {
      const refusal = gateway.refuse(NOT_TRUSTED);
      return refuse({ ...refusal, response: { ...refusal.response, status: 403 } }, asking.method);
    }
    const asked = readAskedRequest(asking, kindOf, lowerNames);
    if (isFailure(asked)) return refuse(gateway.refuse(asked), asking.method);
    const { way, head } = asked;
    const { method } = head;

    const conclude = (decision: Decision): Answer<Verdict> => {
      if ('refuse' in decision) return refuse(decision.refuse, method, decision);
      if ('noRoute' in decision) return refuse(decision.noRoute, method, decision);
      // Its head has no Origin, so it is never taken for a preflight.
      if ('reply' in decision) return refuse(gateway.refuse(NO_PREFLIGHT), method, decision);
      const { forward } = decision;
      const admitted = gateway.admit(countable(forward));
      const judge = (admission: Awaited<typeof admitted>): Verdict => {
        if ('failure' in admission) return refuse(admission, method, decision, forward);
        admission.release();
        const { headers: counted } = admission;
        const headers = [...NO_STORE, ...identityOf(forward), ...counted, ...removals(way, forward.route)];
        return told(200, headers, '', { method, facts: decision, forward });
      };
      return admitted instanceof Promise ? admitted.then(judge) : judge(admitted);
    };
    const decision = gateway.judge(head);
    return decision instanceof Promise ? decision.then(conclude) : conclude(decision);
  };

  /** Every identity header, with the gateway's value or an empty one. */
  function identityOf({ headers }: Forward): readonly Pair[] {
    const values = new Map<string, string>();
    for (let at = 0; at + 1 < headers.length; at += 2)
      values.set(headers[at]?.toLowerCase() ?? '', headers[at + 1] ?? '');
    return names.map((name) => [name, values.get(name.toLowerCase()) ?? '']);
  }
}

/** What a verdict is about, and why. */
interface About {
  readonly method: string;
  /** Absent if the question itself was refused. */
  readonly facts?: DecisionFacts | undefined;
  readonly forward?: Forward | undefined;
  readonly refusal?: Refusal | undefined;
}

/** The proxy that asks carries the call: what becomes of it there is not known here. */
const NOT_CARRIED = { fault: undefined, upstream: undefined, bytesIn: undefined, bytesOut: undefined, cut: false };

const NO_STORE: readonly Pair[] = [['Cache-Control', 'no-store']];

const NOT_TRUSTED: Failure = {
  code: 'access_denied',
  description: 'Only proxies that listen.trusted_proxies names may ask for verdicts.',
};

const NO_PREFLIGHT: Failure = {
  code: 'method_not_allowed',
  description: 'Questions of browsers about other origins are answered by the proxy in front or by the upstream.',
};

/** nginx takes 2xx, 401 and 403 for verdicts and makes 500 of everything else; what it was is in `X-Auth-Status`. */
function nginxStatus(status: number): number {
  return status === 401 || status >= 500 ? status : 403;
}

function removals(way: Way, route: Route): readonly Pair[] {
  if (way !== 'path') return [];
  const names = route.forwardAuthorization ? ENVOY_REMOVES : `authorization, ${ENVOY_REMOVES}`;
  return [['X-Envoy-Auth-Headers-To-Remove', names]];
}

/** The names of all identity headers but the request id: as configured, and as they are called by default. */
function identityNames({ attributes = {}, requestId: _, ...configured }: IdentityHeaders): readonly string[] {
  const { requestId: __, ...defaults } = DEFAULT_IDENTITY_HEADERS;
  const byLower = new Map<string, string>();
  for (const name of [configured, attributes, defaults].flatMap((each) => Object.values(each))) {
    if (name !== null && !byLower.has(name.toLowerCase())) byLower.set(name.toLowerCase(), name);
  }
  return [...byLower.values()];
}
