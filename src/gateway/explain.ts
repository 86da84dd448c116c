import type { Client } from '../model/client.ts';
import type { Clock } from '../model/clock.ts';
import {
  type AskedCall,
  type ExplainedStep,
  type ExplainedVerdict,
  type Explanation,
  STEPS,
} from '../model/explanation.ts';
import type { Failure } from '../model/failure.ts';
import type { IdentityHeaders, Route } from '../model/route.ts';
import type { AccessToken, TokenRef } from '../model/token.ts';
import { refOf } from '../tokens/format.ts';
import { authorize } from './authorize.ts';
import { readBearer } from './bearer.ts';
import { bodyTooLong } from './body_limit.ts';
import { canonicalTarget, isFailure, type Target } from './canonical_target.ts';
import { askedMethod } from './cors.ts';
import type { Decision } from './decide.ts';
import {
  forwardStep,
  lackingStep,
  limitsStep,
  noCredentialStep,
  ok,
  routeStep,
  skipped,
  stopped,
  tokenStep,
  withoutQuery,
} from './explained_steps.ts';
import type { Gateway } from './gateway.ts';
import { headerKinds } from './header_kinds.ts';
import type { Headroom, Limits } from './limits.ts';
import { type HeadFacts, type RequestHead, readHead } from './request_head.ts';
import { compileRoutes } from './routes.ts';
import { type DiagnosisDependencies, diagnose } from './token_diagnosis.ts';

export type { AskedCall, ExplainedStep, ExplainedVerdict, Explanation } from '../model/explanation.ts';

/** Says what would become of a call, and why. No call is made, none is counted, and nothing is written. */
export type Explain = (call: AskedCall) => Promise<Explanation>;

export interface ExplainDependencies extends DiagnosisDependencies {
  /** The one that serves traffic: its verdict is the one that is told. */
  readonly gateway: Pick<Gateway, 'judge' | 'refuse'>;
  readonly routes: readonly Route[];
  readonly limits: Pick<Limits, 'peek'>;
  readonly clock: Clock;
  readonly identityHeaders: IdentityHeaders;
  /** Whether the cache knows this token; absent: there is no cache. */
  readonly remembers?: ((ref: TokenRef) => boolean) | undefined;
  /** Whether an endpoint of our own answers there, before any route. */
  readonly isOwn?: ((target: string, host: string) => boolean) | undefined;
  /** Some of the clients there are, to say who may ask for a scope. */
  readonly clients?: (() => Promise<readonly Client[]>) | undefined;
  /** The value of `Host` where the call names none. */
  readonly host: string;
  /** Whether calls come over TLS. */
  readonly secure: boolean;
}

/** An explanation with the decision that it explains; none if an endpoint of our own answers. */
export interface Judged {
  readonly explanation: Explanation;
  readonly decision?: Decision | undefined;
}

/** What of a head can be read in one way only. */
interface Read {
  readonly target: Target;
  readonly facts: HeadFacts;
}

type Source = ExplainedVerdict['from'];

/**
 * Tells the decision about a call step by step. The verdict is the gateway's own. The steps are told by the functions that it decides
 * with, asked once more for what they find; test/gateway/explain.test.ts holds the two together.
 */
export function createExplain(deps: ExplainDependencies): {
  readonly explain: Explain;
  judge(call: AskedCall): Promise<Judged>;
} {
  const { gateway, limits, clock } = deps;
  const routes = compileRoutes(deps.routes);
  const kindOf = headerKinds(deps.identityHeaders);
  const tellsOfCaller = headersOfCaller(deps.identityHeaders);

  async function judge(call: AskedCall): Promise<Judged> {
    const head = headOf(call, deps);
    const read = readCall(head);
    if (!isFailure(read) && deps.isOwn?.(head.target, read.facts.host.authority)) {
      const answered = ok('route', 'Gatehouse answers this itself, before any route: it is one of its own endpoints.');
      return { explanation: { steps: completed([heardStep(head, read), answered]), verdict: OWN } };
    }
    const ref = isFailure(read) ? undefined : readBearer(read.facts, read.target.query);
    const remembered = ref !== undefined && !isFailure(ref) && deps.remembers?.(ref) === true;
    const decision = await gateway.judge(head);
    const from = sourceOf(decision, remembered);
    const forward = 'forward' in decision ? decision.forward : undefined;
    const room = forward?.ref === undefined ? undefined : await limits.peek(forward.route, forward.ref.hash);

    const steps: ExplainedStep[] = [];
    for await (const step of tell(head, read, decision, from, room)) steps.push(step);
    const limited = room !== undefined && 'code' in room ? room : undefined;
    const verdict = limited && forward ? limitedVerdict(limited, forward.route) : verdictOf(decision);
    return { explanation: { steps: completed(steps), verdict: { ...verdict, from } }, decision };
  }

  function readCall(head: RequestHead): Read | Failure {
    const target = canonicalTarget(head.target);
    if (isFailure(target)) return target;
    const facts = readHead(head, kindOf);
    return isFailure(facts) ? facts : { target, facts };
  }

  /** Ends where the decision did. Numbered as in decide.ts. */
  async function* tell(
    head: RequestHead,
    read: Read | Failure,
    decision: Decision,
    from: Source,
    room: Headroom | Failure | undefined,
  ): AsyncGenerator<ExplainedStep> {
    // 1. One canonical target, one host, one framing; the route that covers exactly that.
    if (isFailure(read)) return yield stopped('target', read, 'Send a request that can be read in one way only.');
    const { target, facts } = read;
    const { method } = head;
    const neverForwarded = method === 'TRACE' || method === 'CONNECT';
    if (neverForwarded) return yield stopped('target', failureOf(decision), 'Use another method.');
    yield heardStep(head, read);
    const host = facts.host.name;
    const asked = askedMethod(method, facts);
    const askedFor = asked === undefined ? undefined : routes.match(host, target.path, asked);
    if (askedFor?.cors !== undefined) {
      return yield ok(
        'route',
        `A browser asks whether its page may call ${askedFor.name}: cors of that route answers.`,
      );
    }
    const route = routes.match(host, target.path, method);
    yield routeStep(deps.routes, { host, path: target.path, method }, route);
    if (route === undefined) return;

    // 2. The bearer token.
    const ref = route.auth === 'none' ? undefined : readBearer(facts, target.query);
    const token = bearerTextOf(facts);
    if (ref === undefined) {
      const isBare = refOf(facts.authorization ?? '') !== undefined;
      if (route.auth === 'none')
        yield skipped('credential', 'The route is public (auth: none): tokens are not looked at.');
      else yield noCredentialStep(route, facts, isBare);
      if (route.auth === 'required') return;
      yield skipped('token', 'There is none to look at.');
      yield skipped('authorization', 'The route lets calls without a token pass.');
    } else if (isFailure(ref) && ref.code !== 'invalid_token') {
      return yield stopped('credential', ref, 'Send one header of the form "Authorization: Bearer <token>".');
    } else {
      yield ok('credential', 'There is a bearer token in the Authorization header.');

      // 3. What is known about it.
      const record = recordOf(decision);
      if (record === undefined) return yield unknownStep(token, failureOf(decision));
      yield tokenStep(record, from, clock.now());

      // 4. Whether that is enough for this route.
      const failure = authorize(record, route, method, clock.now());
      if (failure !== undefined) {
        const clients = (await deps.clients?.().catch(() => [])) ?? [];
        return yield lackingStep(failure, record, route, clock.now(), clients);
      }
      yield ok(
        'authorization',
        `Its scopes are enough for ${route.name}: ${record.scopes.join(' ') || 'none are needed'}.`,
      );
    }

    // 5. The length of the body; and last, because that counts, the limits.
    if (route.maxBody !== undefined && facts.bodyLength > route.maxBody) {
      yield skipped('limits', 'What goes no further is not counted.');
      const change = `Send less, or raise max_body of the route ${route.name}.`;
      return yield stopped('forward', bodyTooLong(route.maxBody), change);
    }
    if (room === undefined) yield skipped('limits', 'Calls are counted by their token, and this one has none.');
    else if ('code' in room) return yield stopped('limits', room, `Wait, or raise limits of the route ${route.name}.`);
    else yield limitsStep(room, route.limits);
    if ('forward' in decision) yield forwardStep(decision.forward, method);
  }

  async function unknownStep(token: string, failure: Failure): Promise<ExplainedStep> {
    if (failure.code !== 'invalid_token') {
      const change = 'See whether the store runs and can be reached; /health/ready says so too.';
      const says =
        'The store gives no answer, so what the token is worth cannot be said. That is never taken for a "no".';
      return stopped('token', failure, change, says);
    }
    const { says, change } = await diagnose(token, deps).catch(() => NO_DIAGNOSIS);
    return stopped('token', failure, change, says);
  }

  function verdictOf(decision: Decision): ExplainedVerdict {
    if ('forward' in decision) {
      const { route, target, headers } = decision.forward;
      const upstream = { targets: route.upstream.targets, path: withoutQuery(target) };
      return { outcome: 'forwarded', status: 200, route: route.name, upstream, headers: tellsOfCaller(headers) };
    }
    if ('reply' in decision) {
      const { response, route } = decision.reply;
      return { outcome: 'answered', status: response.status, route: route?.name, headers: [] };
    }
    const { failure, response, route } = 'refuse' in decision ? decision.refuse : decision.noRoute;
    return refusal(failure, response.status, route);
  }

  function limitedVerdict(failure: Failure, route: Route): ExplainedVerdict {
    return refusal(failure, route.limits?.status ?? gateway.refuse(failure, route).response.status, route);
  }

  return { judge, explain: async (call) => (await judge(call)).explanation };
}

const OWN: ExplainedVerdict = { outcome: 'answered', headers: [] };
const NO_DIAGNOSIS = { says: 'It is not known here.', change: 'Get a new one.' };

function refusal({ code: error, description }: Failure, status: number, route: Route | undefined): ExplainedVerdict {
  return { outcome: 'refused', status, error, description, route: route?.name, headers: [] };
}

function headOf(call: AskedCall, { host, secure }: ExplainDependencies): RequestHead {
  const { method, target, headers = [], token, remoteAddress = '127.0.0.1' } = call;
  const named = call.host === undefined && headers.some(([name]) => name.toLowerCase() === 'host');
  const rawHeaders = [
    ...(named ? [] : ['Host', call.host ?? host]),
    ...headers.flat(),
    ...(token === undefined ? [] : ['Authorization', `Bearer ${token}`]),
  ];
  return { method: method.toUpperCase(), target, httpVersion: '1.1', rawHeaders, remoteAddress, secure };
}

function heardStep({ method, target: sent }: RequestHead, { target, facts }: Read): ExplainedStep {
  const plain = sent.startsWith(target.path) ? '' : ', as it is spelled plainly';
  const query = target.query === '' ? '' : ', with a query';
  return ok('target', `${method} ${target.path} on the host ${facts.host.name}${plain}${query}.`);
}

/** Every step once and in order: those that were not told were not come to. */
function completed(told: readonly ExplainedStep[]): readonly ExplainedStep[] {
  return STEPS.map((name) => told.find((step) => step.name === name) ?? skipped(name, 'It did not come to that.'));
}

const bearerTextOf = ({ authorization = '' }: HeadFacts): string => authorization.slice('bearer'.length).trim();

function recordOf(decision: Decision): AccessToken | undefined {
  if ('forward' in decision) return decision.forward.record;
  return 'refuse' in decision ? decision.refuse.record : undefined;
}

const UNSAID: Failure = { code: 'server_error', description: 'Nothing is known of why.' };

function failureOf(decision: Decision): Failure {
  if ('refuse' in decision) return decision.refuse.failure;
  return 'noRoute' in decision ? decision.noRoute.failure : UNSAID;
}

/** Without a cache some stores answer at once too, which the gateway takes for a hit. */
function sourceOf({ cache }: Decision, remembered: boolean): Source {
  if (cache === undefined) return undefined;
  if (cache === 'stale') return 'stale_cache';
  return remembered ? 'cache' : 'store';
}

/** Picks what says who is calling, and from where; everything else is the caller's own, or a secret of a rule's. */
function headersOfCaller({ attributes = {}, ...named }: IdentityHeaders) {
  const names = [...Object.values(named), ...Object.values(attributes)].flatMap((name) => name?.toLowerCase() ?? []);
  const ours = new Set([...names, 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto']);
  return (headers: readonly string[]): readonly (readonly [string, string])[] =>
    headers.flatMap((name, at) =>
      at % 2 === 0 && ours.has(name.toLowerCase()) ? [[name, headers[at + 1] ?? ''] as const] : [],
    );
}
