/**
 * The configuration: one YAML file in, one frozen `Config` out, or every problem of the file at once.
 *
 * This room owns the YAML's keys, defaults, limits and messages. No other room sees snake_case or the file. It must not start,
 * open or connect anything, read the environment on its own, or put a value into a message: any value may be a secret.
 */
import type { Config } from '../model/config.ts';
import { type ReadFile, readConfigurationFile, readSecretFile } from './files.ts';
import { parseConfig } from './parse.ts';
import { Problems } from './problems.ts';
import type { Environment } from './substitute.ts';
import type { ConfigVariants } from './variants.ts';

export interface LoadOptions {
  /** Where `${NAME}` is looked up. */
  readonly env: Environment;
  /** Reads the file itself; the file system by default. */
  readonly readText?: ((file: string) => Promise<string>) | undefined;
  /** Reads the files that it names; the file system by default. */
  readonly readFile?: ReadFile | undefined;
  readonly variants: ConfigVariants;
  /** What runs: a file that differs where only a restart could follow is refused. */
  readonly running?: Config | undefined;
}

/**
 * Reads a configuration file.
 * @throws ConfigError with every problem of it; a file that cannot be read at all is one problem.
 */
export async function loadConfig(
  file: string,
  { env, readText = readConfigurationFile, readFile = readSecretFile, variants, running }: LoadOptions,
): Promise<Config> {
  let text: string;
  try {
    text = await readText(file);
  } catch (error) {
    const problems = new Problems(file);
    problems.add(
      { line: 1, column: 1 },
      'configuration',
      `the file ${error instanceof Error ? error.message : 'cannot be read'}`,
    );
    return problems.throwAll();
  }
  return parseConfig(text, { file, env, readFile, variants, running });
}
