import { setTimeout } from 'node:timers/promises';

/** Looks until there is something, for ten seconds at most. */
export async function until<T>(look: () => T | undefined): Promise<T> {
  const end = performance.now() + 10_000;
  while (true) {
    const found = look();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error('it did not come');
    await setTimeout(5);
  }
}
