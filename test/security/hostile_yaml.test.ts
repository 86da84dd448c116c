/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the texts under test. */
/**
 * Threat: whoever can write (a part of) the configuration, or put another file in its place, makes the gateway hang, run out of
 * memory, change how objects behave, or read what it should not, at start or at a reload while it serves. Also mistakes that look
 * like that: the wrong file, a generator gone wild.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { ConfigError } from '../../src/config/problems.ts';
import { problemsOf, variants } from '../config/stand_ins.ts';
import { measured } from '../support/measured.ts';

const run = promisify(execFile);
const MIB = 1024 ** 2;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hostile-yaml-'));
  await writeFile(join(folder, 'warm_up.yaml'), 'routes: []\n');
});
afterAll(() => rm(folder, { recursive: true }));

const repeat = (text: string, until = MIB - 20) => text.repeat(Math.floor(until / text.length));
const aliases = Array.from({ length: 30 }, (_, i) => `l${i}: &l${i} [${`*l${i - 1}, `.repeat(10)}]`)
  .slice(1)
  .join('\n');

/** Each as large as a configuration may be, unless a small one does the same. */
const hostile: readonly (readonly [name: string, text: string, problem: RegExp])[] = [
  ['an alias bomb', `l0: &l0 [x]\n${aliases}\n`, /anchors|aliases/],
  [
    'a merge key bomb',
    `a: &a { x: 1 }\n${Array.from({ length: 4000 }, (_, i) => `k${i}:\n  <<: *a`).join('\n')}`,
    /aliases|anchors/,
  ],
  ['10,000 open brackets', '['.repeat(10_000), /nests deeper than 32 levels/],
  ['10,000 closed brackets', '['.repeat(10_000) + ']'.repeat(10_000), /nests deeper than 32 levels/],
  ['10,000 open braces', '{a: '.repeat(10_000), /nests deeper than 32 levels/],
  ['10,000 lists in a line', '- '.repeat(10_000), /nests deeper than 32 levels/],
  [
    '1,000 levels of indentation',
    Array.from({ length: 1000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
    /nests deeper than 32 levels/,
  ],
  ['half a million list entries', `routes: [${repeat('a,')}]`, /more than 5000 entries/],
  ['as many lists of entries as are let in', `routes: [${`[${'a,'.repeat(300)}],`.repeat(110)}]`, /must be a mapping/],
  ['100,000 keys', Array.from({ length: 85_000 }, (_, i) => `k${i}: 1`).join('\n'), /more than 5000 entries/],
  ['one key 200,000 times', repeat('a: 1\n'), /more than 5000 entries/],
  ['as many entries as are let in', `routes: [${'a,'.repeat(4999)}]`, /must be a mapping/],
  [
    'as many unknown keys as are let in',
    Array.from({ length: 4999 }, (_, i) => `lisen${i}: 1`).join('\n'),
    /unknown key/,
  ],
  ['as many repeated keys as are let in', 'listen: 1\n'.repeat(4999), /there twice/],
  [
    'as many routes as are let in',
    `routes:\n${Array.from({ length: 3500 }, (_, i) => `- {name: r${i}, path: /, upstream: x}`).join('\n')}`,
    /upstream/,
  ],
  ['a million closing braces', repeat('}'), /not YAML|not expected/],
  ['half a million quotes', repeat('"'), /yaml/],
  ['a million anchors', repeat('&a '), /yaml|anchors/],
  ['a million tags', repeat('!a '), /yaml|tags/],
  ['a tag of a megabyte', `${repeat('!')} x`, /yaml/],
  ['a key of a megabyte', `${repeat('k')}: 1`, /yaml|a key must be plain text/],
  ['a value of a megabyte', `listen: { host: ${repeat('x')} }`, /listen\.host/],
  [
    'a path of 4,000 segments',
    `routes: [{ name: a, upstream: demo, path: ${'/%C3'.repeat(4000)}; }]`,
    /routes\[0\]\.path/,
  ],
  ['a duration of 16,000 digits', `cache: { ttl: ${'1'.repeat(16_000)}s }`, /must be a duration/],
  ['a million substitutions', `listen: { host: "${repeat('${A}')}" }`, /longer than 16384/],
  ['a million open substitutions', `listen: { host: "${repeat('${')}" }`, /longer than 16384/],
  ['a multi-line text of a megabyte', `listen:\n  host: ${repeat('x\n  ')}`, /entries/],
  ['as many substitutions as are let in', `listen: { host: "${'${A}'.repeat(4000)}" }`, /environment variable A/],
  ['escapes', `listen: { host: "${repeat('\\x41')}" }`, /listen\.host/],
  ['comments', `${repeat('#\n')}a: 1`, /words/],
  ['blank lines', `${repeat('\n')}a: 1`, /words/],
];

describe('a hostile configuration is refused within a second', () => {
  it.each(hostile)('%s', (_, text, problem) => {
    // Time on the processor, not on the clock: what other tests do meanwhile is not the configuration's fault.
    const before = process.threadCpuUsage();
    const problems = problemsOf(text);
    const { user, system } = process.threadCpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(1000);
    expect(problems.join('\n')).toMatch(problem);
    expect(problems.length).toBeLessThanOrEqual(201);
    expect(problems.join('\n').length).toBeLessThan(100_000);
    measured({ id: 'Q4', what: 'refusing a hostile configuration', count: 1, max: (user + system) / 1000, unit: 'ms' });
  });
});

/** Loads a file in a process of its own. */
async function measure(file: string): Promise<{ took: number; grown: number; problems: string[] }> {
  // With V8's nursery held small, because it grows to 48 MB by itself in any busy process, whatever is loaded.
  const node = ['--max-semi-space-size=2', 'test/config/measure_load.ts', file];
  const { stdout } = await run(process.execPath, node, { maxBuffer: 10 * MIB });
  return JSON.parse(stdout);
}

describe('a hostile configuration takes less than 50 MB', () => {
  const heaviest = hostile.filter(([name]) =>
    /bomb|as many (lists|routes|repeated)|quotes|blank|substitutions are/.test(name),
  );

  it.each(heaviest)('%s', async (name, text) => {
    const file = join(folder, `${name.replaceAll(/\W/g, '_')}.yaml`);
    await writeFile(file, text);
    const { grown, problems } = await measure(file);
    expect(problems).not.toEqual([]);
    expect(grown).toBeLessThan(50 * MIB);
    measured({ id: 'Q4', what: 'memory for a hostile configuration', count: 1, max: grown / MIB, unit: 'MB' });
  });

  it('a file of 50 MB, without reading it', async () => {
    const file = join(folder, 'large.yaml');
    await writeFile(file, 'routes: []\n');
    await truncate(file, 50 * MIB);
    const { took, grown, problems } = await measure(file);
    expect(problems).toEqual([`${file}:1:1: configuration: the file is larger than 1024 KiB (51200 KiB)`]);
    expect(took).toBeLessThan(1000);
    expect(grown).toBeLessThan(5 * MIB);
  });
});

describe('what is no ordinary file', () => {
  const problemOf = (file: string) =>
    loadConfig(file, { env: {}, variants }).then(
      () => 'none',
      (error: unknown) => (error instanceof ConfigError ? error.message.replace(file, '') : `thrown: ${error}`),
    );

  it.each([
    ['a file that is not there', 'none.yaml', ':1:1: configuration: the file does not exist'],
    ['a folder', 'folder', ':1:1: configuration: the file is not a regular file'],
    ['a named pipe that nobody writes to', 'pipe', ':1:1: configuration: the file is not a regular file'],
    ['a device without end', 'zero', ':1:1: configuration: the file is not a regular file'],
    ['bytes that are not UTF-8', 'latin1.yaml', ':1:1: configuration: the file is not UTF-8 text'],
  ])('%s is refused', async (_, name, problem) => {
    await mkdir(join(folder, 'folder'), { recursive: true });
    await run('mkfifo', [join(folder, 'pipe')]).catch(() => {});
    await symlink('/dev/zero', join(folder, 'zero')).catch(() => {});
    await writeFile(join(folder, 'latin1.yaml'), Buffer.from([0x61, 0x3a, 0x20, 0xe9]));
    expect(await problemOf(join(folder, name))).toBe(problem);
  });

  it('is refused as a secret too', async () => {
    const file = join(folder, 'devices.yaml');
    await run('mkfifo', [join(folder, 'secret_pipe')]);
    await writeFile(join(folder, 'large_secret'), 'x'.repeat(70_000));
    const secrets = ['file:/dev/zero', 'file:secret_pipe', 'file:.', 'file:large_secret'];
    await writeFile(
      file,
      `clients:\n${secrets.map((it, i) => `- { id: c${i}, grants: [password], secret: "${it}" }\n`).join('')}`,
    );
    const message = await problemOf(file);
    expect(message.match(/is not a regular file/g)).toHaveLength(3);
    expect(message).toMatch(/clients\[3\]\.secret: the file it names \(large_secret\) is larger than 64 KiB/);
  });
});

describe('names that reach into objects', () => {
  it.each(['__proto__', 'constructor', 'prototype', '"__proto__"', '? __proto__\n:'])(
    '%s is refused as a key, anywhere',
    (key) => {
      const bare = key.replaceAll(/["?\n: ]/g, '');
      const entry = key.startsWith('?') ? `${key} { polluted: yes }` : `${key}: { polluted: yes }`;
      expect(problemsOf(`${entry}\n`)).toEqual([
        expect.stringContaining(`${bare}: is not accepted as a key: remove it`),
      ]);
      const nested = `routes:\n  - scopes:\n      ${entry.replace('\n', '\n      ')}\n`;
      expect(problemsOf(nested).join('\n')).toContain(`routes[0].scopes.${bare}: is not accepted as a key: remove it`);
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    },
  );

  it.each(['toString', 'hasOwnProperty', 'valueOf'])('%s is an unknown key like any other', (key) => {
    expect(problemsOf(`${key}: 1\n`)).toEqual([expect.stringContaining(`1:1: ${key}: unknown key`)]);
    expect(problemsOf(`store: { type: ${key} }\n`)).toEqual([expect.stringContaining('store.type: must be memory')]);
  });
});

describe('what YAML can do beyond plain values', () => {
  it.each([
    ['listen: { port: 1, port: 2 }', '1:20: listen.port: the key is there twice, first in line 1: keep one'],
    ['listen: &a { port: 1 }', '1:12: listen: anchors (&) are not accepted: remove it'],
    ['routes: []\nclients: *a', '2:10: clients: aliases (*) are not accepted: write the value out'],
    ['listen:\n  <<: { port: 1 }', '2:3: listen.<<: merge keys (<<) are not accepted: write the keys out'],
    ['routes: !!js/function "x"', /tags/],
    ['routes: !!set {}', /tags/],
    ['log: { level: !!str info }', /tags/],
    ['%YAML 1.1\n---\nroutes: []', '1:1: yaml: directives (%) are not accepted: remove the line'],
    ['? [a, b]\n: 1', /a key must be plain text/],
    ['? { a: b }\n: 1', /a key must be plain text/],
    ['"": 1', /a key must be plain text/],
  ])('%s', (text, problem) => {
    const problems = problemsOf(text).join('\n');
    if (typeof problem === 'string') expect(problems).toBe(problem);
    else expect(problems).toMatch(problem);
  });
});

describe('no message repeats a value', () => {
  const secret = 'hunter2-canary';
  it.each([
    `clients: [{ id: a, grants: [password], secret: [${secret}] }]`,
    `clients: [{ id: a, grants: [password], secret: { ${secret}: 1 } }]`,
    `clients: [{ id: a, grants: [password], secret: "x" ${secret} }]`,
    `clients: [{ id: a, grants: [password], secret: a,${secret} }]`,
    `clients: [{ id: a, grants: [password], secret_hash: ${secret} }]`,
    `clients:\n  - id: a\n    secret: "abc" ${secret}\n`,
    `clients:\n  - id: a\n    secret: abc: ${secret}\n`,
    `clients:\n  - id: a\n    secret: "${secret}\n`,
    `clients:\n  - id: a\n    secret: *${secret}\n`,
    `clients:\n  - id: a\n    secret: &${secret} x\n`,
    `clients:\n  - id: a\n    secret: !${secret} x\n`,
    `clients:\n  - id: a\n    secret: "\\q${secret}"\n`,
    `clients:\n  - id: a\n    secret: @${secret}\n`,
    `clients:\n  - id: a\n    secret: \${${secret}}\n`,
    `clients:\n  - id: a\n    secret: \${UNSET\n    name: ${secret}}\n`,
    `clients:\n  - id: a\n    secret:\n    ${secret}\n`,
    `listen: { port: ${secret}, host: "${secret}:1", workers: ${secret}, public_url: ${secret} }`,
    `store: { type: ${secret} }`,
    `store: { type: redis, url: [${secret}] }`,
    `routes: [{ name: a, path: /a, upstream: "http://user:${secret}@example.com" }]`,
    `routes: [{ name: a, path: /a, upstream: demo, auth: ${secret} }]`,
    `log: { level: ${secret} }`,
  ])('%j', (text) => {
    const problems = problemsOf(text);
    expect(problems).not.toEqual([]);
    expect(problems.join('\n').replaceAll(/secret\.hunter2-canary: unknown key/g, '')).not.toContain(secret);
  });
});
