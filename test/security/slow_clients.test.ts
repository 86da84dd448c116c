import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoConfig } from '../support/demo_config.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { isLong, measured, quantile } from '../support/measured.ts';
import { startCalls } from '../support/steady_calls.ts';
import { aliceTokens } from '../support/token_client.ts';

// Threat: many connections, each as slow as it can be: heads and bodies that come byte by byte, answers that are read byte by byte,
// ranges that make a server copy. Servers that give each a thread, a buffer or no deadline have nothing left for anybody else.

/** Of each kind: a thousand together. */
const CONNECTIONS = 200;
const SECONDS = isLong() ? 20 : 5;
const RATE = 100;

/** What Debian's slowhttptest can do. All at once are worse than one after the other, and take less time. */
const MODES: Readonly<Record<string, readonly string[]>> = {
  'slow heads': ['-H', '-i', '1'],
  'slow bodies': ['-B', '-i', '1', '-s', '8192'],
  'slow forms at our own endpoints': ['-B', '-i', '1', '-s', '8192'],
  ranges: ['-R', '-a', '5', '-b', '2000'],
  'slow reading': ['-X', '-w', '10', '-y', '20', '-n', '1', '-z', '5', '-k', '3'],
};

describe.each(['fast', 'full'] as const)('slow clients on the %s lane', (lane) => {
  let gatehouse: GatehouseProcess;
  let token: string;
  beforeAll(async () => {
    const listen = `listen: { host: 127.0.0.1, port: 0, fast_lane: ${lane === 'fast'} }\n`;
    const yaml = await demoConfig('{ type: memory }', listen);
    const open = '  - { name: open, path: /open/*, upstream: demo, strip_prefix: /open, auth: none }\n';
    gatehouse = await startGatehouse(yaml.replace(/^routes:\n/m, `routes:\n${open}`));
    token = (await aliceTokens(gatehouse.url)).access_token;
  });
  afterAll(() => gatehouse?.stop());

  const descriptors = () => readdirSync(`/proc/${gatehouse.pid}/fd`).length;
  const memory = () =>
    Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${gatehouse.pid}/status`, 'utf8'))?.[1]) / 1024;

  it('take nothing from others, and leave nothing behind', { timeout: (SECONDS + 60) * 1_000 }, async () => {
    const call = () => ({ url: `${gatehouse.url}/demo/hello`, token });
    const warm = startCalls(call, RATE);
    await expect.poll(() => warm.outcomes.length, { timeout: 20_000 }).toBeGreaterThan(50);
    await warm.stop();
    const before = { descriptors: descriptors(), memory: memory() };

    const calls = startCalls(call, RATE);
    const attacks = Object.entries(MODES).map(([name, options]) =>
      attack(options, `${gatehouse.url}${name.includes('own') ? '/oauth2/token' : '/open/hello'}`),
    );
    await expect.poll(descriptors, { timeout: 20_000 }).toBeGreaterThan(before.descriptors + CONNECTIONS);
    const top = { descriptors: descriptors(), memory: memory() };
    await Promise.all(attacks);
    const outcomes = await calls.stop();

    const good = outcomes.filter(({ status }) => status === 200).length;
    expect(good / outcomes.length).toBeGreaterThanOrEqual(0.999);
    expect(outcomes.length).toBeGreaterThan(SECONDS * RATE * 0.5);
    expect(top.memory - before.memory).toBeLessThan(50);
    await expect.poll(descriptors, { timeout: 30_000 }).toBeLessThanOrEqual(before.descriptors + 5);
    const times = outcomes.map(({ ms }) => ms);
    const figure = { count: outcomes.length, max: Math.max(...times), p99: quantile(times, 0.99), unit: 'ms' };
    measured({ id: 'Q1', what: `good calls among ${CONNECTIONS} slow clients of each kind (${lane} lane)`, ...figure });
  });
});

/** Runs one of the attacks; resolves when it has ended by itself. */
async function attack(options: readonly string[], url: string): Promise<void> {
  const common = ['-c', CONNECTIONS, '-r', CONNECTIONS, '-l', SECONDS, '-p', '5', '-v', '0', '-u', url].map(String);
  const child = spawn('slowhttptest', [...options, ...common], { stdio: 'ignore', timeout: (SECONDS + 30) * 1_000 });
  const [code, signal] = await once(child, 'exit');
  expect({ code, signal }).toEqual({ code: 0, signal: null });
}
