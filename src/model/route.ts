import type { Milliseconds } from './units.ts';

/** A line of the routing table: which calls it covers, what they need, where they go. */
export interface Route {
  readonly name: string;
  /** `/orders` for that path alone, `/orders/*` for it and everything below it. Canonical (no encodings of plain characters). */
  readonly path: string;
  /** Lower case, without a port; absent means any host. */
  readonly host?: string | undefined;
  /** Upper case; absent means any method. */
  readonly methods?: readonly string[] | undefined;
  readonly upstream: Upstream;
  /** A leading part of `path`, whole segments, that the upstream does not see. */
  readonly stripPrefix?: string | undefined;
  /** `optional` lets calls without a token through, without identity; a token that is sent must be good. */
  readonly auth: 'required' | 'optional' | 'none';
  /** All of these are needed; by method, those of the method, and all that are named for a method that is not. */
  readonly scopes: readonly string[] | Readonly<Record<string, readonly string[]>>;
  /** Tokens must carry this audience; absent means any. */
  readonly audience?: string | undefined;
  /** The connections whose users may call it; absent means all, and tokens without a user. */
  readonly connections?: readonly string[] | undefined;
  /** Whose error vocabulary the route speaks. */
  readonly dialect: string;
  /** Absent: those of its dialect. */
  readonly limits?: RouteLimits | undefined;
  /** How old a cached fact may be when the store is away, for safe methods only; 0 means deny. */
  readonly serveCached: Milliseconds;
  readonly forwardAuthorization: boolean;
}

export interface Upstream {
  /** Origins with an optional base path (`http://10.0.0.5:9000/base`), or `demo` for the built-in demo API. Never empty. */
  readonly targets: readonly string[];
  readonly connectTimeout: Milliseconds;
  /** How long to wait for the response head. */
  readonly timeout: Milliseconds;
  /** How long a body may pause in either direction. */
  readonly idleTimeout: Milliseconds;
}

export interface RouteLimits {
  readonly perToken?: { readonly count: number; readonly window: Milliseconds } | undefined;
  /** How many calls of one token may be under way at once on this node. */
  readonly concurrent?: number | undefined;
  /** What a refusal by a limit answers; absent for what the dialect of the route says. */
  readonly status?: number | undefined;
  /** Routes that name the same one count a token's calls together; absent: each route for itself. */
  readonly countedAs?: string | undefined;
}

/** The names of the headers that tell the upstream who is calling; null switches one off. */
export interface IdentityHeaders {
  readonly userId: string | null;
  readonly userName: string | null;
  readonly userEmail: string | null;
  readonly clientId: string | null;
  readonly scopes: string | null;
  readonly connection: string | null;
  readonly requestId: string | null;
  /** Headers for what else is known of a user: the name of the attribute → the header. */
  readonly attributes?: Readonly<Record<string, string>> | undefined;
}
