import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalTarget, isFailure } from '../../src/gateway/canonical_target.ts';
import { createDifferential } from '../support/differential.ts';
import { route, startLaneServer } from '../support/lane_server.ts';
import { rawClient } from '../support/raw_client.ts';
import { startRecordingUpstream } from '../support/recording_upstream.ts';
import { type Bytes, damagedRequests, readCorpus } from '../support/request_mutations.ts';
import { createFullReader } from '../support/two_parsers.ts';

/*
 * The fast lane may only ever accept a subset of what llhttp accepts, and must read it in the same way: otherwise somebody's bytes
 * are one request here and two there. `npm run fuzz -- --count 1000000` does the same for longer.
 */

const corpus = readCorpus();

describe('whatever the fast lane carries, node:http reads as the same requests', () => {
  it('each file of the corpus, whole and cut in two at many places', async () => {
    const { compare } = createDifferential();
    for (const text of corpus) {
      const whole = Buffer.from(text, 'latin1');
      expect((await compare({ whole, pieces: [whole] })).difference).toBeUndefined();
      const step = Math.ceil(whole.length / 60);
      for (let cut = 1; cut < whole.length; cut += step) {
        const pieces = [whole.subarray(0, cut), whole.subarray(cut)];
        expect((await compare({ whole, pieces })).difference).toBeUndefined();
      }
    }
  });

  it('10,000 damaged ones', { timeout: 60_000 }, async () => {
    const { compare } = createDifferential();
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(damagedRequests(corpus), async (bytes) => {
        const result = await compare(bytes);
        taken += result.taken;
        expect(result.difference).toBeUndefined();
      }),
      { numRuns: 10_000 },
    );
    // Otherwise nothing was compared.
    expect(taken).toBeGreaterThan(3_000);
  });
});

/** So many connections at a time, each for so many milliseconds at most: damaged bytes often leave one waiting. */
const AT_ONCE = 25;
const PATIENCE = 120;

it('over sockets, no request goes out that did not come in', async () => {
  const upstream = await startRecordingUpstream();
  const lane = await startLaneServer({ via: 'fast', routes: [route('/*', upstream.origin, { auth: 'none' })] });
  const cases = fc.sample(damagedRequests(corpus), 500);
  const play = async ({ pieces }: Bytes) => {
    const client = rawClient(lane.port);
    for (const piece of pieces) {
      client.send(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.race([client.closed(), new Promise((resolve) => setTimeout(resolve, PATIENCE))]);
    client.close();
  };
  for (let at = 0; at < cases.length; at += AT_ONCE) await Promise.all(cases.slice(at, at + AT_ONCE).map(play));

  const readFull = createFullReader();
  const cameIn = new Map<string, number>();
  for (const { whole } of cases) {
    for (const { method, target, body } of (await readFull(whole)).requests) {
      const read = canonicalTarget(target);
      const name = isFailure(read) ? '' : `${method} ${read.path}${read.query} ${body}`;
      cameIn.set(name, (cameIn.get(name) ?? 0) + 1);
    }
  }
  for (const { method, target, body } of upstream.requests) {
    const name = `${method} ${target} ${body.toString('latin1')}`;
    expect(cameIn.get(name) ?? 0, name).toBeGreaterThan(0);
    cameIn.set(name, (cameIn.get(name) ?? 0) - 1);
  }
  expect(upstream.requests.length).toBeGreaterThan(200);
  expect(lane.fastLane?.stats().taken).toBeGreaterThan(200);
  await lane.close();
  await upstream.close();
});
