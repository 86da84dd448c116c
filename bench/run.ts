import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensurePrograms } from '../test/support/ensure_dependencies.ts';
import type { Contestant, Entrant } from './contestant.ts';
import { answerOf, load, type Round } from './load.ts';
import { installPeers } from './peers.ts';
import { startRedis } from './redis.ts';
import { idle, judge, record, summarize, table } from './report.ts';
import { CONTESTANTS, GOALS } from './rows.ts';
import { BODY, startUpstream } from './upstream.ts';

/**
 * `npm run bench`: every contestant in one run, on one core each, in interleaved rounds, judged by ratios of medians.
 * Loopback only, bounded in time, and it cleans up behind itself.
 */

interface Settings {
  readonly seconds: number;
  readonly warmup: number;
  readonly rounds: number;
  readonly only: readonly string[];
  readonly profile: boolean;
}

interface Racer {
  readonly contestant: Contestant;
  readonly entrant: Entrant;
  readonly rounds: Round[];
}

async function main(): Promise<number> {
  // 1. What to do, and with what.
  const settings = readSettings();
  ensurePrograms({ wrk: 'wrk', nginx: 'nginx', 'redis-server': 'redis-server', taskset: 'util-linux' });
  installPeers();
  if (availableParallelism() < 2) throw new Error('the bench needs two cores: one for the proxy, one for the load');
  const directory = temporaryDirectory();

  // 2. Everyone up, and answering what the upstream answers.
  const upstream = await startUpstream(join(directory, 'upstream'));
  await answerOf(upstream.url);
  const redis = await startRedis(join(directory, 'redis'));
  const racers: Racer[] = [];
  for (const contestant of contestants(settings)) {
    const profile = settings.profile ? join(import.meta.dirname, 'gatehouse.cpuprofile') : undefined;
    const track = {
      upstream: upstream.url,
      redis: redis.url,
      directory: join(directory, String(racers.length)),
      profile,
    };
    const entrant = await contestant.start(track);
    if ((await answerOf(entrant.url, entrant.headers)) !== BODY) throw new Error(`${contestant.name} changed the body`);
    racers.push({ contestant, entrant, rounds: [] });
  }

  // 3. The race. Only one is under load at a time; each round starts with another, so that no one always runs first.
  endAfter(settings, racers.length);
  for (const { entrant } of racers) await load(entrant, settings.warmup);
  for (let round = 0; round < settings.rounds; round++) {
    for (const i of racers.keys()) {
      const racer = racers[(round + i) % racers.length];
      racer?.rounds.push(await load(racer.entrant, settings.seconds));
    }
    console.log(`round ${round + 1} of ${settings.rounds}`);
  }

  // 4. Everyone down.
  for (const { entrant } of racers) await entrant.stop();
  await upstream.stop();
  await redis.stop();

  // 5. The verdict. A profiler or a missing opponent makes the figures incomparable, so those runs are not judged.
  const results = racers.map(({ contestant, rounds }) => summarize(contestant.name, contestant.about, rounds));
  const verdicts = settings.profile || settings.only.length > 0 ? [] : judge(GOALS, results);
  console.log(`\n${table(results, verdicts)}`);
  if (settings.profile) console.log('\nProfile: bench/gatehouse.cpuprofile');
  if (verdicts.length === 0) return 0;
  if (idle(results).length === 0)
    await writeFile(join(import.meta.dirname, 'results.json'), record(results, verdicts, settings.seconds));
  return verdicts.every(({ met }) => met) ? 0 : 1;
}

function readSettings(): Settings {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '4' },
      warmup: { type: 'string', default: '3' },
      rounds: { type: 'string', default: '5' },
      only: { type: 'string', multiple: true, default: [] },
      profile: { type: 'boolean', default: false },
    },
  });
  return {
    seconds: countUpTo(60, '--seconds', values.seconds),
    warmup: countUpTo(60, '--warmup', values.warmup),
    rounds: countUpTo(50, '--rounds', values.rounds),
    only: values.profile ? ['gatehouse'] : values.only,
    profile: values.profile,
  };
}

function countUpTo(most: number, name: string, text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > most)
    throw new Error(`${name} must be 1 to ${most}, not ${text}`);
  return count;
}

function contestants({ only }: Settings): readonly Contestant[] {
  const unknown = only.filter((name) => !CONTESTANTS.some((contestant) => contestant.name === name));
  const names = CONTESTANTS.map(({ name }) => `"${name}"`).join(', ');
  if (unknown.length > 0) throw new Error(`--only "${unknown[0]}": there are ${names}`);
  return only.length === 0 ? CONTESTANTS : CONTESTANTS.filter(({ name }) => only.includes(name));
}

/** Gone when the process ends, however it ends. */
function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A run that takes far longer than its rounds hangs somewhere: it ends, and its children with it. */
function endAfter({ seconds, warmup, rounds }: Settings, contestants: number): void {
  const planned = (warmup + rounds * seconds) * contestants;
  setTimeout(() => fail(new Error(`not done after ${planned + 60} s`)), (planned + 60) * 1000).unref();
}

function fail(error: unknown): never {
  console.error(error);
  process.exit(1);
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
process.exitCode = await main().catch(fail);
