import { adviceOn } from '../config/advice.ts';
import { type Command, print, UsageError } from './command.ts';
import { configFile, readArguments, withConfig } from './config_option.ts';

const count = (list: readonly unknown[], what: string): string =>
  `${list.length} ${what}${list.length === 1 ? '' : 's'}`;

/** Validates a configuration without running it. */
export const check: Command = {
  name: 'check',
  summary: 'validate the configuration',
  usage: `gatehouse check [--config FILE]

Reads the configuration and reports every problem as
  file:line:column: key: what is wrong, what would be right
Exit 0 when there is none, 2 otherwise.`,
  async run(args, terminal) {
    const { values, positionals } = readArguments(args, {});
    if (positionals.length > 0) throw new UsageError(`unexpected "${positionals[0]}"`);
    const file = configFile(values.config, terminal);
    return withConfig(file, terminal, async (config) => {
      const { routes, clients, connections } = config;
      const counts = [count(routes, 'route'), count(clients, 'client'), count(connections, 'connection')];
      const advice = adviceOn(config).map((line) => `${file}: ${line}`);
      print(terminal.stdout, ...advice, `${file}: ok (${counts.join(', ')})`);
      return 0;
    });
  },
};
