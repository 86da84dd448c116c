import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { canonicalTarget, isFailure, type Target } from '../gateway/canonical_target.ts';
import { callerAddress, type IsTrusted, trustedProxies } from '../gateway/forwarded.ts';
import { headOf } from '../gateway/full_lane.ts';
import { DEFAULT_IDENTITY_HEADERS, headerKinds } from '../gateway/header_kinds.ts';
import { createIdentify } from '../gateway/identify.ts';
import { type HeadFacts, type RequestHead, readHead } from '../gateway/request_head.ts';
import type { Failure } from '../model/failure.ts';

/** The head of a request to one of our own endpoints, read as strictly as one that is proxied. */
export interface OwnRequest {
  readonly requestId: string;
  /** The canonical path; empty if the target was refused. */
  readonly path: string;
  /** Empty, or `?` and what follows. */
  readonly query: string;
  /** Whether the browser came over https, to us or to a proxy that we trust. */
  readonly secure: boolean;
  /** The host and port that the browser asked for, in lower case. */
  readonly authority: string;
  readonly authorization?: string | undefined;
  /** The address nearest to us that is not a trusted proxy's. */
  readonly callerAddress: string;
  /** Why it must be refused, if it must. */
  readonly refused?: Failure | undefined;
}

export type ReadOwnRequest = (request: IncomingMessage) => OwnRequest;

/**
 * @param ranges CIDR ranges of the proxies whose `X-Forwarded-*` and `X-Request-Id` are believed.
 * @param readTarget reads the request target; as strictly as those of proxied calls unless told otherwise.
 */
export function ownRequestReader(
  ranges: readonly string[],
  readTarget: (target: string) => Target | Failure = canonicalTarget,
): ReadOwnRequest {
  const isTrusted = trustedProxies(ranges);
  const kindOf = headerKinds(DEFAULT_IDENTITY_HEADERS);
  const identify = createIdentify({ names: DEFAULT_IDENTITY_HEADERS, kindOf, isTrusted });

  return (request) => {
    const head = headOf(request);
    const target = readTarget(head.target);
    if (isFailure(target)) return refusedRequest(head, target);
    const facts = readHead(head, kindOf);
    if (isFailure(facts)) return refusedRequest(head, facts, target.path);
    return {
      requestId: identify.requestId(head, facts.requestId),
      path: target.path,
      query: target.query,
      ...asked(request, head, facts, isTrusted),
      authorization: facts.authorization,
      callerAddress: callerAddress(head, request.headers['x-forwarded-for'], isTrusted),
      refused: facts.repeatedAuthorization
        ? { code: 'invalid_request', description: 'Send one Authorization header, not several.' }
        : undefined,
    };
  };
}

function refusedRequest(head: RequestHead, refused: Failure, path = ''): OwnRequest {
  return { requestId: randomUUID(), path, query: '', secure: head.secure, authority: '', callerAddress: '', refused };
}

/** Scheme and host as the browser saw them: a trusted proxy's word, or the connection's own facts. */
function asked(request: IncomingMessage, head: RequestHead, facts: HeadFacts, isTrusted: IsTrusted) {
  const { 'x-forwarded-proto': proto, 'x-forwarded-host': host } = isTrusted(head.remoteAddress) ? request.headers : {};
  return {
    secure: typeof proto === 'string' ? proto.toLowerCase() === 'https' : head.secure,
    authority: typeof host === 'string' ? host.toLowerCase() : facts.host.authority,
  };
}
