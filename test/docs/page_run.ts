import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { freePort } from '../support/ports.ts';
import type { Block } from './blocks.ts';

/** The ports that the pages name. Each page gets free ones in their place, so that nothing on this machine is in its way. */
const PORTS = [3000, 6379, 8000, 8080, 8081, 8090, 8091, 9000];

/** What came of one block of commands. */
export interface Ran {
  readonly block: Block;
  /** The exit code; undefined if the shell ended before. */
  readonly code: number | undefined;
  readonly output: string;
  readonly errors: string;
}

/** The longest that all commands of a page may take. */
const PAGE_MS = 60_000;

/**
 * Runs a page's commands as its reader would: in one shell, from top to bottom, in a folder with the shipped `config/`, where
 * the page's files (`file=NAME`) are written when it comes to them. `gatehouse` and `npm start` are the program from source.
 */
export async function runPage(blocks: readonly Block[]): Promise<readonly Ran[]> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-page-'));
  const ports = new Map<number, number>();
  for (const port of PORTS) ports.set(port, await freePort());
  const here = (text: string): string =>
    text.replace(/\b\d{4}\b/g, (digits) => String(ports.get(Number(digits)) ?? digits));
  const there = (text: string): string =>
    [...ports].reduce((it, [port, free]) => it.replaceAll(String(free), String(port)), text);

  await layOut(folder, here);
  const steps = blocks.map((block, index) => stepOf(block, index, here));
  await writeFile(join(folder, '.page.sh'), [`cd '${folder}'`, ...steps].join('\n'));
  const shell = spawn('sh', [join(folder, '.page.sh')], {
    cwd: folder,
    env: { PATH: `${join(folder, '.bin')}:${process.env['PATH'] ?? ''}`, HOME: folder, LANG: 'C.UTF-8' },
    stdio: 'ignore',
    // A group of its own: what the page left running ends with it.
    detached: true,
  });
  const killed = setTimeout(() => end(shell.pid), PAGE_MS);
  await once(shell, 'exit');
  clearTimeout(killed);
  end(shell.pid);

  const ran: Ran[] = [];
  for (const [index, block] of blocks.entries()) {
    const read = (name: string) => readFile(join(folder, `.${index}.${name}`), 'utf8').catch(() => undefined);
    if (!isRun(block)) continue;
    const code = await read('code');
    const output = there((await read('out')) ?? '');
    const errors = there((await read('err')) ?? '');
    ran.push({ block, code: code === undefined ? undefined : Number(code), output, errors });
    if (code === undefined) break;
  }
  await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  return ran;
}

/** Commands that can run here: not those that need something else. */
export const isRun = ({ language, words }: Block): boolean => language === 'sh' && !words.has('needs');

async function layOut(folder: string, here: (text: string) => string): Promise<void> {
  await cp('config', join(folder, 'config'), { recursive: true });
  for (const name of await readdir(join(folder, 'config'))) {
    const file = join(folder, 'config', name);
    if (!name.endsWith('.yaml')) continue;
    const text = await readFile(file, 'utf8');
    // Files without these sections mean the defaults.
    const ports = /^(listen|cases):/m.test(text) ? '' : 'listen: { port: 8080 }\nadmin: { port: 8081 }\n';
    await writeFile(file, here(`${text}\n${ports}`));
  }
  const main = `'${process.execPath}' '${resolve('src/main.ts')}'`;
  const command = (name: string, text: string) =>
    writeFile(join(folder, '.bin', name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  await mkdir(join(folder, '.bin'));
  // The pid of the shell becomes that of the gateway; `start=again` ends it first.
  await command('gatehouse', `[ "$1" = start ] && echo $$ > '${folder}/.gateway'\nexec ${main} "$@"`);
  // Everything is installed already.
  await command(
    'npm',
    `case "$1" in ci|install) exit 0;; start) shift; [ "$1" = -- ] && shift; exec gatehouse start "$@";; esac
while [ "$1" != -- ]; do shift || exit 1; done; shift; exec gatehouse "$@"`,
  );
}

function stepOf(block: Block, index: number, here: (text: string) => string): string {
  const file = block.words.get('file');
  if (file !== undefined) {
    const written = `mkdir -p '${dirname(file)}'\ncat > '${file}' <<'END_OF_FILE'\n${here(block.text)}\nEND_OF_FILE`;
    return written;
  }
  if (!isRun(block)) return '';
  const to = (command: string) => `${command} >.${index}.out 2>.${index}.err </dev/null`;
  const text = here(block.text);
  if (block.words.has('start')) {
    // It runs on while the page goes on, as in a shell of its own.
    const ended = 'kill "$(cat .gateway)"; while kill -0 "$(cat .gateway)" 2>/dev/null; do sleep 0.1; done\n';
    return `${block.words.get('start') === 'again' ? ended : ''}${to(`{ ${text}\n}`)} &
tries=0; until grep -qE 'listening|Ready to accept' .${index}.out; do tries=$((tries + 1)); [ $tries -gt 300 ] && exit 1; sleep 0.1; done
echo 0 >.${index}.code`;
  }
  if (block.words.has('exits')) return `${to(`{ ${text}\n}`)}\necho $? >.${index}.code`;
  return `set -e\n${to(`{ ${text}\n}`)}\nset +e\necho 0 >.${index}.code`;
}

function end(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody is left.
  }
}
