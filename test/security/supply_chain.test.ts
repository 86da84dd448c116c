import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import {
  explainedIn,
  inexact,
  type Lock,
  readLock,
  readManifest,
  readSupply,
  releaseProblem,
  scripts,
  unlicensed,
  unpinned,
} from '../support/supply.ts';

/**
 * The threat: somebody takes over a package that we use, or one that it uses, and publishes a version with a back door. A range would
 * install it tonight; a lock file without hashes would take a changed archive; an install script would run before anybody looks; and
 * a package that nobody maintains is the easiest to take over. What needs the registry is in `npm run supply`.
 */

const product = { manifest: await readManifest('.'), lock: await readLock('.') };
const bench = { manifest: await readManifest('bench'), lock: await readLock('bench') };
const supply = await readSupply();

describe.each([
  ['the product', product],
  ['the bench', bench],
])('%s', (_, { manifest, lock }) => {
  it('names one exact version of each dependency, and the lock file the same', () => {
    expect(inexact(manifest)).toEqual([]);
    const root = lock.packages[''];
    expect([root?.dependencies, root?.devDependencies]).toEqual([manifest.dependencies, manifest.devDependencies]);
  });

  it('pins every package by a hash', () => {
    expect(unpinned(lock, supply)).toEqual([]);
  });

  it('lets no package run a script that nobody has decided on', () => {
    expect(scripts(lock, manifest)).toEqual([]);
  });
});

describe('every dependency has a reason', () => {
  it('those of the product in ARCHITECTURE.md', async () => {
    const explained = explainedIn(await readFile('ARCHITECTURE.md', 'utf8'));
    expect(explained).toEqual(Object.keys(product.manifest.dependencies).sort());
  });

  it('those of development in supply.json', () => {
    expect(Object.keys(supply.development).sort()).toEqual(Object.keys(product.manifest.devDependencies).sort());
  });

  it('and so has every install script, every old release and every missing hash', () => {
    const { dependencies, devDependencies, allowScripts } = product.manifest;
    expect(Object.keys(supply.installScripts).sort()).toEqual(Object.keys(allowScripts).sort());
    const direct = Object.keys({ ...dependencies, ...devDependencies });
    expect(Object.keys(supply.oldReleases).filter((name) => !direct.includes(name))).toEqual([]);
    const unhashed = supply.withoutIntegrity.packages;
    const stale = unhashed.filter((name) => product.lock.packages[`node_modules/${name}`]?.integrity !== undefined);
    expect(stale).toEqual([]);
  });
});

it('ships and uses only what its licence allows', () => {
  expect(unlicensed(product.lock, supply)).toEqual([]);
});

describe('what these checks would catch', () => {
  const locked = (entry: Partial<Lock['packages'][string]>): Lock => ({
    packages: { 'node_modules/a/node_modules/x': { dependencies: {}, devDependencies: {}, ...entry } },
  });

  it.each([
    '^1.2.3',
    '~1.2.3',
    '1.x',
    '*',
    'latest',
    '>=1.2.3',
    '1.2.3 || 2.0.0',
    'github:a/x',
    'https://x.test/x.tgz',
    'npm:y@^1.2.3',
  ])('the version %s', (version) => {
    expect(inexact({ dependencies: { x: version }, devDependencies: {}, allowScripts: {} })).toHaveLength(1);
  });

  it.each([
    ['no hash', {}],
    ['a weak hash', { integrity: 'sha1-deadbeef' }],
    ['another place', { resolved: 'git+ssh://git@github.com/a/x.git', integrity: 'sha512-deadbeef' }],
    ['no hash of a package that ships', { optional: true }],
  ])('%s', (_, entry) => {
    expect(unpinned(locked(entry), { withoutIntegrity: { why: 'for this test', packages: [] } })).toHaveLength(1);
    const excused = { withoutIntegrity: { why: 'for this test', packages: ['x'] } };
    expect(unpinned(locked(entry), excused)).toHaveLength(1);
  });

  it('an install script that is new, and a permission that is left over', () => {
    const manifest = { dependencies: {}, devDependencies: {}, allowScripts: { old: true } };
    expect(scripts(locked({ hasInstallScript: true }), manifest)).toEqual([
      'x: not in allowScripts',
      'old: has no script',
    ]);
  });

  it.each(['GPL-3.0', '', 'MIT AND GPL-3.0', 'UNLICENSED', 'MPL-2.0'])('the licence "%s" in the product', (license) => {
    expect(unlicensed(locked({ license }), supply)).toHaveLength(1);
  });

  it('a dependency without a release for two years, unless a reason stands beside it', () => {
    const releases = { latest: '1.0.0', time: { '1.0.0': '2024-01-01T00:00:00Z', '0.9.1': '2026-01-01T00:00:00Z' } };
    const at = (date: string, oldReleases = {}) => releaseProblem('x', releases, { oldReleases }, new Date(date));
    expect(at('2025-12-31T00:00:00Z')).toBeUndefined();
    expect(at('2026-01-02T00:00:00Z')).toMatch(/^x: last release 1.0.0 on 2024-01-01/);
    expect(at('2026-01-02T00:00:00Z', { x: 'finished, and small' })).toBeUndefined();
    expect(() => releaseProblem('x', { latest: '2.0.0', time: {} }, { oldReleases: {} }, new Date())).toThrow(
      'no date',
    );
  });
});
