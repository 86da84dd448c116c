import { openRegistry, type Registry } from '../house.ts';
import { type ExitCode, print, type Terminal } from './command.ts';
import { configFile, withConfig } from './config_option.ts';

/** How many rows one `list` prints before it says how to get the next ones. */
export const PAGE_SIZE = 100;

/** Opens the configured store for one action and closes it again, whatever happens. */
export async function withRegistry(
  config: string | undefined,
  terminal: Terminal,
  then: (registry: Registry) => Promise<ExitCode>,
): Promise<ExitCode> {
  return withConfig(configFile(config, terminal), terminal, async (loaded) => {
    if (loaded.store.type === 'memory') {
      print(terminal.stderr, 'The memory store lives inside the running gateway: configure store: embedded or redis.');
      return 2;
    }
    const registry = await openRegistry(loaded);
    try {
      return await then(registry);
    } catch (error) {
      if (!(error instanceof Error && error.name === 'RegistryProblem')) throw error;
      print(terminal.stderr, error.message);
      return 1;
    } finally {
      await registry.close();
    }
  });
}
