import type { Bytes, Milliseconds, Seconds } from './units.ts';

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
  /** What goes in front of the path that is left after `stripPrefix`: `/v2/orders`, without a slash at its end. */
  readonly addPrefix?: string | undefined;
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
  /** The longest body that a call may have; absent: no bound. */
  readonly maxBody?: Bytes | undefined;
  /** What changes in the headers of a call, beyond what the gateway does to every call. */
  readonly requestHeaders?: HeaderRules | undefined;
  /** What changes in the headers of an upstream's answer. */
  readonly responseHeaders?: HeaderRules | undefined;
  /** Which pages of other origins may call; absent: the upstream answers for that itself. */
  readonly cors?: CorsPolicy | undefined;
}

/** Never names an identity header, `Host`, the framing of a body, or what concerns one connection only. */
export interface HeaderRules {
  /** The name → the one value it has from then on. */
  readonly set: Readonly<Record<string, string>>;
  readonly remove: readonly string[];
}

/** What the gateway tells browsers of a route (WHATWG Fetch, "CORS protocol"). */
export interface CorsPolicy {
  /** Origins as browsers write them, or `*` for any: then never with credentials. */
  readonly origins: readonly string[] | '*';
  readonly methods: readonly string[];
  /** Request headers that a page may set. */
  readonly headers: readonly string[];
  /** Answer headers that a page may read. */
  readonly expose: readonly string[];
  /** Whether cookies and the like may come along. */
  readonly credentials: boolean;
  /** How long a browser may remember what it was told. */
  readonly maxAge: Seconds;
}

export interface Upstream {
  /**
   * Origins with an optional base path (`http://10.0.0.5:9000/base`), unix sockets with one behind a second colon
   * (`unix:/run/app.sock:/base`), or `demo` for the built-in demo API. Empty: forward auth only.
   */
  readonly targets: readonly string[];
  readonly connectTimeout: Milliseconds;
  /** How long to wait for the response head. */
  readonly timeout: Milliseconds;
  /** How long a body may pause in either direction. */
  readonly idleTimeout: Milliseconds;
  /** How a target is chosen among several; absent: in turn. */
  readonly balance?: Balance | undefined;
  /** How often a call that never left is sent again: to another target, if there is one. Absent: once. */
  readonly retries?: 0 | 1 | undefined;
  /** Absent: targets are not asked how they are. */
  readonly health?: HealthChecks | undefined;
  /** Absent: failures of calls take no target out. */
  readonly breaker?: BreakerRules | undefined;
  /** How long a call may take from beginning to end; absent: as long as it flows. */
  readonly totalTimeout?: Milliseconds | undefined;
  /** How many connections one process opens to each target; absent: 1,024. */
  readonly maxConnections?: number | undefined;
  /** How many calls may wait for a connection to each target, for `connectTimeout` at most; absent: 1,024. */
  readonly queue?: number | undefined;
  /** How https targets are spoken to; absent: trust in the system's authorities, no certificate of our own. */
  readonly tls?: UpstreamTls | undefined;
}

/** PEM files, and a name. */
export interface UpstreamTls {
  /** The authorities that are trusted, instead of the system's. */
  readonly ca?: string | undefined;
  /** Our own certificate, with its chain, and its key. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** The name that the certificates of the targets bear, if it is not their host. */
  readonly serverName?: string | undefined;
}

/** `consistent_hash`: calls of one user (else client, else address) go to one target for as long as it is there. */
export type Balance = 'round_robin' | 'least_connections' | 'consistent_hash';

/** A target is asked for `path` again and again, and gets calls only while it answers as it should. */
export interface HealthChecks {
  /** Path and query, behind the base path of the target. */
  readonly path: string;
  readonly interval: Milliseconds;
  /** How long to wait for the head of an answer, connecting included. */
  readonly timeout: Milliseconds;
  /** So many good answers in a row bring a target back. */
  readonly healthyAfter: number;
  /** So many bad ones in a row take it out. */
  readonly unhealthyAfter: number;
  /** The statuses of a good answer. */
  readonly expect: readonly number[];
}

/** Calls that fail take a target out; after a while one call at a time tries whether it is back. */
export interface BreakerRules {
  /** So many failures in a row: no connection, no answer in time, or none that can be read. */
  readonly maxFailures: number;
  readonly retryAfter: Milliseconds;
  /** Statuses that count as failures too. */
  readonly statuses: readonly number[];
}

/** So many calls in each window of time. */
export interface CallRate {
  readonly count: number;
  readonly window: Milliseconds;
}

export interface RouteLimits {
  readonly perToken?: CallRate | undefined;
  /** Of all tokens of one client together, of all personal tokens of one user, or of the calls without a token from one network. */
  readonly perClient?: CallRate | undefined;
  /** How many calls of one token may be under way at once on this node. */
  readonly concurrent?: number | undefined;
  /** What a refusal by a limit answers; absent for what the dialect of the route says. */
  readonly status?: number | undefined;
  /** Routes that name the same one count calls together; absent: each route for itself. */
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
