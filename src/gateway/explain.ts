import {
  type AskedCall,
  type ExplainedStep,
  type ExplainedVerdict,
  type Explanation,
  STEPS,
} from '../model/explanation.ts';
import type { Failure } from '../model/failure.ts';
import type { IdentityHeaders, Route } from '../model/route.ts';
import type { TokenRef } from '../model/token.ts';
import { readBearer } from './bearer.ts';
import { canonicalTarget, isFailure } from './canonical_target.ts';
import type { Decision, Forward } from './decide.ts';
import { type CourseDependencies, createCourse, heardStep, type Read } from './explained_course.ts';
import { ok, skipped } from './explained_steps.ts';
import { headersOfCaller, OWN_ANSWER, refusedVerdict, sourceOf, verdictOf } from './explained_verdict.ts';
import type { Gateway } from './gateway.ts';
import { headerKinds } from './header_kinds.ts';
import type { Limits } from './limits.ts';
import { type RequestHead, readHead } from './request_head.ts';

export type { AskedCall, ExplainedStep, ExplainedVerdict, Explanation } from '../model/explanation.ts';

/** Says what would become of a call, and why. No call is made, none is counted, and nothing is written. */
export type Explain = (call: AskedCall) => Promise<Explanation>;

export interface ExplainDependencies extends CourseDependencies {
  /** The one that serves traffic: its verdict is the one that is told. */
  readonly gateway: Pick<Gateway, 'judge' | 'refuse'>;
  readonly limits: Pick<Limits, 'peek'>;
  readonly identityHeaders: IdentityHeaders;
  /** Whether the cache knows this token; absent: there is no cache. */
  readonly remembers?: ((ref: TokenRef) => boolean) | undefined;
  /** Whether an endpoint of our own answers there, before any route. */
  readonly isOwn?: ((target: string, host: string) => boolean) | undefined;
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

/** Tells the decision about a call step by step (`explained_course.ts`). The verdict is the gateway's own. */
export function createExplain(deps: ExplainDependencies): {
  readonly explain: Explain;
  judge(call: AskedCall): Promise<Judged>;
} {
  const { gateway, limits } = deps;
  const tell = createCourse(deps);
  const kindOf = headerKinds(deps.identityHeaders);
  const ofCaller = headersOfCaller(deps.identityHeaders);

  async function judge(call: AskedCall): Promise<Judged> {
    // 1. Read it as the gateway does. Our own endpoints come before any route.
    const head = headOf(call, deps);
    const read = readCall(head);
    if (!isFailure(read) && deps.isOwn?.(head.target, read.facts.host.authority)) {
      const answered = ok('route', 'Gatehouse answers this itself, before any route: it is one of its own endpoints.');
      return { explanation: { steps: completed([heardStep(head, read), answered]), verdict: OWN_ANSWER } };
    }

    // 2. Have it decided by the gateway. What the cache remembers is asked before that, which fills it.
    const ref = isFailure(read) ? undefined : readBearer(read.facts, read.target.query);
    const remembered = ref !== undefined && !isFailure(ref) && deps.remembers?.(ref) === true;
    const decision = await gateway.judge(head);
    const from = sourceOf(decision, remembered);
    const forward = 'forward' in decision ? decision.forward : undefined;
    const room =
      forward && isCounted(forward) ? await limits.peek(forward.route, forward.ref?.hash, forward.caller) : undefined;

    // 3. Tell how it came to that.
    const steps: ExplainedStep[] = [];
    for await (const step of tell({ head, read, decision, from, room })) steps.push(step);
    const limited = room !== undefined && 'code' in room ? room : undefined;
    const verdict = limited && forward ? limitedVerdict(limited, forward.route) : verdictOf(decision, ofCaller);
    return { explanation: { steps: completed(steps), verdict: { ...verdict, from } }, decision };
  }

  function readCall(head: RequestHead): Read | Failure {
    const target = canonicalTarget(head.target);
    if (isFailure(target)) return target;
    const facts = readHead(head, kindOf);
    return isFailure(facts) ? facts : { target, facts };
  }

  function limitedVerdict(failure: Failure, route: Route): ExplainedVerdict {
    return refusedVerdict(failure, route.limits?.status ?? gateway.refuse(failure, route).response.status, route);
  }

  return { judge, explain: async (call) => (await judge(call)).explanation };
}

const isCounted = ({ ref, caller }: Forward): boolean => ref !== undefined || caller !== undefined;

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

/** Every step once and in order: those that were not told were not come to. */
function completed(told: readonly ExplainedStep[]): readonly ExplainedStep[] {
  return STEPS.map((name) => told.find((step) => step.name === name) ?? skipped(name, 'It did not come to that.'));
}
