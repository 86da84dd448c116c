import { readFileSync } from 'node:fs';
import { variants } from '../../src/compose.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { composeHouse } from '../../src/house.ts';
import { demoConfig } from './demo_config.ts';
import { ManualClock } from './manual_clock.ts';

/** A shipped configuration as a whole gateway on real sockets, in this process, where time stands still until a test moves it. */
export async function startHouseInTime(file: string, more = '', change = (yaml: string) => yaml) {
  const clock = new ManualClock();
  const text = change(await demoConfig('{ type: memory }', more, file));
  const config = parseConfig(text, {
    file,
    env: {},
    readFile: (path) => readFileSync(path, 'utf8'),
    variants,
  });
  const house = await composeHouse(config, { output: { write: () => {} }, admin: 'none', clock });
  const { url } = await house.listen();
  return { clock, url, close: () => house.drain() };
}
export type HouseInTime = Awaited<ReturnType<typeof startHouseInTime>>;
