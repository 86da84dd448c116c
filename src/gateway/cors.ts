import type { CorsPolicy, Route } from '../model/route.ts';
import type { WireResponse } from '../model/wire.ts';
import type { HeadFacts } from './request_head.ts';

/** What a route's answers tell browsers (WHATWG Fetch, §3.3 "CORS protocol"). */
export interface Cors {
  /** The lines for an answer to a caller of this origin, names and values in turn; undefined if the route says nothing. */
  lines(route: Route, origin: string | undefined): readonly string[] | undefined;
  /** The answer to a browser that asks before it calls, which tells a stranger nothing; undefined if the route does not say. */
  preflight(route: Route, origin: string | undefined): WireResponse | undefined;
}

/** Lines by origin; what there is for any other origin, or none, is kept under undefined. */
type ByOrigin = ReadonlyMap<string | undefined, readonly string[]>;

interface Compiled {
  readonly answers: ByOrigin;
  readonly preflights: ByOrigin;
}

/** The method a page is going to use, if this is a browser that asks whether it may (Fetch §3.3.2); undefined otherwise. */
export function askedMethod(method: string, { origin, requestedMethod }: HeadFacts): string | undefined {
  return method === 'OPTIONS' && origin !== undefined ? requestedMethod : undefined;
}

/** Origins are compared whole and as they are written: nothing is parsed, cut or folded, so nothing can look like another. */
export function createCors(): Cors {
  const compiled = new WeakMap<CorsPolicy, Compiled>();

  function of(policy: CorsPolicy): Compiled {
    let known = compiled.get(policy);
    if (known === undefined) {
      known = { answers: byOrigin(policy, answerLines(policy)), preflights: byOrigin(policy, preflightLines(policy)) };
      compiled.set(policy, known);
    }
    return known;
  }
  const pick = (lines: ByOrigin, origin: string | undefined) => lines.get(origin) ?? lines.get(undefined);

  return {
    lines: ({ cors }, origin) => (cors === undefined ? undefined : pick(of(cors).answers, origin)),
    preflight({ cors }, origin) {
      if (cors === undefined) return undefined;
      const lines = pick(of(cors).preflights, origin) ?? [];
      const headers = lines.flatMap((name, at) => (at % 2 === 0 ? [[name, lines[at + 1] ?? ''] as const] : []));
      return { status: 200, headers, body: '' };
    },
  };
}

function byOrigin({ origins, credentials }: CorsPolicy, lines: readonly string[]): ByOrigin {
  if (origins === '*') return new Map([[undefined, ['Access-Control-Allow-Origin', '*', ...lines]]]);
  const allow = credentials ? ['Access-Control-Allow-Credentials', 'true'] : [];
  return new Map<string | undefined, readonly string[]>([
    // Caches must not give one origin the answer of another, nor a stranger's to anyone.
    [undefined, ['Vary', 'Origin']],
    ...origins.map(
      (origin) => [origin, ['Access-Control-Allow-Origin', origin, ...allow, ...lines, 'Vary', 'Origin']] as const,
    ),
  ]);
}

function answerLines({ expose }: CorsPolicy): readonly string[] {
  return expose.length > 0 ? ['Access-Control-Expose-Headers', expose.join(', ')] : [];
}

function preflightLines({ methods, headers, maxAge }: CorsPolicy): readonly string[] {
  return [
    ...['Access-Control-Allow-Methods', methods.join(', ')],
    ...(headers.length > 0 ? ['Access-Control-Allow-Headers', headers.join(', ')] : []),
    ...['Access-Control-Max-Age', String(maxAge)],
  ];
}
