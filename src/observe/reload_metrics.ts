import { Counter, type Registry } from 'prom-client';

/** How a reload ended. */
export type ReloadOutcome = 'applied' | 'refused';

/** @returns counts one reload. Both outcomes are there from the beginning, so that the first refusal is a rise. */
export function countReloads(registry: Registry): (outcome: ReloadOutcome) => void {
  const reloads = new Counter({
    name: 'gatehouse_config_reloads_total',
    help: 'Reloads of the configuration, by outcome; after a refused one everything goes on as before.',
    labelNames: ['outcome'],
    registers: [registry],
  });
  reloads.inc({ outcome: 'applied' }, 0);
  reloads.inc({ outcome: 'refused' }, 0);
  return (outcome) => reloads.inc({ outcome });
}
