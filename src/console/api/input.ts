import type { FieldProblem } from '../../admin/problem.ts';
import { formPairs } from '../../http/form_pairs.ts';
import { ApiProblem } from './problems.ts';

/** By which method, and with what in the path. */
export interface Asked {
  readonly method: string;
  readonly inPath: Readonly<Record<string, string>>;
}

/** What an operation was asked with, gathered from where it may stand. */
export interface Sent {
  /** Empty, or `?` and what follows. */
  readonly query: string;
  /** The JSON value of the body; undefined if there was none. */
  readonly body: unknown;
}

/**
 * The input of an operation, not yet looked at: path and query, or path and body.
 * @throws ApiProblem for what stands where it must not, or twice.
 */
export function inputOf({ method, inPath }: Asked, { query, body }: Sent): Readonly<Record<string, unknown>> {
  const pairs = formPairs(query.slice(1));
  if (method === 'GET') {
    if (body !== undefined) throw new ApiProblem('malformed', 'A GET takes no body: write it as a query.');
    return joined(
      inPath,
      fromQuery(
        pairs.map(([name]) => name),
        Object.fromEntries(pairs),
      ),
      'query',
    );
  }
  if (pairs.length > 0) throw new ApiProblem('malformed', `A ${method} takes no query: write it as JSON.`);
  if (body === undefined) return inPath;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new ApiProblem('malformed', 'The body must be a JSON object.');
  }
  return joined(inPath, body, 'body');
}

function fromQuery(names: readonly string[], values: Readonly<Record<string, string>>) {
  const twice = [...new Set(names.filter((name, index) => names.indexOf(name) < index))];
  if (twice.length > 0) throw wrong(twice, 'is there more than once: send it once');
  if (names.includes('__proto__')) throw wrong(['__proto__'], 'is not known here');
  return values;
}

function joined(inPath: Asked['inPath'], others: object, where: 'query' | 'body') {
  const both = Object.keys(others).filter((name) => Object.hasOwn(inPath, name));
  if (both.length > 0) throw wrong(both, `stands in the path: leave it out of the ${where}`);
  return { ...others, ...inPath };
}

function wrong(names: readonly string[], message: string): ApiProblem {
  const fields: readonly FieldProblem[] = names.map((path) => ({ path, message }));
  return new ApiProblem('invalid', `Not right: ${names.join(', ')}.`, { fields });
}
