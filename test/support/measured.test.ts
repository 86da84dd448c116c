import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { measured, quantile } from './measured.ts';

const folder = mkdtempSync(join(tmpdir(), 'measured-'));
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

it('appends a line with the file that measured', () => {
  const into = join(folder, 'figures.jsonl');
  vi.stubEnv('GATEHOUSE_MEASURED', into);
  vi.stubEnv('GATEHOUSE_LONG', '');
  vi.stubEnv('LANE', 'fast');
  measured({ id: 'Z1', what: 'tries', count: 2, max: 3, p99: 2.5, unit: 'ms' });
  measured({ id: 'Z2', what: 'hits', count: 0 });
  const lines = readFileSync(into, 'utf8').trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    {
      id: 'Z1',
      what: 'tries',
      count: 2,
      max: 3,
      p99: 2.5,
      unit: 'ms',
      file: 'test/support/measured.test.ts',
      lane: 'fast',
      long: false,
    },
    { id: 'Z2', what: 'hits', count: 0, file: 'test/support/measured.test.ts', lane: 'fast', long: false },
  ]);
});

it('takes the nearest rank as a quantile', () => {
  expect(quantile([5, 1, 4, 2, 3], 0.99)).toBe(5);
  expect(quantile([5, 1, 4, 2, 3], 0.5)).toBe(3);
  expect(quantile([], 0.99)).toBeNaN();
});
