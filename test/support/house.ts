import { readFileSync } from 'node:fs';
import { variants } from '../../src/compose.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { composeHouse } from '../../src/house.ts';
import { type Clock, systemClock } from '../../src/model/clock.ts';
import { milliseconds } from '../../src/model/units.ts';

/** One line of the log about a call. */
export interface LoggedCall {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly [field: string]: unknown;
}

/** A whole gateway in this process: real sockets, real time, and a log that can be read. */
export interface HouseUnderTest {
  readonly url: string;
  readonly port: number;
  /** What was logged about calls so far. */
  calls(): LoggedCall[];
  /** Moves the hour that tokens expire by, in milliseconds. */
  advance(time: number): void;
  close(): Promise<void>;
}

/** @param yaml a whole configuration. */
export async function startHouse(yaml: string): Promise<HouseUnderTest> {
  let ahead = 0;
  const clock: Clock = { now: () => milliseconds(Date.now() + ahead), monotonic: () => systemClock.monotonic() };
  const config = parseConfig(yaml, {
    file: 'gatehouse.yaml',
    env: {},
    readFile: (path) => readFileSync(path, 'utf8'),
    variants,
  });
  let log = '';
  const output = { write: (text: string) => (log += text) };
  const house = await composeHouse(config, { output, admin: 'none', clock });
  const { url } = await house.listen();
  return {
    url,
    port: Number(new URL(url).port),
    calls() {
      house.log.flush();
      return log
        .split('\n')
        .filter((line) => line.includes('"path":'))
        .map((line) => JSON.parse(line) as LoggedCall);
    },
    advance: (time) => (ahead += time),
    close: () => house.drain(),
  };
}
