import type { Client } from '../model/client.ts';
import type { Clock } from '../model/clock.ts';
import type { ExplainedStep, ExplainedVerdict } from '../model/explanation.ts';
import type { Failure } from '../model/failure.ts';
import type { Route } from '../model/route.ts';
import type { AccessToken } from '../model/token.ts';
import { refOf } from '../tokens/format.ts';
import { authorize } from './authorize.ts';
import { readBearer } from './bearer.ts';
import { bodyTooLong } from './body_limit.ts';
import { isFailure, type Target } from './canonical_target.ts';
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
} from './explained_steps.ts';
import type { Headroom } from './limits.ts';
import type { HeadFacts, RequestHead } from './request_head.ts';
import { compileRoutes } from './routes.ts';
import { type DiagnosisDependencies, diagnose } from './token_diagnosis.ts';

export interface CourseDependencies extends DiagnosisDependencies {
  readonly routes: readonly Route[];
  readonly clock: Clock;
  /** Some of the clients there are, to say who may ask for a scope. */
  readonly clients?: (() => Promise<readonly Client[]>) | undefined;
}

/** What of a head can be read in one way only. */
export interface Read {
  readonly target: Target;
  readonly facts: HeadFacts;
}

/** A call with the decision about it, and what else there is to tell. */
export interface Decided {
  readonly head: RequestHead;
  /** A failure if it can be read in more ways than one. */
  readonly read: Read | Failure;
  readonly decision: Decision;
  /** Who knew the token. */
  readonly from: ExplainedVerdict['from'];
  /** What is left of its limits; undefined if it is not counted. */
  readonly room: Headroom | Failure | undefined;
}

/**
 * The steps that led to a decision. They are told by the functions that decide, asked once more for what they find;
 * test/gateway/explain.test.ts holds the two together.
 */
export function createCourse(deps: CourseDependencies): (decided: Decided) => AsyncGenerator<ExplainedStep> {
  const { clock } = deps;
  const routes = compileRoutes(deps.routes);

  /** Ends where the decision did. Numbered as in decide.ts. */
  async function* tell({ head, read, decision, from, room }: Decided): AsyncGenerator<ExplainedStep> {
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
    else yield limitsStep(room, ref === undefined ? undefined : route.limits);
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

  return tell;
}

const NO_DIAGNOSIS = { says: 'It is not known here.', change: 'Get a new one.' };

/** What was asked, in plain spelling. */
export function heardStep({ method, target: sent }: RequestHead, { target, facts }: Read): ExplainedStep {
  const plain = sent.startsWith(target.path) ? '' : ', as it is spelled plainly';
  const query = target.query === '' ? '' : ', with a query';
  return ok('target', `${method} ${target.path} on the host ${facts.host.name}${plain}${query}.`);
}

const bearerTextOf = ({ authorization = '' }: HeadFacts): string => authorization.slice('bearer'.length).trim();

const UNSAID: Failure = { code: 'server_error', description: 'Nothing is known of why.' };

function failureOf(decision: Decision): Failure {
  if ('refuse' in decision) return decision.refuse.failure;
  return 'noRoute' in decision ? decision.noRoute.failure : UNSAID;
}

function recordOf(decision: Decision): AccessToken | undefined {
  if ('forward' in decision) return decision.forward.record;
  return 'refuse' in decision ? decision.refuse.record : undefined;
}
