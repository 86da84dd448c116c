import type { Config } from '../model/config.ts';
import { beside, buildConfig } from './build.ts';
import { ALL_CHECKS } from './cross_checks/all_checks.ts';
import { parseDocument } from './document.ts';
import { LARGEST_CONFIGURATION, type ReadFile } from './files.ts';
import { Problems } from './problems.ts';
import { Reader } from './reader.ts';
import { resolveValues } from './resolve.ts';
import { refuseWhatNeedsRestart } from './restart_only.ts';
import { readSections } from './sections.ts';
import type { Environment } from './substitute.ts';
import type { ConfigVariants } from './variants.ts';

export interface ParseOptions {
  /** The file's path: for messages, and as the start of relative paths. */
  readonly file: string;
  readonly env: Environment;
  /** Reads what `file:` and TLS keys name, by absolute path. @throws Error whose message says why it cannot. */
  readonly readFile: ReadFile;
  readonly variants: ConfigVariants;
  /** What runs: a text that differs where only a restart could follow is refused. */
  readonly running?: Config | undefined;
}

/**
 * Turns the text of a configuration file into a frozen `Config`.
 * @throws ConfigError with every problem of the text.
 */
export function parseConfig(text: string, { file, env, readFile, variants, running }: ParseOptions): Config {
  const problems = new Problems(file);
  const readBeside: ReadFile = (path) => readFile(beside(file, path));

  // 1. YAML, within limits.
  if (text.length > LARGEST_CONFIGURATION) {
    problems.add({ line: 1, column: 1 }, 'configuration', `is larger than ${LARGEST_CONFIGURATION / 1024} KiB`);
    return problems.throwAll();
  }
  const document = parseDocument(text, problems);
  if (!document) return problems.throwAll();

  // 2. Variables and secret files.
  const values = resolveValues(document, { env, readSecret: readBeside }, problems);

  // 3. Each section by its schema.
  const reader = new Reader(values, problems);
  const sections = readSections(reader, variants, document.sound);

  // 4. Sections against each other, unless a syntax error may have hidden what they refer to.
  if (document.sound) for (const check of ALL_CHECKS) check({ sections, variants, reader, readFile: readBeside });

  // 5. All problems at once, or none.
  problems.throwIfAny();
  const config = buildConfig(file, sections);

  // 6. What runs.
  if (running) refuseWhatNeedsRestart(running, config, reader);
  problems.throwIfAny();
  return config;
}
