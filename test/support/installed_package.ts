import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface InstalledPackage {
  /** A folder in which `import 'gatehouse'` finds the package as it would be published: JavaScript, no sources. */
  readonly folder: string;
  remove(): Promise<void>;
}

/** Builds the package and lays it out the way `npm install gatehouse` would. */
export async function installPackage(): Promise<InstalledPackage> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-app-'));
  const modules = join(folder, 'node_modules');
  const home = join(modules, 'gatehouse');
  await mkdir(home, { recursive: true });
  const dist = join(home, 'dist');
  const types = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', dist];
  const code = ['node_modules/rolldown/bin/cli.mjs', '-c', 'rolldown.config.ts', '--dir', dist];
  await Promise.all([types, code].map((command) => run(process.execPath, command)));
  await copyFile('package.json', join(home, 'package.json'));
  for (const name of await readdir('node_modules')) {
    if (!name.startsWith('.')) await symlink(resolve('node_modules', name), join(modules, name));
  }
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
