import type { ErrorCode, Failure } from '../model/failure.ts';
import type { AuthorizationRequest, OperationName, Operations } from '../model/protocol.ts';
import type { RouteLimits } from '../model/route.ts';
import type { TokenPolicy } from '../model/token_policy.ts';
import type { AnyVariant } from '../model/variant.ts';
import type { WireError, WireRequest, WireResponse } from '../model/wire.ts';

/**
 * One wire operation: where it is, and how its request and answer are written. `decode` throws `ProtocolError`.
 * Generic, so that code for any operation can pass what `decode` made to the operation of that name.
 */
export type OperationEndpoint<Name extends OperationName = OperationName> = {
  readonly [O in Name]: {
    readonly operation: O;
    readonly method: 'GET' | 'POST';
    /** The whole path, prefix included. */
    readonly path: string;
    decode(request: WireRequest): Operations[O]['input'];
    encode(output: Operations[O]['output']): WireResponse;
  };
}[Name];

/** The endpoint a browser is sent to; the pages behind it belong to `http/`. */
export interface BrowserEndpoint {
  readonly operation: 'authorize';
  readonly method: 'GET';
  readonly path: string;
  decode(request: WireRequest): AuthorizationRequest;
}

export type Endpoint = OperationEndpoint | BrowserEndpoint;

/**
 * A token dialect: pure functions between the wire and the model. It decides words, never outcomes.
 * `errors` is total: a dialect that forgets an error does not compile.
 */
export interface Dialect {
  readonly type: string;
  /** How its tokens look and live. */
  readonly tokens: TokenPolicy;
  /** The limits of a route that speaks it and sets none itself. */
  readonly limits?: RouteLimits | undefined;
  readonly endpoints: readonly Endpoint[];
  readonly errors: Readonly<Record<ErrorCode, WireError>>;
  /** Words a failure at one of its endpoints, or (`route`) on a proxied route that speaks this dialect. */
  fail(failure: Failure, at: 'endpoint' | 'route'): WireResponse;
}

export interface DialectDependencies {
  /** Leading path of its endpoints: what the YAML names, or the dialect's own default. */
  readonly prefix: string;
}

export interface DialectVariant extends AnyVariant<DialectDependencies, Dialect> {
  /** Where its endpoints are when the YAML names no prefix. */
  readonly prefix: string;
  /** The API that it was made for lies below the same prefix, so routes may too. */
  readonly sharesPrefix?: boolean | undefined;
}
