import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoConfig } from '../support/demo_config.ts';
import { type DemoProcess, startDemoProcess } from '../support/demo_process.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { imageAllocator } from '../support/image_allocator.ts';
import { isLong, measured, quantile } from '../support/measured.ts';
import { type StallReports, stallReports } from '../support/stall_reports.ts';
import { startCalls } from '../support/steady_calls.ts';
import { aliceTokens } from '../support/token_client.ts';

// Threat: many connections, each as slow as it can be: heads and bodies that come byte by byte, answers that are read byte by byte,
// ranges that make a server copy. Servers that give each a thread, a buffer or no deadline have nothing left for anybody else.

interface Mode {
  readonly name: string;
  /** What slowhttptest is told. */
  readonly options: readonly string[];
  readonly path: string;
  /** Whether each of them holds its connection for a while; otherwise they are answered as quickly as they come. */
  readonly holds: boolean;
}

/** What Debian's slowhttptest can do; bodies for upstreams and for us are read by two different readers. */
const MODES: readonly Mode[] = [
  { name: 'slow heads', options: ['-H', '-i', '1'], path: '/open/hello', holds: true },
  { name: 'slow bodies', options: ['-B', '-i', '1', '-s', '8192'], path: '/open/hello', holds: true },
  { name: 'slow forms', options: ['-B', '-i', '1', '-s', '8192'], path: '/oauth2/token', holds: true },
  { name: 'ranges', options: ['-R', '-a', '5', '-b', '2000'], path: '/open/hello', holds: false },
  {
    name: 'slow reading',
    options: ['-X', '-w', '10', '-y', '20', '-n', '1', '-z', '5', '-k', '3'],
    path: '/open/hello',
    holds: true,
  },
];
/** One after the other, a thousand connections each; or, which takes less time, a thousand of all kinds together. */
const STAGES: readonly (readonly Mode[])[] = isLong() ? MODES.map((mode) => [mode]) : [MODES];
const CONNECTIONS = isLong() ? 1_000 : 200;
/** The long form goes on until slow bodies are refused: they have 20 s, and then must have brought 500 bytes for each second. */
const SECONDS = isLong() ? 30 : 3;
const RATE = 100;
const GROWN_MB = 50;
/** What may stay when all of them are gone. */
const KEPT_MB = 10;
const STALL_MS = 100;
/** Of the turns of the event loop, as in floods.test.ts: some are long because the machine is slow just then. */
const LET_PASS = 4;
/** For each connection the gateway has two, one of them to the upstream. */
const DESCRIPTORS = CONNECTIONS * (isLong() ? 2 : 2 * MODES.length) + 500;

describe.each(['fast', 'full'] as const)('slow clients on the %s lane', (lane) => {
  let gatehouse: GatehouseProcess;
  let upstream: DemoProcess;
  let stalls: StallReports;
  let token: string;
  beforeAll(async () => {
    // Node asks for as many as it may have; more than that only the machine can give.
    const most = Number(
      /^Max open files +\S+ +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? Infinity,
    );
    expect(most, 'open files that a process may have (ulimit -Hn)').toBeGreaterThanOrEqual(DESCRIPTORS);
    upstream = await startDemoProcess();
    stalls = await stallReports();
    const listen = `listen: { host: 127.0.0.1, port: 0, fast_lane: ${lane === 'fast'} }\n`;
    const yaml = (await demoConfig('{ type: memory }', listen)).replace(
      /upstream: demo\b/,
      `upstream: ${upstream.url}`,
    );
    const open = `  - { name: open, path: /open/*, upstream: "${upstream.url}", strip_prefix: /open, auth: none }\n`;
    gatehouse = await startGatehouse(yaml.replace(/^routes:\n/m, `routes:\n${open}`), {
      ...stalls.env,
      ...(await imageAllocator()),
    });
    token = (await aliceTokens(gatehouse.url)).access_token;
  });
  afterAll(async () => {
    await gatehouse?.stop();
    await upstream?.stop();
    await stalls?.remove();
  });

  const descriptors = () => readdirSync(`/proc/${gatehouse.pid}/fd`).length;
  const memory = () =>
    Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${gatehouse.pid}/status`, 'utf8'))?.[1]) / 1024;
  const call = () => ({ url: `${gatehouse.url}/demo/hello`, token });
  /** Lines of the log about what slow clients asked for, or did not come to ask for. */
  const told = () => gatehouse.lines.filter((line) => !line.includes('/demo/hello')).length;

  /** Some of each kind, before anything is measured: what a process grows to with its first work of a kind it keeps. */
  async function serveFirst(): Promise<void> {
    const calls = startCalls(call, RATE);
    await expect.poll(() => calls.outcomes.length, { timeout: 20_000 }).toBeGreaterThan(50);
    if (isLong()) await Promise.all(MODES.map((mode) => attack(mode, gatehouse.url, { connections: 100, seconds: 3 })));
    await calls.stop();
  }

  it('take nothing from others, and leave nothing behind', { timeout: 900_000 }, async () => {
    const first = descriptors();
    await serveFirst();
    await expect.poll(descriptors, { timeout: 30_000 }).toBeLessThanOrEqual(first + 5);
    const { used } = await stalls.report(gatehouse);
    for (const modes of STAGES) {
      const before = { descriptors: descriptors(), memory: memory() };
      const name = modes.map((mode) => mode.name).join(', ');
      const lines = told();
      const top = { descriptors: 0, memory: 0 };
      const sampling = setInterval(() => {
        top.descriptors = Math.max(top.descriptors, descriptors());
        top.memory = Math.max(top.memory, memory());
      }, 50);
      const began = performance.now();
      const calls = startCalls(call, RATE);
      const scale = { connections: CONNECTIONS, seconds: SECONDS };
      await Promise.all(modes.map((mode) => attack(mode, gatehouse.url, scale)));
      const outcomes = await calls.stop();
      clearInterval(sampling);
      const seconds = (performance.now() - began) / 1_000;

      const good = outcomes.filter(({ status }) => status === 200).length;
      expect(good / outcomes.length, name).toBeGreaterThanOrEqual(0.999);
      expect(outcomes.length, name).toBeGreaterThan(seconds * RATE * 0.5);
      const held = modes.filter(({ holds }) => holds).length * CONNECTIONS;
      expect(top.descriptors - before.descriptors, name).toBeGreaterThan(held * 0.9);
      expect(top.memory - before.memory, name).toBeLessThan(GROWN_MB);
      // Each of them came to an end, and was told of.
      await expect.poll(descriptors, { timeout: 30_000 }).toBeLessThanOrEqual(first + 5);
      expect(told() - lines, name).toBeGreaterThanOrEqual(modes.length * CONNECTIONS);

      const after = await stalls.report(gatehouse);
      const stall = after.longest[LET_PASS] ?? 0;
      expect(stall, name).toBeLessThan(STALL_MS);
      expect((after.used - used) / 1024 ** 2, name).toBeLessThan(KEPT_MB);

      const times = outcomes.map(({ ms }) => ms);
      const figure = { count: outcomes.length, max: Math.max(...times), p99: quantile(times, 0.99), unit: 'ms' };
      const clients = isLong() ? `${CONNECTIONS} clients, ${name}` : `${CONNECTIONS} slow clients of each kind`;
      measured({ id: 'Q1', what: `good calls among ${clients} (${lane} lane)`, ...figure });
      const growth = { count: held || CONNECTIONS, max: Math.max(0, top.memory - before.memory), unit: 'MB' };
      measured({ id: 'Q1', what: `growth by ${clients} (${lane} lane)`, ...growth });
      const what = `fifth longest turn of the event loop, with ${clients} (${lane} lane)`;
      measured({ id: 'Q1', what, count: outcomes.length, max: stall, unit: 'ms' });
    }
  });
});

/** Runs one of the attacks; resolves when it has ended by itself. */
async function attack(mode: Mode, origin: string, { connections, seconds }: { connections: number; seconds: number }) {
  const scale = ['-c', connections, '-r', connections, '-l', seconds, '-p', '5', '-v', '0'].map(String);
  const child = spawn('slowhttptest', [...mode.options, ...scale, '-u', `${origin}${mode.path}`], {
    stdio: 'ignore',
    timeout: (seconds + 30) * 1_000,
  });
  const [code, signal] = await once(child, 'exit');
  expect({ mode: mode.name, code, signal }).toEqual({ mode: mode.name, code: 0, signal: null });
}
