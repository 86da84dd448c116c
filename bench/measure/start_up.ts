import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, PROXY_CORE, startProgram, type Track } from '../contestant.ts';
import type { Measurement } from '../figures.ts';
import { configuration, ROOT } from '../gatehouse_process.ts';
import { median } from '../race.ts';

const STARTS = 7;

/** From the command to a port that takes connections, with the package as it is published. */
export const startUp: Measurement = {
  name: 'start',
  about: `npm run build, then dist/main.js with an embedded store; median of ${STARTS} starts after a first, which compiles`,
  duration: 30,
  async measure(track: Track) {
    const { status } = spawnSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'inherit' });
    if (status !== 0) throw new Error('npm run build failed');
    await mkdir(track.directory, { recursive: true });

    const first = await start(track);
    const later: number[] = [];
    for (let i = 0; i < STARTS; i++) later.push(await start(track));
    return [
      { what: 'the first, which fills the compile cache (ms)', value: first },
      { what: 'listening (ms)', value: median(later), atMost: 300 },
    ];
  },
};

async function start(track: Track): Promise<number> {
  const [port, adminPort] = [await freePort(), await freePort()];
  const file = join(track.directory, 'gatehouse.yaml');
  const store = `type: embedded, path: "${join(track.directory, 'gatehouse.db')}"`;
  await writeFile(file, configuration(port, adminPort, track.upstream, { store }));

  const began = performance.now();
  // Node keeps the cache where this says; a folder of its own makes the first start a first start.
  const cache = `NODE_COMPILE_CACHE=${join(track.directory, 'compiled')}`;
  const command = [cache, process.execPath, join('dist', 'main.js'), 'start', '--config', file];
  const program = startProgram(PROXY_CORE, 'env', command, ROOT);
  try {
    while (!(await takesConnections(port))) {
      if (performance.now() - began > 10_000) throw new Error('not listening after 10 s');
      await delay(2);
    }
    return performance.now() - began;
  } finally {
    await program.stop();
  }
}

async function takesConnections(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
