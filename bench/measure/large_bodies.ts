import { execFile } from 'node:child_process';
import { mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Entrant, LOAD_CORE, type Track } from '../contestant.ts';
import { startNginxProxy } from '../contestants/nginx.ts';
import type { Figure, Measurement } from '../figures.ts';
import { startGatehouse } from '../gatehouse_process.ts';
import { startLargeBodies } from '../large_body_upstream.ts';
import { forgetPeak, peakBytes, residentBytes } from '../process_memory.ts';
import { median } from '../race.ts';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
const ROUNDS = 3;

/** A GiB in one request, and a GiB in one answer: nothing of it may pile up in the gateway. */
export const largeBodies: Measurement = {
  name: '1 GiB each way',
  about:
    'one curl; nginx with proxy_request_buffering off and proxy_buffering as it is by default; the memory is the peak over that before',
  duration: ROUNDS * 4 * 3 + 5,
  async measure(track: Track) {
    await mkdir(track.directory, { recursive: true });
    const file = join(track.directory, 'gib');
    await writeFile(file, '');
    await truncate(file, GIB);
    const upstream = await startLargeBodies();
    const behind = { ...track, upstream: upstream.url };
    const gateway = await startGatehouse({ ...behind, directory: join(track.directory, 'gateway') });
    const nginx = await startNginxProxy({ ...behind, directory: join(track.directory, 'nginx') }, { server: NGINX });
    try {
      const directions = [
        { name: 'up', args: ['-T', file] },
        { name: 'down', args: [] },
      ];
      const figures: Figure[] = [];
      for (const { name, args } of directions) {
        const runs: { readonly ours: Transfer; readonly theirs: Transfer }[] = [];
        for (let round = 0; round < ROUNDS; round++) {
          runs.push({ ours: await transfer(gateway, args), theirs: await transfer(nginx, args) });
        }
        const of = (who: 'ours' | 'theirs', what: keyof Transfer) => median(runs.map((each) => each[who][what]));
        figures.push(
          { what: `${name}: gatehouse (MB/s)`, value: of('ours', 'bytesPerSecond') / 1e6 },
          { what: `${name}: nginx (MB/s)`, value: of('theirs', 'bytesPerSecond') / 1e6 },
          {
            what: `${name}: gatehouse ÷ nginx`,
            value: of('ours', 'bytesPerSecond') / of('theirs', 'bytesPerSecond'),
            atLeast: 0.5,
          },
          {
            what: `${name}: memory on top (MiB)`,
            value: Math.max(...runs.map(({ ours }) => ours.grew)) / MIB,
            atMost: 50,
          },
        );
      }
      return figures;
    } finally {
      await gateway.stop();
      await nginx.stop();
      await upstream.stop();
      await rm(file);
    }
  },
};

const NGINX = 'client_max_body_size 0; proxy_request_buffering off;';

interface Transfer {
  readonly bytesPerSecond: number;
  /** Bytes of memory at the peak, over those before. */
  readonly grew: number;
}

async function transfer({ url, headers, pid }: Entrant, args: readonly string[]): Promise<Transfer> {
  const lines = Object.entries({ ...headers, expect: '' }).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const curl = [
    'curl',
    '-sS',
    '--fail',
    '--http1.1',
    '-o',
    '/dev/null',
    '-w',
    '%{size_upload} %{size_download} %{time_total}',
  ];
  const before = await residentBytes(pid);
  await forgetPeak(pid);
  const { stdout } = await promisify(execFile)('taskset', ['-c', LOAD_CORE, ...curl, ...lines, ...args, url], {
    timeout: 120_000,
  });
  const [up = 0, down = 0, seconds = 0] = stdout.split(' ').map(Number);
  if (Math.max(up, down) < GIB) throw new Error(`${url}: only ${up} bytes up and ${down} down`);
  return { bytesPerSecond: GIB / seconds, grew: (await peakBytes(pid)) - before };
}
