/** A bug as it could be written one day, planted to see whether the tests would tell. */
export interface Mutant extends Change {
  /** What is wrong then, in a few words. */
  readonly bug: string;
  /** The promise of SECURITY.md that it breaks. */
  readonly breaks: string;
  /** What else must be so, where one thing is guarded twice. */
  readonly also?: readonly Change[] | undefined;
  /** The test files of which one must fail. */
  readonly tests: readonly string[];
  /** The files run on a server with the fast lane; otherwise without. */
  readonly lane?: 'fast' | undefined;
}

export interface Change {
  readonly file: string;
  /** What stands there, exactly once in the whole file. */
  readonly is: string;
  readonly becomes: string;
}

export const changesOf = (mutant: Mutant): readonly Change[] => [mutant, ...(mutant.also ?? [])];

/** How often the text that is to change occurs in its file: once, or the list of mutants is stale. */
export function occurrences({ is }: Change, source: string): number {
  return is === '' ? 0 : source.split(is).length - 1;
}

/** @returns the source with the bug in it. @throws Error when the text is not there exactly once. */
export function planted(change: Change, source: string): string {
  const count = occurrences(change, source);
  if (count !== 1) {
    const text = JSON.stringify(change.is);
    throw new Error(
      `${change.file}: a text that a bug of test/mutants/ changes is there ${count} times, not once: ${text}`,
    );
  }
  // A function, because `$` in a replacement text has a meaning.
  return source.replace(change.is, () => change.becomes);
}
