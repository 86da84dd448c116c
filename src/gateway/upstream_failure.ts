import type { Failure } from '../model/failure.ts';
import { seconds } from '../model/units.ts';
import { bodyTooLong } from './body_limit.ts';
import { type BodyFault, BodyStalled, BodyTooLong, BodyTooSlow, TokenInBody } from './request_body.ts';
import type { UpstreamError } from './upstream/exchange.ts';

/** What it means to the caller that a call which was sent came to no answer. Says nothing of the network behind the gateway. */
export function failureOf(error: UpstreamError | BodyFault): Failure {
  if (error instanceof TokenInBody) {
    const description = 'Tokens are not accepted in the body; send "Authorization: Bearer <token>".';
    return { code: 'invalid_request', description, close: true };
  }
  if (error instanceof BodyStalled) {
    return { code: 'request_timeout', description: 'The request body stopped coming.', close: true };
  }
  if (error instanceof BodyTooSlow) {
    return { code: 'request_timeout', description: 'The request body comes too slowly.', close: true };
  }
  if (error instanceof BodyTooLong) return bodyTooLong(error.most);
  switch (error.problem) {
    case 'unsendable': {
      const description = 'The request has a header, or a length, that cannot be forwarded.';
      return { code: 'ambiguous_request', description, close: true };
    }
    case 'timeout':
      return { code: 'upstream_timeout', description: 'The API behind the gateway did not answer in time.' };
    case 'overloaded': {
      const description = 'The API behind the gateway is away or takes no more calls at the moment; try again.';
      return { code: 'temporarily_unavailable', description, retryAfter: seconds(1) };
    }
    default:
      return { code: 'upstream_unreachable', description: 'The API behind the gateway cannot be reached.' };
  }
}
