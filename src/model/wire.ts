/** HTTP as values: what dialects translate between, without a server or a framework in sight. */

export type Pair = readonly [name: string, value: string];

/** A request to one of our own endpoints. Parameter lists keep order and repetition: a repeated parameter is an error to report. */
export interface WireRequest {
  readonly method: string;
  /** The canonical path. */
  readonly path: string;
  readonly query: readonly Pair[];
  /** The body's parameters: a form's pairs, or the members of a JSON object as text. Empty when there was no body. */
  readonly body: readonly Pair[];
  /** The value of the one `Authorization` header; absent if there was none. */
  readonly authorization?: string | undefined;
  /** The IP address that the request came from, trusted proxies left out. */
  readonly callerAddress: string;
}

export interface WireResponse {
  readonly status: number;
  readonly headers: readonly Pair[];
  readonly body: string;
}

/** How one failure looks in one dialect. */
export interface WireError {
  readonly status: number;
  /** The value of `error` on the wire. */
  readonly error: string;
}
