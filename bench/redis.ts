import { mkdir } from 'node:fs/promises';
import { freePort, LOAD_CORE, startProgram } from './contestant.ts';

/** A Redis for this run alone, on the core that the proxies do not have; it keeps nothing on disk. */
export async function startRedis(directory: string): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const port = await freePort();
  await mkdir(directory, { recursive: true });
  const options = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
    '--dir',
    directory,
  ];
  const program = startProgram(LOAD_CORE, 'redis-server', options);
  await program.line(/Ready to accept connections/);
  return { url: `redis://127.0.0.1:${port}`, stop: program.stop };
}
