import { type ExitCode, type Terminal, UsageError } from './command.ts';

/** What follows the command's name picks one of its actions: `client add …`, `client list`. */
export type Actions = Readonly<Record<string, (args: readonly string[], terminal: Terminal) => Promise<ExitCode>>>;

/** @throws UsageError when the first argument names no action. */
export function runAction(actions: Actions, args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const [name, ...rest] = args;
  const action = name === undefined || !Object.hasOwn(actions, name) ? undefined : actions[name];
  if (!action) {
    const known = Object.keys(actions).join(', ');
    throw new UsageError(name === undefined ? `say which of ${known}` : `"${name}" is not one of ${known}`);
  }
  return action(rest, terminal);
}

/** The one positional an action takes. @throws UsageError when there is none or more than one. */
export function onePositional(positionals: readonly string[], what: string): string {
  const [value, extra] = positionals;
  if (value === undefined) throw new UsageError(`${what} is missing`);
  if (extra !== undefined) throw new UsageError(`unexpected "${extra}" after the ${what}`);
  return value;
}
