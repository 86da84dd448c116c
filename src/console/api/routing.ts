import type { AnyOperation } from '../../admin/operation.ts';
import { ApiProblem } from './problems.ts';

/** An operation that a path and a method stand for, with what stands in the path. */
export interface Found {
  /** That of the operation, for a HEAD too. */
  readonly method: AnyOperation['method'];
  readonly operation: AnyOperation;
  readonly inPath: Readonly<Record<string, string>>;
}

/** @throws ApiProblem `not_found` and `method_not_allowed`. @param segments those behind `/api/v1`, decoded. */
export type FindOperation = (method: string, segments: readonly string[]) => Found;

export function findOperations(operations: readonly AnyOperation[]): FindOperation {
  const patterns = operations.map((operation) => ({ operation, pattern: operation.path.slice(1).split('/') }));

  return (method, segments) => {
    const here = patterns
      .map(({ operation, pattern }) => ({ operation, match: matched(pattern, segments) }))
      .filter((each): each is { operation: AnyOperation; match: Match } => each.match !== undefined);
    const wanted = method === 'HEAD' ? 'GET' : method;
    // What is spelled out comes before what stands for anything.
    const [found] = here
      .filter(({ operation }) => operation.method === wanted)
      .sort((one, other) => one.match.placeholders - other.match.placeholders);
    if (found) return { operation: found.operation, method: found.operation.method, inPath: found.match.inPath };
    if (here.length === 0) throw notFound();
    const allowed = here
      .flatMap(({ operation }) => (operation.method === 'GET' ? ['GET', 'HEAD'] : operation.method))
      .join(', ');
    throw new ApiProblem('method_not_allowed', `Use ${allowed} here.`, { headers: [['Allow', allowed]] });
  };
}

interface Match {
  readonly inPath: Readonly<Record<string, string>>;
  readonly placeholders: number;
}

function matched(pattern: readonly string[], segments: readonly string[]): Match | undefined {
  if (pattern.length !== segments.length) return undefined;
  const inPath: Record<string, string> = {};
  let placeholders = 0;
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index] ?? '';
    if (part.startsWith('{')) {
      if (segment === '') return undefined;
      inPath[part.slice(1, -1)] = segment;
      placeholders++;
    } else if (part !== segment) return undefined;
  }
  return { inPath, placeholders };
}

/** The names of the members of an operation's input that stand in its path. */
export const namesInPath = ({ path }: Pick<AnyOperation, 'path'>): readonly string[] =>
  [...path.matchAll(/\{([a-z_]+)\}/g)].map(([, name]) => name ?? '');

export const notFound = () =>
  new ApiProblem('not_found', 'There is nothing at this path; /api/v1/openapi.json says what there is.');
