import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Contestant, Entrant, Track } from './contestant.ts';
import type { Figure, Goal } from './figures.ts';
import { answerOf, load, type Round } from './load.ts';
import { BODY } from './upstream.ts';

/** Contestants that do the same work, so that their throughput can be compared. */
export interface Race {
  readonly name: string;
  /** One sentence: what the work is. */
  readonly about: string;
  readonly contestants: readonly Contestant[];
  readonly goals: readonly Goal[];
  /** Seconds of the warm-up before the first round, where the usual does not fill what is to be full. */
  readonly warmup?: number;
  /** Seconds until all contestants are up, where that is more than a moment. */
  readonly preparation?: number;
}

export interface Pace {
  readonly seconds: number;
  readonly warmup: number;
  readonly rounds: number;
}

/** One contestant's race: every round, and the medians that are compared. */
export interface Result {
  readonly race: string;
  readonly name: string;
  readonly about: string;
  readonly median: Round;
  readonly rounds: readonly Round[];
}

/**
 * All up, then rounds in turn, then all down. Only one is under load at a time; each round starts with another, so that no one
 * always runs first.
 */
export async function run(race: Race, pace: Pace, track: Track): Promise<Result[]> {
  const racers: { contestant: Contestant; entrant: Entrant; rounds: Round[] }[] = [];
  try {
    for (const contestant of race.contestants) {
      const directory = join(track.directory, String(racers.length));
      await mkdir(directory, { recursive: true });
      const entrant = await contestant.start({ ...track, directory });
      racers.push({ contestant, entrant, rounds: [] });
      // Where a script says what is asked, its answers are its own; wrk fails on any that is not a success.
      if (entrant.script) continue;
      const body = await answerOf(entrant.url, entrant.headers);
      if (body !== BODY) throw new Error(`${contestant.name} changed the body`);
    }

    for (const { contestant, entrant } of racers) await loaded(contestant, entrant, race.warmup ?? pace.warmup);
    for (let round = 0; round < pace.rounds; round++) {
      for (const i of racers.keys()) {
        const racer = racers[(round + i) % racers.length];
        racer?.rounds.push(await loaded(racer.contestant, racer.entrant, pace.seconds));
      }
    }
  } finally {
    for (const { entrant } of racers) await entrant.stop();
  }
  return racers.map(({ contestant: { name, about }, rounds }) => ({
    race: race.name,
    name,
    about,
    median: middleOf(rounds),
    rounds,
  }));
}

async function loaded({ name }: Contestant, entrant: Entrant, seconds: number): Promise<Round> {
  try {
    return await load(entrant, seconds);
  } catch (error) {
    throw new Error(`${name} failed under load`, { cause: error });
  }
}

/** Seconds that a race takes if nothing hangs. */
export function durationOf({ contestants, warmup, preparation = 0 }: Race, pace: Pace): number {
  return preparation + contestants.length * (1 + (warmup ?? pace.warmup) + pace.rounds * (pace.seconds + 0.2));
}

/** Only ratios taken in one race count: absolute figures move from machine to machine. */
export function ratios({ goals }: Race, results: readonly Result[]): Figure[] {
  const throughput = new Map(results.map((result) => [result.name, result.median.requestsPerSecond]));
  return goals.map(({ contestant, over, atLeast }) => ({
    what: `${contestant} ÷ ${over}`,
    value: (throughput.get(contestant) ?? Number.NaN) / (throughput.get(over) ?? Number.NaN),
    atLeast,
  }));
}

function middleOf(rounds: readonly Round[]): Round {
  const of = (key: keyof Round) => median(rounds.map((round) => round[key]));
  return {
    requestsPerSecond: of('requestsPerSecond'),
    p50: of('p50'),
    p99: of('p99'),
    cpu: of('cpu'),
    cpuEach: of('cpuEach'),
  };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.ceil((sorted.length - 1) / 2)]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}
