import { describe, expect, it } from 'vitest';
import { variants } from '../../src/compose.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { ConfigError } from '../../src/config/problems.ts';
import type { Config } from '../../src/model/config.ts';

const SECRET = 'a secret of thirty-two characters';
const read = (text: string, env: Record<string, string> = {}): Config =>
  parseConfig(text, { file: 'g.yaml', env, readFile: () => `${SECRET}\n`, variants });

function problemsOf(text: string): string[] {
  try {
    read(text);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ line, key, message }) => `${line}: ${key}: ${message}`);
  }
}

const CODES = 'connections:\n  - name: sms\n    type: sms\n    provider: console\n';

describe('server_secret', () => {
  it('is read as it is, from a file, or from the environment', () => {
    expect(read(`server_secret: '${SECRET}'\n`).serverSecret).toBe(SECRET);
    expect(read('server_secret: file:secret.txt\n').serverSecret).toBe(SECRET);
    const digits = '1'.repeat(40);
    expect(read(`server_secret: \${SECRET}\n`, { SECRET: digits }).serverSecret).toBe(digits);
    expect(read(CODES).serverSecret).toBeUndefined();
  });

  it('must be long, and is not shown when it is not', () => {
    const problems = problemsOf('server_secret: hunter2\n');
    expect(problems).toEqual(['1: server_secret: must be at least 32 characters long']);
  });

  it.each([
    ['a store that several nodes share', 'store: { type: redis, url: redis://127.0.0.1 }\n'],
    ['several workers', 'listen: { workers: 2 }\n'],
    ['a worker per core', 'listen: { workers: auto }\n'],
  ])('is needed by one-time codes with %s', (_title, more) => {
    expect(problemsOf(CODES + more)).toEqual([
      expect.stringMatching(/^3: connections\[0\]\.type: .*whose key every node must share.*write server_secret/),
    ]);
    expect(problemsOf(`${CODES}${more}server_secret: '${SECRET}'\n`)).toEqual([]);
    expect(problemsOf(`connections: [{ name: users, type: database }]\n${more}`)).toEqual([]);
  });

  it('is not needed by a single process', () => {
    expect(problemsOf(CODES)).toEqual([]);
  });
});
