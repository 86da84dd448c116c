import { AdminProblem } from '../../admin/problem.ts';
import type { Pair } from '../../model/wire.ts';

/** Cursors as callers see them: they say nothing, so that what is behind them may change. */

const opaque = (cursor: string): string => Buffer.from(cursor).toString('base64url');

/** Takes the cursor out of an input. @throws AdminProblem `invalid` for what was never a `next`. */
export function withCursor(input: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { after } = input;
  if (typeof after !== 'string') return input;
  const cursor = Buffer.from(after, 'base64url').toString();
  if (cursor === '' || opaque(cursor) !== after) {
    throw new AdminProblem('invalid', 'Not right: after.', [{ path: 'after', message: 'must be `next` of a page' }]);
  }
  return { ...input, after: cursor };
}

/**
 * Puts the cursor into an answer, and the way to the next page (RFC 8288) into its headers.
 * @param path that was asked for. @param query as it was sent, empty or with `?`.
 */
export function pageWith(output: unknown, path: string, query: string): { output: unknown; headers: readonly Pair[] } {
  if (typeof output !== 'object' || output === null || !('next' in output) || typeof output.next !== 'string') {
    return { output, headers: [] };
  }
  const next = opaque(output.next);
  const parameters = new URLSearchParams(query);
  parameters.set('after', next);
  return { output: { ...output, next }, headers: [['Link', `<${path}?${parameters}>; rel="next"`]] };
}
