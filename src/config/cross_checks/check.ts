import type { ReadFile } from '../files.ts';
import type { Path } from '../problems.ts';
import type { Reader } from '../reader.ts';
import type { Sections } from '../sections.ts';
import type { ConfigVariants } from '../variants.ts';

/** What a check sees: everything that could be read, and where to complain. Keys that could not be read are absent. */
export interface Checked {
  readonly sections: Sections;
  readonly variants: ConfigVariants;
  readonly reader: Reader;
  /** Reads a file that the configuration names; relative paths start from its folder. */
  readonly readFile: ReadFile;
}

/** Compares parts of the configuration with each other and reports what does not fit. */
export type Check = (it: Checked) => void;

/** Reports every value that was there before, with the line of the first one. @param label says what the value is. */
export function refuseRepeated(
  reader: Reader,
  values: readonly { readonly path: Path; readonly value: string | undefined }[],
  label: string,
): void {
  const first = new Map<string, Path>();
  for (const { path, value } of values) {
    if (value === undefined) continue;
    const earlier = first.get(value);
    if (earlier) reader.report(path, `is also the ${label} in line ${reader.lineOf(earlier)}: choose another`);
    else first.set(value, path);
  }
}
