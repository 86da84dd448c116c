import cluster from 'node:cluster';
import { availableParallelism } from 'node:os';
import { composeHouse, type House } from '../house.ts';
import type { Config } from '../model/config.ts';
import { type Command, type ExitCode, print, type Terminal, UsageError } from './command.ts';
import { configFile, readArguments, withConfig } from './config_option.ts';
import { type ConfigSource, configSource, reloadOnChange } from './config_source.ts';
import { demoLines } from './demo_lines.ts';
import { supervise } from './supervisor.ts';
import { askSupervisor } from './worker_messages.ts';
import { answerQuestions } from './worker_questions.ts';

/** Runs the gateway until it is told to stop. */
export const start: Command = {
  name: 'start',
  summary: 'run the gateway',
  usage: `gatehouse start [--config FILE]

Runs until SIGTERM or SIGINT, then lets the requests in flight finish and exits with 0. A second signal exits at once.
SIGHUP, or a change of the file or of one that it names, has the configuration read again; a wrong one changes nothing.`,
  async run(args, terminal) {
    const { values, positionals } = readArguments(args, {});
    if (positionals.length > 0) throw new UsageError(`unexpected "${positionals[0]}"`);
    const file = configFile(values.config, terminal);
    const source = configSource(file, terminal);
    if (cluster.isWorker) return work(file, source, terminal);
    const run = (config: Config): Promise<ExitCode> => {
      const workers = config.listen.workers === 'auto' ? availableParallelism() : config.listen.workers;
      return workers > 1 ? supervise(file, config, source, workers, terminal) : serve(file, config, source, terminal);
    };
    return withConfig(file, terminal, run, () => source.load());
  },
};

/** The only process. */
async function serve(file: string, config: Config, source: ConfigSource, terminal: Terminal): Promise<ExitCode> {
  const house = await composeHouse(config, { output: terminal.stdout, admin: 'own' });
  const stopLooking = reloadOnChange(file, source, terminal, () => house.reload((running) => source.load(running)));
  const where = await open(house, 'listening');
  print(terminal.stdout, ...demoLines(config, where.url, where.admin));
  await terminal.terminated;
  stopLooking();
  await house.drain();
  return 0;
}

/** One of the supervisor's workers. It reads no file itself, and leaves SIGHUP, which may go to all of them, to the supervisor. */
async function work(file: string, source: ConfigSource, terminal: Terminal): Promise<ExitCode> {
  terminal.onHangup?.(() => {});
  const supervisor = askSupervisor();
  const contents = await supervisor.contents;
  const run = async (config: Config): Promise<ExitCode> => {
    const house = await composeHouse(config, { output: terminal.stdout, admin: 'none' });
    answerQuestions(house.answers);
    supervisor.onReload((next) => house.reload((running) => source.loadFrom(next, running)));
    await open(house, 'serving');
    await terminal.terminated;
    await house.drain();
    return 0;
  };
  return withConfig(file, terminal, run, () => source.loadFrom(contents));
}

async function open(house: House, event: 'listening' | 'serving') {
  const where = await house.listen().catch((error: unknown) => {
    throw adviceOn(error);
  });
  house.log.event('info', event, { ...where, pid: process.pid });
  house.log.flush();
  return where;
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
