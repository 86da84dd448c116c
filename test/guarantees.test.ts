import { existsSync } from 'node:fs';
import { glob, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { promisesIn, tableOf, withTable } from './support/guarantees.ts';

const security = await readFile('SECURITY.md', 'utf8');

describe('SECURITY.md', () => {
  const promises = promisesIn(security);

  it('promises G1 to G13, and names at least one test for each', () => {
    expect([...promises.keys()]).toEqual(Array.from({ length: 13 }, (_, at) => `G${at + 1}`));
    expect([...promises].filter(([, files]) => files.length === 0)).toEqual([]);
  });

  it('names only tests that are there', () => {
    expect([...promises.values()].flat().filter((file) => !existsSync(file))).toEqual([]);
  });

  it('has rows in its table for tests of promises only', () => {
    const [, table = ''] = /<!-- measured: .*? -->(.*)<!-- \/measured -->/s.exec(security) ?? [];
    const inTable = [...table.matchAll(/\]\((test\/[^)]+)\)/g)].map(([, file]) => file ?? '');
    expect(inTable.filter((file) => ![...promises.values()].flat().includes(file))).toEqual([]);
  });

  it.each(parameters('constant'))('%s is in %s', async (name, file) => {
    expect(await readFile(`src/${file}`, 'utf8')).toMatch(
      new RegExp(`\\b(?:const ${name} =|${name}(?:\\?)?[:] |${name} = )`),
    );
  });

  it.each(parameters('key'))('%s.%s is a key of the configuration', async (section, key) => {
    const schema = SCHEMA.parse(JSON.parse(await readFile('config/gatehouse.schema.json', 'utf8')));
    expect(schema.properties[section]?.properties).toHaveProperty([key]);
  });
});

const SCHEMA = z.object({
  properties: z.record(z.string(), z.object({ properties: z.record(z.string(), z.unknown()).optional() })),
});

/** What the third column of the table of parameters names: constants with their files, and keys of the YAML. */
function parameters(kind: 'constant' | 'key'): [string, string][] {
  const [, section = ''] = /^## The figures behind the promises\n(.*?)^## /ms.exec(security) ?? [];
  const pattern = kind === 'constant' ? /`(\w+)` in `([\w/.]+)`/g : /`(cache|tokens|listen)\.(\w+)`/g;
  const found = [...section.matchAll(pattern)].map(([, one = '', two = '']): [string, string] => [one, two]);
  if (found.length === 0) throw new Error(`SECURITY.md names no ${kind}`);
  return found;
}

it('every test that has a long form is run by npm run test:long', async () => {
  const { scripts } = JSON.parse(await readFile('package.json', 'utf8')) as { scripts: Record<string, string> };
  const run = (scripts['test:long'] ?? '').split(' ').filter((word) => word.startsWith('test/'));
  const long: string[] = [];
  for await (const file of glob('test/**/*.test.ts')) {
    if (/\bisLong\(\) [?&]/.test(await readFile(file, 'utf8'))) long.push(file);
  }
  expect(long.length).toBeGreaterThan(10);
  expect(long.filter((file) => !run.some((start) => file.startsWith(start)))).toEqual([]);
});

describe('the table of figures', () => {
  const document = `**G1. Nobody gets in.** Held by [\`a\`](test/a.test.ts),
[\`b\`](test/b.test.ts).

**G2. Nothing gets out.**
Held by [\`b\`](test/b.test.ts).

## Figures
<!-- measured: written by npm run guarantees -->
old
<!-- /measured -->
The [\`c\`](test/c.test.ts) of nobody.
`;
  const figure = { id: 'E1', what: 'tries', unit: 'ms', file: 'test/b.test.ts', long: false };

  it('gives each promise the tests of its own paragraph', () => {
    expect([...promisesIn(document)]).toEqual([
      ['G1', ['test/a.test.ts', 'test/b.test.ts']],
      ['G2', ['test/b.test.ts']],
    ]);
  });

  it('has a row for each figure, and counts cases where there is none', () => {
    const lines = [
      { ...figure, count: 1_000, max: 12.34, p99: 3, lane: 'fast' },
      { ...figure, count: 1_000, max: 1_200.5, p99: 2 },
      { id: 'b', what: 'a | b', count: 7, file: 'test/b.test.ts', long: false },
    ];
    const results = [
      { file: 'test/a.test.ts', cases: 12 },
      { file: 'test/b.test.ts', cases: 3 },
    ];
    expect(tableOf(promisesIn(document), lines, results).split('\n').slice(2)).toEqual([
      '| G1 | [`a`](test/a.test.ts) | cases | 12 | | |',
      '| G1, G2 | [`b`](test/b.test.ts) | E1: tries | 2,000 | 1,201 ms | 3 ms |',
      '| G1, G2 | [`b`](test/b.test.ts) | a \\| b | 7 |  |  |',
    ]);
  });

  it('says when, on what and in which form, and leaves the rest of the document alone', () => {
    const circumstances = { date: new Date('2026-11-21T23:00:00Z'), node: 'v26.10.0', cores: 2, long: true };
    const written = withTable(document, '| new |', circumstances);
    expect(written).toContain(
      '-->\nMeasured on 2026-11-21 with Node v26.10.0 on 2 cores: the long forms.\n\n| new |\n<!--',
    );
    expect(written).not.toContain('old');
    expect(withTable(written, '| new |', circumstances)).toBe(written);
    expect(() => withTable('nothing', '| new |', circumstances)).toThrow('once each');
  });
});
