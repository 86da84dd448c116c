import type { Node } from './stage.ts';
import type { Failure } from './verdict.ts';

/** Something that a caller does at a gateway. @throws what went wrong; an error with `always` is wrong whatever is broken. */
export type Visit = (node: Node) => Promise<void>;

/** @throws Error that tells the status which came instead. */
export function expectStatus({ status }: { readonly status: number }, ...wanted: readonly number[]): void {
  if (!wanted.includes(status)) throw new Error(`answered ${status}`);
}

/** @throws Error that no fault excuses. */
export function never(what: string): never {
  throw Object.assign(new Error(what), { always: true });
}

/** What went wrong, in a few words that are the same each time. */
export function failureOf(kind: string, error: unknown, excused: boolean): Failure {
  if (!(error instanceof Error)) return { kind, what: 'unknown', excused, always: false };
  const { cause } = error;
  const code = [error, cause]
    .map((each) => (each instanceof Error && 'code' in each ? String(each.code) : ''))
    .join('');
  return { kind, what: code || error.message.slice(0, 60), excused, always: 'always' in error };
}
