import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Entrant, LOAD_CORE } from './contestant.ts';

/** What one round of load showed. */
export interface Round {
  readonly requestsPerSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  /** Milliseconds. */
  readonly p99: number;
  /** Share of one core that the proxy used. Far below 1, something else was the limit and the round says little. */
  readonly cpu: number;
  /** Microseconds of that for each request: comparable even where the machine has other things to do. */
  readonly cpuEach: number;
}

const CONNECTIONS = 64;
/** The kernel counts CPU time in hundredths of a second, on every Linux. */
const TICKS_PER_SECOND = 100;

/** Asks as fast as answers come, on 64 kept connections. Throws if a single answer was not a success. */
export async function load(entrant: Entrant, seconds: number): Promise<Round> {
  const headers = Object.entries(entrant.headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const { file, args = [] } = entrant.script ?? {};
  const script = file === undefined ? [] : ['-s', file];
  const options = ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '--latency', ...headers, ...script];
  const wrk = ['wrk', ...options, entrant.url, '--', ...args];

  const [busyBefore, began] = [await cpuSeconds(entrant.pid), performance.now()];
  const { stdout } = await promisify(execFile)('taskset', ['-c', LOAD_CORE, ...wrk], {
    timeout: (seconds + 30) * 1000,
  });
  const [busyAfter, ended] = [await cpuSeconds(entrant.pid), performance.now()];

  const trouble = /^\s*(Non-2xx.*|Socket errors.*)$/m.exec(stdout);
  if (trouble) throw new Error(`${entrant.url}: ${trouble[1]}; asked once more: ${await oneAnswer(entrant)}`);
  const requests = Number(capture(stdout, /^\s*(\d+) requests in/m));
  if (requests === 0) throw new Error(`${entrant.url}: not one answer in ${seconds} s`);
  return {
    requestsPerSecond: Number(capture(stdout, /^Requests\/sec:\s+([\d.]+)/m)),
    p50: milliseconds(capture(stdout, /^\s+50%\s+(\S+)/m)),
    p99: milliseconds(capture(stdout, /^\s+99%\s+(\S+)/m)),
    cpu: (busyAfter - busyBefore) / ((ended - began) / 1000),
    cpuEach: ((busyAfter - busyBefore) * 1e6) / requests,
  };
}

async function oneAnswer({ url, headers }: Entrant): Promise<string> {
  const response = await fetch(url, { headers: { ...headers } });
  return `${response.status} ${await response.text()}`;
}

/** Waits until the address answers 200 (10 s at most) and returns the body. */
export async function answerOf(url: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  let last: unknown;
  for (const deadline = performance.now() + 10_000; performance.now() < deadline; await delay(50)) {
    try {
      const response = await fetch(url, { headers: { ...headers } });
      const body = await response.text();
      if (response.status === 200) return body;
      last = `${response.status} ${body}`;
    } catch (error) {
      last = error;
    }
  }
  throw new Error(`${url} did not answer 200 within 10 s`, { cause: last });
}

function capture(text: string, pattern: RegExp): string {
  const value = pattern.exec(text)?.[1];
  if (value === undefined) throw new Error(`wrk printed nothing like ${pattern}:\n${text}`);
  return value;
}

/** wrk writes `850.00us`, `1.20ms` or `2.00s`. */
function milliseconds(text: string): number {
  const scale = text.endsWith('us') ? 0.001 : text.endsWith('ms') ? 1 : 1000;
  return Number.parseFloat(text) * scale;
}

/** CPU time a process has used so far: fields 14 and 15 of proc(5) stat, counted after the name in parentheses. */
async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
