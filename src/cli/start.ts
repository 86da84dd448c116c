import cluster from 'node:cluster';
import { availableParallelism } from 'node:os';
import { composeHouse } from '../house.ts';
import type { Config } from '../model/config.ts';
import { type Command, type ExitCode, print, type Terminal, UsageError } from './command.ts';
import { configFile, readArguments, withConfig } from './config_option.ts';
import { demoLines } from './demo_lines.ts';
import { supervise } from './supervisor.ts';

/** Runs the gateway until it is told to stop. */
export const start: Command = {
  name: 'start',
  summary: 'run the gateway',
  usage: `gatehouse start [--config FILE]

Runs until SIGTERM or SIGINT, then lets the requests in flight finish and exits with 0. A second signal exits at once.`,
  async run(args, terminal) {
    const { values, positionals } = readArguments(args, {});
    if (positionals.length > 0) throw new UsageError(`unexpected "${positionals[0]}"`);
    return withConfig(configFile(values.config, terminal), terminal, (config) => {
      const workers = config.listen.workers === 'auto' ? availableParallelism() : config.listen.workers;
      if (workers > 1 && cluster.isPrimary) return supervise(config, workers, terminal);
      return serve(config, terminal);
    });
  },
};

/** One process that serves: the only one, or one of the supervisor's workers. */
async function serve(config: Config, terminal: Terminal): Promise<ExitCode> {
  const alone = !cluster.isWorker;
  const house = await composeHouse(config, { output: terminal.stdout, admin: alone ? 'own' : 'none' });
  const where = await house.listen().catch((error: unknown) => {
    throw adviceOn(error);
  });
  house.log.event('info', alone ? 'listening' : 'serving', { ...where, pid: process.pid });
  house.log.flush();
  if (alone) print(terminal.stdout, ...demoLines(config, where.url));
  await terminal.terminated;
  await house.drain();
  return 0;
}

/** What to do about an address that cannot be listened on; any other error as it is. */
function adviceOn(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  if (error.code === 'EADDRINUSE')
    return new Error(`${error.message}: stop the program that uses it, or choose another port in listen or admin`);
  if (error.code === 'EACCES' || error.code === 'EADDRNOTAVAIL')
    return new Error(`${error.message}: choose another host or port in listen or admin`);
  return error;
}
