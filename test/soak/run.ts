/**
 * `npm run soak -- --hours 1`: two gateways over one Redis under everything that callers do, reloaded every five minutes, with Redis
 * killed, frozen, slowed and cut off now and then. Prints a line each minute and judges at the end; exit code 1 if something was wrong.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { quantile } from '../support/measured.ts';
import { callVisits } from './call_visits.ts';
import { Caller } from './caller.ts';
import { Holdings } from './holdings.ts';
import { keptHeap } from './kept_heap.ts';
import { Load } from './load.ts';
import { setStage } from './stage.ts';
import { tokenVisits } from './token_visits.ts';
import { createTrouble } from './trouble.ts';
import { complaints, type Failure, heapSlope, inWords, type Run, type Weight, warmUp } from './verdict.ts';
import { failureOf } from './visit.ts';
import { descriptorsOf, look, type Sample } from './watch.ts';

/** Of a thousand visits. */
const MIXTURE: Readonly<Record<string, number>> = {
  ...{ get: 680, open: 80, upload: 40, events: 4, socket: 4 },
  ...{ client_credentials: 30, password: 8, code: 4, refresh: 20, revoke: 20, introspect: 20 },
  ...{ revoked: 20, unknown_token: 20, no_token: 15, wrong_scope: 10, wrong_password: 3, nonsense: 12, leave: 10 },
};
const STREAMS = new Set(['events', 'socket']);
/** Events of one minute that are told one by one. */
const MOST_TOLD = 12;
/** Milliseconds after which idle connections to the API and from the callers are gone. */
const QUIET = 10_000;

const { values } = parseArgs({
  options: {
    hours: { type: 'string' },
    minutes: { type: 'string' },
    rate: { type: 'string', default: '100' },
    'reload-every': { type: 'string', default: '5' },
    'break-every': { type: 'string', default: '4' },
    'weigh-every': { type: 'string', default: '5' },
  },
});
const minutes = Number(values.minutes ?? Number(values.hours ?? '1') * 60);
const rate = Number(values.rate);
if (!(minutes > 0 && rate > 0)) throw new Error('--hours, --minutes and --rate must be numbers above 0');
/** Of a short run each is to be seen at least twice. */
const every = (wish: string) => Math.min(Number(wish), minutes / 3) * 60_000;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

// An end by exit takes the gateways along; by the signal itself they would go on.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const stage = await setStage();
const holdings = new Holdings();
const caller = new Caller();
const trouble = createTrouble(stage);
const visits = { ...callVisits(caller, holdings), ...tokenVisits(caller, holdings, stage.password) };
const failures: Failure[] = [];
const times = new Map<string, number[]>();
const counts = { visits: 0 };
/** Seconds. */
const stalls = { minute: 0, all: 0 };
const unjudged: { kind: string; from: number; until: number; error: unknown; leaving: boolean }[] = [];
let leaving = false;
const happened: string[] = [];
const began = performance.now();
const minutesNow = () => (performance.now() - began) / 60_000;
const load = new Load(
  stage.nodes,
  Object.entries(visits).map(([kind, visit]) => ({ kind, visit, share: MIXTURE[kind] ?? 0 })),
  (kind, from, until, error) => {
    counts.visits += 1;
    const mine = times.get(kind) ?? [];
    times.set(kind, mine);
    mine.push(until - from);
    if (error !== undefined) unjudged.push({ kind, from, until, error, leaving });
  },
  (from, until) => {
    trouble.stood(from, until);
    stalls.minute += (until - from) / 1_000;
    stalls.all += (until - from) / 1_000;
  },
);

/** Only now and then, because a stall of the machine is known when it is over. @returns the new failures. */
function judge(): Failure[] {
  const fresh = unjudged.splice(0).map(({ kind, from, until, error, leaving: left }) => {
    // A gateway that is told to end gives streams a moment, not as long as they like.
    const excused = trouble.excuses(from, until) || (left && STREAMS.has(kind));
    const failure = failureOf(kind, error, excused);
    if ((failure.always || !excused) && happened.length < MOST_TOLD)
      happened.push(
        `${((until - began) / 1_000).toFixed(1)} s: ${kind} ${failure.what} (${(until - from).toFixed(0)} ms)`,
      );
    return failure;
  });
  failures.push(...fresh);
  return fresh;
}

const weights = new Map<string, Weight[]>(stage.nodes.map(({ name }) => [name, []]));
/** Weighs what each gateway keeps, while nobody calls. */
async function weigh(): Promise<void> {
  for (const { name, gatehouse } of stage.nodes) {
    const { objects, code } = await keptHeap(gatehouse);
    weights.get(name)?.push({ at: minutesNow(), heapMb: objects });
    happened.push(`${name} keeps ${objects.toFixed(2)} MB of objects and ${code.toFixed(2)} of code`);
  }
}

/** Nobody calls until idle connections are gone; then what is open is what the gateway itself keeps. */
async function countQuietly(): Promise<number[]> {
  await load.stop();
  caller.rest();
  await delay(QUIET);
  return Promise.all(stage.nodes.map(descriptorsOf));
}

const ended = new AbortController();
/** Does something again and again until the end. @param wait milliseconds before each; 0: never. */
async function repeat(wait: number, act: () => Promise<void>): Promise<void> {
  if (wait === 0) return;
  try {
    for (;;) {
      await delay(wait, undefined, { signal: ended.signal });
      await act();
    }
  } catch (error) {
    if (!ended.signal.aborted) throw error;
  }
}

const samples = new Map<string, Sample[]>(stage.nodes.map(({ name }) => [name, []]));
let reloadsMissed = 0;
let reported = 0;

function report(minute: string): void {
  const calls = times.get('get') ?? [];
  const ms = (kind: readonly number[], share: number) => quantile(kind, share).toFixed(1);
  const fresh = judge();
  const tokens = ['client_credentials', 'refresh', 'revoke'].flatMap((kind) => times.get(kind) ?? []);
  const nodes = [...samples].flatMap(([name, all]) => {
    const last = all.at(-1);
    if (!last) return [];
    const floor = Math.min(...all.slice(-60).map(({ heapMb }) => heapMb));
    return `${name}: heap ≥ ${floor.toFixed(1)} MB, RSS ${last.rssMb.toFixed(0)} MB, ${last.descriptors} descriptors`;
  });
  print(
    `${minute}  ${counts.visits - reported} visits; calls p50 ${ms(calls, 0.5)} p99 ${ms(calls, 0.99)} max ${ms(calls, 1)} ms; ` +
      `tokens p50 ${ms(tokens, 0.5)} p99 ${ms(tokens, 0.99)} ms; machine stood still ${stalls.minute.toFixed(1)} s; ${nodes.join('; ')}`,
  );
  if (happened.length > 0) print(`        ${happened.splice(0).join('; ')}`);
  const wrong = fresh.filter(({ excused, always }) => always || !excused);
  const excused = fresh.filter((failure) => !wrong.includes(failure));
  if (excused.length > 0) print(`        excused: ${inWords(excused)}`);
  if (wrong.length > 0) print(`        WRONG: ${inWords(wrong)}`);
  reported = counts.visits;
  times.clear();
  stalls.minute = 0;
}

print(`${minutes} minutes at ${rate} visits a second, Node ${process.version}`);
load.start(rate);
await delay(warmUp(minutes) * 60_000);
const quietBefore = await countQuietly();
await weigh();
report('warm up');
load.start(rate);

const jobs = [
  repeat(1_000, async () => {
    for (const node of stage.nodes) samples.get(node.name)?.push(await look(node));
  }),
  repeat(Math.min(60_000, (minutes / 3) * 60_000), async () => report(`${minutesNow().toFixed(1).padStart(5)}m`)),
  repeat(every(values['weigh-every']), async () => {
    await load.stop();
    await weigh();
    load.start(rate);
  }),
  repeat(every(values['break-every']), async () => {
    happened.push(await trouble.next());
  }),
  repeat(every(values['reload-every']), async () => {
    for (const node of stage.nodes) {
      const done = await node.reload();
      if (!done) reloadsMissed += 1;
      happened.push(`${node.name} ${done ? 'reloaded' : 'DID NOT RELOAD'}`);
    }
  }),
];
const broken = Promise.race([
  ...jobs.map((job) => job.then(() => new Promise<never>(() => {}))),
  ...stage.nodes.map(async ({ name, gatehouse }) => {
    const code = await gatehouse.exited;
    throw new Error(`${name} ended with ${code}:\n${gatehouse.output().slice(-4_000)}`);
  }),
]);
broken.catch(() => {});
await Promise.race([broken, delay(Math.max(0, minutes - minutesNow()) * 60_000)]);
ended.abort();
await Promise.all(jobs);
report('the end');

const quietAfter = await countQuietly();
await weigh();
for (const told of happened.splice(0)) print(`        ${told}`);
load.start(rate);
await delay(2_000);
leaving = true;
const nodes: Run['nodes'][number][] = [];
for (const [index, node] of stage.nodes.entries()) {
  load.leave(node);
  const asked = performance.now();
  const code = await node.gatehouse.stop();
  nodes.push({
    name: node.name,
    weights: weights.get(node.name) ?? [],
    quiet: [quietBefore[index] ?? Number.NaN, quietAfter[index] ?? Number.NaN],
    exit: { code, seconds: (performance.now() - asked) / 1_000 },
  });
}
await load.stop();
judge();
const run: Run = { minutes, nodes, failures, reloadsMissed, stalledMinutes: stalls.all / 60 };
for (const { name, weights: all, quiet, exit } of nodes) {
  const slope = heapSlope(all);
  print(
    `${name}: objects in the heap ${slope === undefined ? 'not judged, the run is too short' : `${slope.toFixed(2)} MB/h`}; ` +
      `${quiet.join(' → ')} descriptors without load; ended with ${exit.code} in ${exit.seconds.toFixed(1)} s`,
  );
}
print(
  `${counts.visits} visits, ${failures.filter(({ excused }) => excused).length} errors excused by faults, or by ${stalls.all.toFixed(1)} s in which the machine stood still`,
);
const found = complaints(run);
print(found.length === 0 ? 'Kept everything.' : `Broken:\n  ${found.join('\n  ')}`);
// The servers of the stage keep nothing alive by themselves, so that waiting for their end would not.
setInterval(() => {}, 1_000);
await stage.close();
process.exit(found.length === 0 ? 0 : 1);
