import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { variants } from '../compose.ts';
import { loadConfig } from '../config/load.ts';
import { ConfigError, formatProblem } from '../config/problems.ts';
import type { Config } from '../model/config.ts';
import { type ExitCode, print, type Terminal, UsageError } from './command.ts';

/** `--config FILE`, which every command that needs a configuration takes. */
const CONFIG_OPTION = { config: { type: 'string', short: 'c' } } as const;

/** Parses a command's arguments strictly; `--config` is understood everywhere. @throws UsageError */
export function readArguments<Options extends ParseArgsOptionsConfig>(args: readonly string[], options: Options) {
  try {
    return parseArgs({
      args: [...args],
      options: { ...CONFIG_OPTION, ...options },
      allowPositionals: true,
      strict: true,
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** Which file `--config`, then `GATEHOUSE_CONFIG`, then the default name. */
export function configFile(option: string | undefined, terminal: Terminal): string {
  return option ?? terminal.env['GATEHOUSE_CONFIG'] ?? 'config/gatehouse.yaml';
}

/** Loads the configuration and goes on with it; a wrong one is printed, every problem on a line of its own, and ends with 2. */
export async function withConfig(
  file: string,
  terminal: Terminal,
  then: (config: Config) => Promise<ExitCode>,
  load = () => loadConfig(file, { env: terminal.env, variants }),
): Promise<ExitCode> {
  let config: Config;
  try {
    config = await load();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    print(terminal.stderr, ...error.problems.map(formatProblem));
    return 2;
  }
  return then(config);
}
