import { readFile } from 'node:fs/promises';
import { z } from 'zod';

/** What the project says about its dependencies (`package.json`, `supply.json`, the lock file), and what is wrong with it. */

const REASON = z.string().min(10);
const REASONS = z.record(z.string(), REASON);
const VERSIONS = z.record(z.string(), z.string()).default({});

const MANIFEST = z.object({
  dependencies: VERSIONS,
  devDependencies: VERSIONS,
  allowScripts: z.record(z.string(), z.boolean()).default({}),
});

const LOCK = z.object({
  packages: z.record(
    z.string(),
    z.object({
      /** Of a package that is installed under another name. */
      name: z.string().optional(),
      version: z.string().optional(),
      resolved: z.string().optional(),
      integrity: z.string().optional(),
      license: z.string().optional(),
      dev: z.boolean().optional(),
      optional: z.boolean().optional(),
      hasInstallScript: z.boolean().optional(),
      dependencies: VERSIONS,
      devDependencies: VERSIONS,
    }),
  ),
});

const SUPPLY = z.strictObject({
  /** Why each development dependency is there; those of the product stand in ARCHITECTURE.md. */
  development: REASONS,
  /** Why a dependency without a release for two years is kept. */
  oldReleases: REASONS,
  /** Why a package may run a script when it is installed. */
  installScripts: REASONS,
  licences: z.strictObject({ runtime: z.array(z.string()), development: z.array(z.string()) }),
  /** What the lock file has no hash of, and why. */
  withoutIntegrity: z.strictObject({ why: REASON, packages: z.array(z.string()) }),
});

export type Manifest = z.infer<typeof MANIFEST>;
export type Lock = z.infer<typeof LOCK>;
export type Supply = z.infer<typeof SUPPLY>;

/** Without a range: `npm update` and a fresh install without the lock file bring the same. `npm:` renames a package. */
const EXACT = /^(npm:(@[\w.-]+\/)?[\w.-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/;

const TWO_YEARS_IN_DAYS = 730;

/** Reads `package.json` of a folder. @throws ZodError when it is none. */
export async function readManifest(folder: string): Promise<Manifest> {
  return MANIFEST.parse(JSON.parse(await readFile(`${folder}/package.json`, 'utf8')));
}

/** Reads `package-lock.json` of a folder. @throws ZodError when it is none. */
export async function readLock(folder: string): Promise<Lock> {
  return LOCK.parse(JSON.parse(await readFile(`${folder}/package-lock.json`, 'utf8')));
}

/** Reads `supply.json`. @throws ZodError for a missing or empty reason. */
export async function readSupply(): Promise<Supply> {
  return SUPPLY.parse(JSON.parse(await readFile('supply.json', 'utf8')));
}

/** Direct dependencies that are not one exact version. */
export function inexact({ dependencies, devDependencies }: Manifest): string[] {
  return Object.entries({ ...dependencies, ...devDependencies })
    .filter(([, version]) => !EXACT.test(version))
    .map(([name, version]) => `${name}: ${version}`);
}

/** The packages in the table "Dependencies, and why each" of ARCHITECTURE.md, whose second column is not empty. */
export function explainedIn(architecture: string): string[] {
  const [, section = ''] = /^## Dependencies, and why each\n(.*?)^## /ms.exec(architecture) ?? [];
  const rows = [...section.matchAll(/^\| (`[^|]*`) \| ([^|]{10,}) \|$/gm)];
  return rows.flatMap(([, names = '']) => [...names.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)).sort();
}

/** What in a lock file could be something else tomorrow: no strong hash, or not from a registry. */
export function unpinned(lock: Lock, { withoutIntegrity }: Pick<Supply, 'withoutIntegrity'>): string[] {
  return installed(lock).flatMap(({ name, entry }) => {
    if (entry.resolved !== undefined && !entry.resolved.startsWith('https://registry.npmjs.org/'))
      return [`${name}: from ${entry.resolved}`];
    if (entry.integrity === undefined) {
      const excused = withoutIntegrity.packages.includes(name) && entry.optional === true && entry.dev === true;
      return excused ? [] : [`${name}: no hash`];
    }
    return entry.integrity.startsWith('sha512-') ? [] : [`${name}: ${entry.integrity}`];
  });
}

/** Packages that would run something when they are installed and may not; and permissions that nobody needs any more. */
export function scripts(lock: Lock, { allowScripts }: Manifest): string[] {
  const wanting = installed(lock)
    .filter(({ entry }) => entry.hasInstallScript === true)
    .map(({ name }) => name);
  const undecided = wanting.filter((name) => allowScripts[name] === undefined);
  const stale = Object.keys(allowScripts).filter((name) => !wanting.includes(name));
  return [...undecided.map((name) => `${name}: not in allowScripts`), ...stale.map((name) => `${name}: has no script`)];
}

/** Packages under a licence that is not in the list: of those shipped with the product, and of those that only develop it. */
export function unlicensed(lock: Lock, { licences, withoutIntegrity }: Supply): string[] {
  return installed(lock).flatMap(({ name, entry }) => {
    // What the registry did not carry has no licence in the lock file either.
    if (entry.license === undefined && withoutIntegrity.packages.includes(name)) return [];
    const allowed = entry.dev === true ? [...licences.runtime, ...licences.development] : licences.runtime;
    return satisfies(entry.license ?? '', allowed) ? [] : [`${name}: ${entry.license ?? 'no licence'}`];
  });
}

/** What the registry tells of a package: its newest version, and when each was published. */
export interface Releases {
  readonly latest: string;
  readonly time: Readonly<Record<string, string>>;
}

/**
 * What is wrong with the age of a dependency's last release, or undefined. The last release is the one that is tagged `latest`:
 * another may be newer, but nobody would install it. @throws Error when the registry tells no date.
 */
export function releaseProblem(
  name: string,
  { latest, time }: Releases,
  { oldReleases }: Pick<Supply, 'oldReleases'>,
  now: Date,
): string | undefined {
  const published = Date.parse(time[latest] ?? '');
  if (Number.isNaN(published)) throw new Error(`the registry tells no date of ${name} ${latest}`);
  const days = Math.floor((now.getTime() - published) / 86_400_000);
  if (days <= TWO_YEARS_IN_DAYS || oldReleases[name] !== undefined) return undefined;
  const when = new Date(published).toISOString().slice(0, 10);
  return `${name}: last release ${latest} on ${when}; replace it, or say under oldReleases in supply.json why it stays`;
}

function installed(lock: Lock) {
  return Object.entries(lock.packages)
    .filter(([path]) => path !== '')
    .map(([path, entry]) => {
      const place = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
      return { name: entry.name ?? place, entry };
    });
}

/** SPDX without nesting, which no package here uses: either all of `A AND B`, or one of `A OR B`. */
function satisfies(expression: string, allowed: readonly string[]): boolean {
  const known = (licence: string) => allowed.includes(licence);
  const plain = expression.replace(/^\((.*)\)$/, '$1');
  return plain.includes(' AND ') ? plain.split(' AND ').every(known) : plain.split(' OR ').some(known);
}
