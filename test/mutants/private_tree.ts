import { cp, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** What the tests need no copy of, or must not share. */
const LEFT_OUT = new Set(['.git', 'node_modules', 'dist', 'data', 'coverage']);
/** Caches of the test runner. */
const OWN_MODULES = new Set(['.vite', '.vite-temp', '.vitest', '.cache']);

/**
 * Copies the tree with everything that is not committed yet, the installed packages linked, to a place where it can be damaged.
 * @returns its folder; whoever asked for it removes it.
 */
export async function privateTree(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mutants-'));
  const entries = (await readdir('.')).filter((name) => !LEFT_OUT.has(name) && !name.endsWith('.log'));
  await Promise.all(entries.map((name) => cp(name, join(folder, name), { recursive: true })));
  const modules = join(folder, 'node_modules');
  await mkdir(modules);
  for (const name of await readdir('node_modules')) {
    if (!OWN_MODULES.has(name)) await symlink(resolve('node_modules', name), join(modules, name));
  }
  return folder;
}

export const removeTree = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true });
