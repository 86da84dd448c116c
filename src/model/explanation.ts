import type { ErrorCode } from './failure.ts';

/** A call as somebody describes it who wants to know what would become of it. */
export interface AskedCall {
  readonly method: string;
  /** Path and query, as the request line has them. */
  readonly target: string;
  /** The value of `Host`; absent: where the gateway says it can be reached. */
  readonly host?: string | undefined;
  /** Further headers, in turn. */
  readonly headers?: readonly (readonly [name: string, value: string])[] | undefined;
  /** An access token; `Bearer` in front of it is put in. */
  readonly token?: string | undefined;
  /** Where the call comes from; absent: from this machine. */
  readonly remoteAddress?: string | undefined;
}

/** The steps of a decision, in their order. */
export const STEPS = ['target', 'route', 'credential', 'token', 'authorization', 'limits', 'forward'] as const;

export interface ExplainedStep {
  readonly name: (typeof STEPS)[number];
  readonly outcome: 'ok' | 'stopped' | 'skipped';
  /** What was found, in a sentence or two. Never holds a token, a query, or a header that the caller chose. */
  readonly says: string;
  /** What would make it go on. */
  readonly change?: string | undefined;
  /** Why it was stopped. */
  readonly error?: ErrorCode | undefined;
}

export interface ExplainedVerdict {
  /** `answered`: by Gatehouse itself, which is no refusal (a browser's CORS preflight, an endpoint of its own). */
  readonly outcome: 'forwarded' | 'answered' | 'refused';
  /** What the caller gets. 200 on what is forwarded: then it is the upstream that says. Absent for an endpoint of Gatehouse's own. */
  readonly status?: number | undefined;
  readonly error?: ErrorCode | undefined;
  /** What the caller is told. */
  readonly description?: string | undefined;
  /** The name of the route. */
  readonly route?: string | undefined;
  /** Where it goes; no targets if another proxy carries it (forward auth). The path is the one that the upstream sees. */
  readonly upstream?: { readonly targets: readonly string[]; readonly path: string } | undefined;
  /** What the upstream is told of the caller: the identity headers, and where the call came from. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Who knew the token; absent if nobody was asked. */
  readonly from?: 'cache' | 'store' | 'stale_cache' | undefined;
}

/** What would become of a call, and why. */
export interface Explanation {
  readonly steps: readonly ExplainedStep[];
  readonly verdict: ExplainedVerdict;
}
