import { parseArgs } from 'node:util';

/**
 * A gateway with so many routes that no YAML may have them (its size is bounded against bombs): those of the file, the first of
 * them again and again under other paths, and from there on the house as `gatehouse start` runs it.
 */
export const pathOf = (route: number): string => `/tenants/${route}/orders`;

if (import.meta.main) {
  const [{ loadConfig }, { variants }, { composeHouse }] = await Promise.all([
    import('../src/config/load.ts'),
    import('../src/compose.ts'),
    import('../src/house.ts'),
  ]);
  const { values, positionals } = parseArgs({ options: { config: { type: 'string' } }, allowPositionals: true });
  const config = await loadConfig(values.config ?? '', { env: process.env, variants });
  const [first] = config.routes;
  if (!first) throw new Error('the configuration needs a route');

  const routes = Array.from({ length: Number(positionals[0]) }, (_, i) => {
    return { ...first, name: `r${i}`, path: `${pathOf(i)}/*` };
  });
  const house = await composeHouse({ ...config, routes }, { output: process.stdout, admin: 'own' });
  await house.listen();
  process.once('SIGTERM', () => void house.drain().then(() => process.exit(0)));
}
