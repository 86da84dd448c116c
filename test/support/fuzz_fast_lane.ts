/**
 * `npm run fuzz -- --count 1000000 [--seed N] [--save]`: has the fast lane and node:http read damaged requests, as
 * test/gateway/fast_lane_fuzz.test.ts does, but more of them. Ends by itself: 0 without a difference, 1 at the first one.
 * `--save` adds the first case of each new kind to the corpus.
 */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { createDifferential } from './differential.ts';
import { CORPUS, damagedRequests, readCorpus } from './request_mutations.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000000' },
    seed: { type: 'string' },
    save: { type: 'boolean', default: false },
  },
});
const count = Number(values.count);
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
/** fast-check keeps something of every run: this many at a time. */
const BATCH = 20_000;

const print = (line: string) => void process.stdout.write(`${line}\n`);
const { compare } = createDifferential();
const corpus = readCorpus();
const kinds = new Map<string, number>();
for (const text of corpus) {
  const whole = Buffer.from(text, 'latin1');
  kinds.set((await compare({ whole, pieces: [whole] })).kind, 0);
}

let taken = 0;
let done = 0;
let found: string | undefined;
const began = performance.now();
while (done < count && found === undefined) {
  const numRuns = Math.min(BATCH, count - done);
  const property = fc.asyncProperty(damagedRequests(corpus), async (bytes) => {
    const result = await compare(bytes);
    taken += result.taken;
    if (values.save && !kinds.has(result.kind)) {
      const name = createHash('sha256').update(bytes.whole).digest('hex').slice(0, 12);
      writeFileSync(join(CORPUS, `found_${name}.http`), bytes.whole);
    }
    kinds.set(result.kind, (kinds.get(result.kind) ?? 0) + 1);
    if (result.difference !== undefined) throw new Error(result.difference);
  });
  const outcome = await fc.check(property, { numRuns, seed: seed + done });
  done += outcome.numRuns;
  if (outcome.failed) found = String(outcome.errorInstance ?? 'unknown');
  print(
    `${done} cases, ${taken} requests carried, ${kinds.size} kinds, ${Math.round((performance.now() - began) / 1000)} s`,
  );
}
print(found === undefined ? `no difference (seed ${seed})` : `DIFFERENCE (seed ${seed}): ${found}`);
process.exit(found === undefined ? 0 : 1);
