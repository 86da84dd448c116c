import type { ExplainedVerdict } from '../model/explanation.ts';
import type { Failure } from '../model/failure.ts';
import type { IdentityHeaders, Route } from '../model/route.ts';
import type { Decision } from './decide.ts';
import { withoutQuery } from './explained_steps.ts';

/** What a decision comes to, as it is told: with the headers that say who is calling, and with none of the caller's own. */
export function verdictOf(decision: Decision, ofCaller: HeadersOfCaller): ExplainedVerdict {
  if ('forward' in decision) {
    const { route, target, headers } = decision.forward;
    const upstream = { targets: route.upstream.targets, path: withoutQuery(target) };
    return { outcome: 'forwarded', status: 200, route: route.name, upstream, headers: ofCaller(headers) };
  }
  if ('reply' in decision) {
    const { response, route } = decision.reply;
    return { outcome: 'answered', status: response.status, route: route?.name, headers: [] };
  }
  const { failure, response, route } = 'refuse' in decision ? decision.refuse : decision.noRoute;
  return refusedVerdict(failure, response.status, route);
}

/** The verdict of a call that goes no further, with the status that its caller would get. */
export function refusedVerdict(
  { code: error, description }: Failure,
  status: number,
  route: Route | undefined,
): ExplainedVerdict {
  return { outcome: 'refused', status, error, description, route: route?.name, headers: [] };
}

/** One of our own endpoints answers. */
export const OWN_ANSWER: ExplainedVerdict = { outcome: 'answered', headers: [] };

/** Who knew the token. Without a cache some stores answer at once too, which the gateway takes for a hit. */
export function sourceOf({ cache }: Decision, remembered: boolean): ExplainedVerdict['from'] {
  if (cache === undefined) return undefined;
  if (cache === 'stale') return 'stale_cache';
  return remembered ? 'cache' : 'store';
}

/** Takes names and values in turn. */
export type HeadersOfCaller = (headers: readonly string[]) => ExplainedVerdict['headers'];

/** Picks what says who is calling, and from where; everything else is the caller's own, or a secret of a rule's. */
export function headersOfCaller({ attributes = {}, ...named }: IdentityHeaders): HeadersOfCaller {
  const names = [...Object.values(named), ...Object.values(attributes)].flatMap((name) => name?.toLowerCase() ?? []);
  const ours = new Set([...names, 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto']);
  return (headers) =>
    headers.flatMap((name, at) =>
      at % 2 === 0 && ours.has(name.toLowerCase()) ? [[name, headers[at + 1] ?? ''] as const] : [],
    );
}
