import type { Failure } from '../model/failure.ts';
import { BodyStalled, TokenInBody } from './request_body.ts';

/** What it means to the caller that a call which was sent came to no answer. Says nothing of the network behind the gateway. */
export function failureOf(error: Error): Failure {
  if (error instanceof TokenInBody) {
    const description = 'Tokens are not accepted in the body; send "Authorization: Bearer <token>".';
    return { code: 'invalid_request', description, close: true };
  }
  if (error instanceof BodyStalled) {
    return { code: 'invalid_request', description: 'The request body stopped coming.', close: true };
  }
  switch ('code' in error ? error.code : undefined) {
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'ETIMEDOUT':
      return { code: 'upstream_timeout', description: 'The API behind the gateway did not answer in time.' };
    case 'UND_ERR_INVALID_ARG':
      return {
        code: 'ambiguous_request',
        description: 'The request has a header that cannot be forwarded.',
        close: true,
      };
    default:
      return { code: 'upstream_unreachable', description: 'The API behind the gateway cannot be reached.' };
  }
}
