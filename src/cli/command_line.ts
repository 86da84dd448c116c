import { type ExitCode, print, type Terminal, UsageError } from './command.ts';
import { commands } from './commands.ts';

function help(): string {
  const width = Math.max(...commands.map((command) => command.name.length));
  return [
    'gatehouse <command> [--config FILE]',
    '',
    ...commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`),
    '',
    'gatehouse <command> --help explains one. The configuration is config/gatehouse.yaml, or GATEHOUSE_CONFIG.',
  ].join('\n');
}

/** Runs one command line to its end. @returns the exit code: 0 done, 1 failed, 2 wrong usage or wrong configuration. */
export async function runCommandLine(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const [name, ...args] = argv;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    print(name === undefined ? terminal.stderr : terminal.stdout, help());
    return name === undefined ? 2 : 0;
  }
  const command = commands.find((candidate) => candidate.name === name);
  if (!command) {
    print(terminal.stderr, `gatehouse: there is no command "${name}"`, '', help());
    return 2;
  }
  if (args.includes('--help') || args.includes('-h')) {
    print(terminal.stdout, command.usage);
    return 0;
  }
  try {
    return await command.run(args, terminal);
  } catch (error) {
    if (error instanceof UsageError) {
      print(terminal.stderr, `gatehouse ${name}: ${error.message}`, '', command.usage);
      return 2;
    }
    // Our own errors carry no secret; their message is what gets the reader unstuck.
    print(terminal.stderr, `gatehouse ${name}: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}
