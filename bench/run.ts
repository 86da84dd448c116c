import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensurePrograms } from '../test/support/ensure_dependencies.ts';
import { chart } from './chart.ts';
import type { Track } from './contestant.ts';
import { isMet, type Measurement } from './figures.ts';
import { flameGraph } from './flame.ts';
import { answerOf } from './load.ts';
import { installPeers, PROGRAMS } from './peers.ts';
import { durationOf, type Race, ratios, run } from './race.ts';
import { startRedis } from './redis.ts';
import { type Row, record, summary, table } from './report.ts';
import { MEASUREMENTS, RACES } from './rows.ts';
import { readSettings, type Settings } from './settings.ts';
import { startUpstream } from './upstream.ts';

/**
 * `npm run bench`: every row in one run, each proxy on one core, judged by ratios of medians and by bounds.
 * Loopback only, bounded in time, and it cleans up behind itself.
 */
async function main(): Promise<number> {
  // 1. What to do, and with what.
  const settings = readSettings(namesOf(RACES, MEASUREMENTS));
  ensurePrograms(PROGRAMS);
  installPeers();
  if (availableParallelism() < 2) throw new Error('the bench needs two cores: one for the proxy, one for the load');
  const { races, measurements } = chosen(settings);
  endAfter(races, measurements, settings);

  // 2. What stands behind every contestant.
  const directory = temporaryDirectory();
  const upstream = await startUpstream(join(directory, 'upstream'));
  await answerOf(upstream.url);
  const redis = await startRedis(join(directory, 'redis'));
  const profile = settings.profile ? join(import.meta.dirname, 'gatehouse.cpuprofile') : undefined;
  const trackOf = (row: number): Track => {
    return { upstream: upstream.url, redis: redis.url, directory: join(directory, String(row)), profile };
  };

  // 3. The rows, one after the other.
  const rows: Row[] = [];
  const say = (row: Row): void => {
    rows.push(row);
    console.log(table(row));
  };
  for (const race of races) {
    say(
      await row(race, async () => {
        const results = await run(race, settings, trackOf(rows.length));
        return { results, figures: ratios(race, results) };
      }),
    );
  }
  for (const measurement of measurements) {
    say(
      await row(measurement, async () => ({ results: [], figures: await measurement.measure(trackOf(rows.length)) })),
    );
  }
  await upstream.stop();
  await redis.stop();

  // 4. The verdict. A profiler or a missing opponent makes the figures incomparable, so those runs are not judged.
  if (profile !== undefined) await drawProfile(profile, settings.rounds * settings.seconds);
  if (settings.profile || settings.only.length > 0) return 0;
  console.log(summary(rows));
  await writeFile(join(import.meta.dirname, 'results.json'), record(rows, settings));
  await writeFile(join(import.meta.dirname, 'chart.svg'), chart(rows));
  return rows.every(({ figures }) => figures.every(isMet)) ? 0 : 1;
}

/** One row that fails is a goal missed, and no reason to lose the others. */
async function row(
  { name, about }: Race | Measurement,
  measure: () => Promise<Pick<Row, 'results' | 'figures'>>,
): Promise<Row> {
  try {
    return { name, about, ...(await measure()) };
  } catch (error) {
    console.error(error);
    return { name, about, results: [], figures: [{ what: 'could not be measured', value: Number.NaN, atLeast: 0 }] };
  }
}

function namesOf(races: readonly Race[], measurements: readonly Measurement[]): string[] {
  const contestants = races.flatMap((race) => race.contestants.map(({ name }) => name));
  return [...new Set([...races, ...measurements].map(({ name }) => name).concat(contestants))];
}

/** A race that is named runs whole; one that is not runs with those of its contestants that are. */
function chosen({ only }: Settings): { races: readonly Race[]; measurements: readonly Measurement[] } {
  if (only.length === 0) return { races: RACES, measurements: MEASUREMENTS };
  const named = RACES.map((race) => {
    if (only.includes(race.name)) return race;
    return { ...race, goals: [], contestants: race.contestants.filter(({ name }) => only.includes(name)) };
  });
  return {
    races: named.filter(({ contestants }) => contestants.length > 0),
    measurements: MEASUREMENTS.filter(({ name }) => only.includes(name)),
  };
}

async function drawProfile(profile: string, seconds: number): Promise<void> {
  const drawing = join(import.meta.dirname, 'flame.svg');
  await writeFile(drawing, await flameGraph(profile, seconds));
  console.log(`\nProfile: ${profile}\nFlame graph: ${drawing}`);
}

/** Gone when the process ends, however it ends. */
function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A run that takes far longer than its rows hangs somewhere: it ends, and its children with it. */
function endAfter(races: readonly Race[], measurements: readonly Measurement[], settings: Settings): void {
  const racing = races.reduce((sum, race) => sum + durationOf(race, settings), 0);
  const planned = measurements.reduce((sum, { duration }) => sum + duration, racing);
  const most = Math.ceil(planned * 1.5 + 60);
  setTimeout(() => fail(new Error(`not done after ${most} s`)), most * 1000).unref();
}

function fail(error: unknown): never {
  console.error(error);
  process.exit(1);
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
process.exitCode = await main().catch(fail);
