/**
 * The threat: requests that are refused, by the thousand and of every kind at once: each costs a little memory, a descriptor or a moment
 * of the event loop, until there is nothing left for those who may call.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { hashSync } from 'bcryptjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoConfig } from '../support/demo_config.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { imageAllocator } from '../support/image_allocator.ts';
import { isLong, measured, quantile } from '../support/measured.ts';
import { type StallReports, stallReports } from '../support/stall_reports.ts';
import { startCalls } from '../support/steady_calls.ts';
import { aliceTokens } from '../support/token_client.ts';

/** Requests of each kind. */
const EACH = isLong() ? 10_000 : 200;
/** Before anything is measured: code gets compiled, memory grows to what work takes at all, and bcrypt has threads of its own. */
const FIRST = 100;
/** Connections of each kind at once. */
const AT_ONCE = 2;
const STALL_MS = 100;
/**
 * A request that stops the event loop does so each time it comes. Turns that are longer once or twice are so because a busy machine is
 * slow just then, which its counting of the processor's time does not always leave out.
 */
const LET_PASS = 4;
/** Whose work is bounded by counters: a first flood of them would leave nothing for the second. */
const COUNTED = /sign-ins|secrets/;
const GROWN_MB = 50;
/** What may stay: counters of failed sign-ins for five minutes, among others. */
const KEPT_MB = 10;

const BASIC = `Authorization: Basic ${btoa('demo-app:demo-secret')}`;
const get = (target: string, ...lines: string[]) =>
  [`GET ${target} HTTP/1.1`, 'Host: a', ...lines, '', ''].join('\r\n');
function post(target: string, body: string, ...lines: string[]): string {
  const type = 'Content-Type: application/x-www-form-urlencoded';
  return [`POST ${target} HTTP/1.1`, 'Host: a', type, `Content-Length: ${body.length}`, ...lines, '', body].join(
    '\r\n',
  );
}
const signIn = (username: string) => `grant_type=password&username=${username}&password=wrong`;
const random = () => randomBytes(9).toString('hex');

/** What is sent, each on its own connections, and what may come back. */
const KINDS: readonly (readonly [what: string, request: () => string, refused: RegExp])[] = [
  ['made-up tokens', () => get('/demo/x', `Authorization: Bearer ${random()}${random()}${random()}`), /^401$/],
  ['no tokens', () => get('/demo/x', `X-${random()}: 1`), /^401$/],
  ['paths that nobody serves', () => get(`/${random()}/${random()}?${random()}`), /^404$/],
  ['paths with two readings', () => get(`/demo/..%2f${random()}`), /^400$/],
  ['heads that are too long', () => get('/demo/x', `Cookie: ${'a=b;'.repeat(4_500)}`), /^431$/],
  ['targets that are too long', () => get(`/demo/${'a'.repeat(9_000)}`), /^414$/],
  ['bytes that are no HTTP', () => `${random()}\0\xff ${random()}\r\n\r\n`, /^400$/],
  ['two lengths', () => get('/demo/x', 'Content-Length: 1', 'Content-Length: 2'), /^400$/],
  ['bodies that are too long', () => post('/oauth2/token', `a=${'b'.repeat(66_000)}`, BASIC), /^413$/],
  ['forms with 10,000 parameters', () => post('/oauth2/token', 'a&'.repeat(10_000), BASIC), /^400$/],
  ['sign-ins of one user', () => post('/oauth2/token', signIn('alice'), BASIC), /^4(?:00|29)$|^503$/],
  ['sign-ins of one with bcrypt', () => post('/oauth2/token', signIn('imported'), BASIC), /^4(?:00|29)$|^503$/],
  ['sign-ins of anybody', () => post('/oauth2/token', signIn(random()), BASIC), /^4(?:00|29)$|^503$/],
  [
    'client secrets',
    () => post('/oauth2/token', signIn('x'), `Authorization: Basic ${btoa(`demo-app:${random()}`)}`),
    /^4(?:01|29)$|^503$/,
  ],
  ['introspection by nobody', () => post('/oauth2/introspect', `token=${random()}`), /^401$/],
];

describe.each(['fast', 'full'] as const)('floods on the %s lane', (lane) => {
  let stalls: StallReports;
  let gatehouse: GatehouseProcess;
  let token: string;
  beforeAll(async () => {
    stalls = await stallReports();
    const listen = `listen: { host: 127.0.0.1, port: 0, fast_lane: ${lane === 'fast'} }\n`;
    const imported = `      - { id: u-imported, username: imported, password_hash: "${hashSync('wonderland', 12)}" }\n`;
    const yaml = (await demoConfig('{ type: memory }', listen)).replace(/^ {4}users:\n/m, (users) => users + imported);
    gatehouse = await startGatehouse(yaml, { ...stalls.env, ...(await imageAllocator()) });
    token = (await aliceTokens(gatehouse.url)).access_token;
  });
  afterAll(async () => {
    await gatehouse?.stop();
    await stalls?.remove();
  });

  const descriptors = () => readdirSync(`/proc/${gatehouse.pid}/fd`).length;
  const memory = () =>
    Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${gatehouse.pid}/status`, 'utf8'))?.[1]) / 1024;

  /** @returns the status of the answer; empty if there was none. */
  async function ask(request: string): Promise<string> {
    const { hostname, port } = new URL(gatehouse.url);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    socket.on('error', () => {});
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (text.includes('\r\n\r\n')) socket.destroy();
    });
    socket.write(request, 'latin1');
    await once(socket, 'close');
    return /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? '';
  }

  async function flood(kinds: typeof KINDS, each: number): Promise<void> {
    const one = async ([what, request, refused]: (typeof KINDS)[number]) => {
      const seen = new Set<string>();
      for (let sent = 0; sent < each; sent += AT_ONCE) seen.add(await ask(request()));
      for (const status of seen) expect([what, status]).toEqual([what, expect.stringMatching(refused)]);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, () => kinds.map(one)).flat());
  }

  it('stop nothing for long, and leave nothing behind', { timeout: 600_000 }, async () => {
    await flood(
      KINDS.filter(([what]) => !COUNTED.test(what)),
      FIRST,
    );
    await flood(
      KINDS.filter(([what]) => /bcrypt/.test(what)),
      4,
    );
    const { used } = await stalls.report(gatehouse);
    const before = { descriptors: descriptors(), memory: memory() };
    let most = 0;
    const sampling = setInterval(() => (most = Math.max(most, memory())), 50);
    const calls = startCalls(() => ({ url: `${gatehouse.url}/demo/hello`, token }), 50);
    await flood(KINDS, EACH);
    clearInterval(sampling);
    const outcomes = await calls.stop();
    const after = await stalls.report(gatehouse);
    const kept = (after.used - used) / 1024 ** 2;

    expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set([200]));
    const stall = after.longest[LET_PASS] ?? 0;
    expect(stall).toBeLessThan(STALL_MS);
    expect(most - before.memory).toBeLessThan(GROWN_MB);
    expect(kept).toBeLessThan(KEPT_MB);
    await expect.poll(descriptors, { timeout: 30_000 }).toBeLessThanOrEqual(before.descriptors + 5);

    const count = EACH * KINDS.length;
    const figure = (what: string, max: number, unit: string) =>
      measured({ id: 'G10', what: `${what}, during refused requests of ${KINDS.length} kinds`, count, max, unit });
    figure('fifth longest turn of the event loop', stall, 'ms');
    figure('growth of the process', Math.max(0, most - before.memory), 'MB');
    figure('memory still in use afterwards', Math.max(0, kept), 'MB');
    const times = outcomes.map(({ ms }) => ms);
    const good = { count: times.length, max: Math.max(...times), p99: quantile(times, 0.99), unit: 'ms' };
    measured({ id: 'G10', what: 'good calls among refused requests of all kinds', ...good });
  });
});
