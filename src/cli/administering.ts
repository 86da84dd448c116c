import type { Administration } from '../admin/administration.ts';
import type { By, Operation } from '../admin/operation.ts';
import { perform } from '../admin/perform.ts';
import { AdminProblem } from '../admin/problem.ts';
import { openAdministration } from '../administration.ts';
import { type ExitCode, print, type Terminal, UsageError } from './command.ts';
import { configFile, withConfig } from './config_option.ts';

/** How many rows one `list` prints before it says how to get the next ones. */
export const PAGE_SIZE = 100;

/** Does an operation on the configured store, as whoever sits at the machine. */
export type Perform = <Input, Output>(operation: Operation<Input, Output>, input: object) => Promise<Output>;

/**
 * Opens the configured store for one action and closes it again, whatever happens. What is refused is printed and ends with 1.
 * @throws UsageError when what was written is not right.
 */
export async function withOperations(
  config: string | undefined,
  terminal: Terminal,
  then: (perform: Perform) => Promise<ExitCode>,
): Promise<ExitCode> {
  return withConfig(configFile(config, terminal), terminal, async (loaded) => {
    if (loaded.store.type === 'memory') {
      print(terminal.stderr, 'The memory store lives inside the running gateway: configure store: embedded or redis.');
      return 2;
    }
    const opened = await openAdministration(loaded);
    try {
      return await then(performing(opened.administration, byOf(terminal)));
    } catch (error) {
      if (!(error instanceof AdminProblem)) throw error;
      if (error.type === 'invalid' && !isTyped(error)) throw usageErrorOf(error);
      print(terminal.stderr, isTyped(error) ? saidOf(error) : error.message);
      return 1;
    } finally {
      await opened.close();
    }
  });
}

const performing =
  (administration: Administration, by: By): Perform =>
  (operation, input) =>
    perform(administration, operation, input, by);

/** Whoever can read the store's configuration can do everything, so there is no role to ask for. */
const byOf = ({ user }: Terminal): By => ({
  actor: { kind: 'command_line', id: user ?? 'unknown' },
  role: 'admin',
  via: 'command_line',
});

/** Whether all that is wrong is what was typed at the prompt: then no list of options helps. */
const isTyped = ({ fields }: AdminProblem): boolean =>
  fields.length > 0 && fields.every(({ path }) => path === 'password');

const usageErrorOf = (error: AdminProblem): UsageError => new UsageError(saidOf(error));

function saidOf({ message, fields }: AdminProblem): string {
  const said = fields.map(({ path, message: objection }) =>
    path === '' ? objection : `${optionOf(path)} ${objection}`,
  );
  return said.length === 0 ? message : said.join('; ');
}

/** `redirect_uris.1` is the second `--redirect-uri`. */
const optionOf = (path: string): string => OPTIONS[path.replace(/\.\d+$/, '')] ?? path;
const OPTIONS: Readonly<Record<string, string>> = {
  redirect_uris: '--redirect-uri',
  grants: '--grant',
  scopes: '--scope',
  roles: '--role',
  audience: '--audience',
  connections: '--connection',
  dialects: '--dialect',
  connection: '--connection',
  description: '--description',
  email: '--email',
  phone_number: '--phone-number',
  overlap: '--overlap',
};
