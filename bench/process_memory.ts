import { readFile, writeFile } from 'node:fs/promises';

/** Bytes of memory that a process holds now. */
export const residentBytes = (pid: number): Promise<number> => field(pid, 'VmRSS');

/** The most it held since `forgetPeak`. */
export const peakBytes = (pid: number): Promise<number> => field(pid, 'VmHWM');

/** proc(5): writing 5 to clear_refs makes the present size the peak. */
export const forgetPeak = (pid: number): Promise<void> => writeFile(`/proc/${pid}/clear_refs`, '5');

async function field(pid: number, name: string): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kilobytes = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1];
  if (kilobytes === undefined) throw new Error(`process ${pid} has no ${name}`);
  return Number(kilobytes) * 1024;
}
