import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { variants } from '../../src/compose.ts';
import { parseConfig } from '../../src/config/parse.ts';
import type { Config } from '../../src/model/config.ts';
import { runCommand } from '../support/command_run.ts';

/** Runs `gatehouse import` on texts. @param more further files, given with `--consumers`. */
export async function imported(kind: 'kong' | 'express-gateway', text: string, more: readonly string[] = []) {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-import-'));
  try {
    const files = await Promise.all(
      [text, ...more].map(async (content, at) => {
        const file = join(folder, `${at}.yaml`);
        await writeFile(file, content);
        return file;
      }),
    );
    const [first = '', ...others] = files;
    const { code, output, errors } = await runCommand([
      'import',
      kind,
      first,
      ...others.flatMap((file) => ['--consumers', file]),
    ]);
    return { code, yaml: output, notes: errors.replaceAll(`${folder}/`, '').split('\n').slice(0, -1) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What the gateway makes of it. @throws ConfigError */
export function configOf(yaml: string): Config {
  const readFile = () => {
    throw new Error('no file is named');
  };
  return parseConfig(yaml, { file: 'imported.yaml', env: {}, readFile, variants });
}
