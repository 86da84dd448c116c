import type { Failure } from '../model/failure.ts';
import type { Pair, WireError, WireResponse } from '../model/wire.ts';
import { pageHeaders } from './page_headers.ts';
import { errorPage } from './pages/error.ts';

/**
 * A failure as a page, for people whose browser was sent to us. It stays here: what failed may be the app's right to an answer.
 * @param more `home`: the page of ours where they may start again.
 */
export function failurePage(
  failure: Failure,
  { status, error }: WireError,
  { requestId, home }: { readonly requestId: string; readonly home?: string | undefined },
): WireResponse {
  const { description, retryAfter, headers = [] } = failure;
  const retry: readonly Pair[] = retryAfter === undefined ? [] : [['Retry-After', String(retryAfter)]];
  return {
    status,
    headers: [...pageHeaders(), ...retry, ...headers],
    body: errorPage({ description, error, requestId, temporary: status >= 500, home }),
  };
}
