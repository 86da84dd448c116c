import { parseArgs } from 'node:util';
import type { Pace } from './race.ts';

/** What the command line of `npm run bench` says. */
export interface Settings extends Pace {
  /** Names of races, contestants and measurements; empty for all. A run of only some is not judged. */
  readonly only: readonly string[];
  readonly profile: boolean;
}

export function readSettings(names: readonly string[]): Settings {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '3' },
      warmup: { type: 'string', default: '2' },
      rounds: { type: 'string', default: '5' },
      only: { type: 'string', multiple: true, default: [] },
      profile: { type: 'boolean', default: false },
    },
  });
  const unknown = values.only.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new Error(`--only "${unknown}": there are ${names.map((name) => `"${name}"`).join(', ')}`);
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
