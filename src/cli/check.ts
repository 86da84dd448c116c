import { adviceOn } from '../config/advice.ts';
import { loadPolicy } from '../config/policy.ts';
import { ConfigError, formatProblem } from '../config/problems.ts';
import type { Config } from '../model/config.ts';
import type { PolicyCase } from '../model/policy.ts';
import { judgePolicy, type PolicyFailure } from '../policies.ts';
import { type Command, type ExitCode, print, type Terminal, UsageError } from './command.ts';
import { configFile, readArguments, withConfig } from './config_option.ts';
import { printable } from './table.ts';

const count = (list: readonly unknown[], what: string): string =>
  `${list.length} ${what}${list.length === 1 ? '' : 's'}`;

/** Validates a configuration without running it. */
export const check: Command = {
  name: 'check',
  summary: 'validate the configuration',
  usage: `gatehouse check [--config FILE] [--policy FILE]...

Reads the configuration and reports every problem as
  file:line:column: key: what is wrong, what would be right
With --policy, also judges the cases of that file by the rules of the configuration: calls, what each brings, and what must come of
it (docs/explain.md). No server is asked. Every case that comes out otherwise is reported as
  file:line:column: case: expected this, got that, because of what
Exit 0 when there is none of either, 1 when a case fails, 2 when a file is wrong.`,
  async run(args, terminal) {
    const { values, positionals } = readArguments(args, { policy: { type: 'string', multiple: true } });
    if (positionals.length > 0) throw new UsageError(`unexpected "${positionals[0]}"`);
    const file = configFile(values.config, terminal);
    return withConfig(file, terminal, async (config) => {
      const { routes, clients, connections } = config;
      const counts = [count(routes, 'route'), count(clients, 'client'), count(connections, 'connection')];
      const advice = adviceOn(config).map((line) => `${file}: ${line}`);
      print(terminal.stdout, ...advice, `${file}: ok (${counts.join(', ')})`);
      let code: ExitCode = 0;
      for (const policy of values.policy ?? []) {
        const judged = await judge(policy, config, terminal);
        code = judged > code ? judged : code;
      }
      return code;
    });
  },
};

async function judge(file: string, config: Config, terminal: Terminal): Promise<ExitCode> {
  let cases: readonly PolicyCase[];
  try {
    cases = await loadPolicy({ file, env: terminal.env, config });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    print(terminal.stderr, ...error.problems.map(formatProblem));
    return 2;
  }
  const failures = await judgePolicy(config, cases);
  if (failures.length > 0) print(terminal.stderr, ...failures.map((failure) => lineOf(file, failure)));
  const all = count(cases, 'case');
  print(terminal.stdout, `${file}: ${failures.length > 0 ? `${failures.length} of ${all} failed` : `ok (${all})`}`);
  return failures.length > 0 ? 1 : 0;
}

function lineOf(file: string, { case: { name, line, column }, expected, got, because }: PolicyFailure): string {
  return `${file}:${line}:${column}: ${name}: expected ${printable(expected)}, got ${printable(got)}, because: ${printable(because)}`;
}
