/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the texts under test. */
/**
 * Threat: whoever can write (a part of) what is imported makes the import hang or run out of memory, change how objects behave, slip
 * variables, secret files, or keys of ours into the configuration that comes out, or move the cursor of the terminal that the notes
 * are shown on.
 */
import { describe, expect, it } from 'vitest';
import { configOf, imported } from '../imports/imported.ts';
import { measured } from '../support/measured.ts';

const bomb = `a0: &a0 [x]\n${Array.from({ length: 40 }, (_, at) => `a${at + 1}: &a${at + 1} [${`*a${at}, `.repeat(10)}]`).join('\n')}\nservices: *a40\n`;
const merges = `a: &a { x: 1 }\n${Array.from({ length: 60 }, (_, at) => `k${at}: &k${at}\n  <<: [${Array.from({ length: at }, (__, before) => `*k${before}`).join(', ') || '*a'}]\n  y${at}: 1`).join('\n')}\nservices: []\n`;

const hostile: readonly (readonly [name: string, text: string])[] = [
  ['an alias bomb', bomb],
  ['merge keys of merge keys', merges],
  ['a list that contains itself', 'services: &a [*a]\n'],
  ['a mapping that contains itself', 'services: &a { routes: [*a] }\n'],
  ['an alias of nothing', 'services: *none\n'],
  ['deep nesting', `services: ${'['.repeat(5000)}${']'.repeat(5000)}\n`],
  ['deep nesting in JSON', `{"services": ${'['.repeat(5000)}${']'.repeat(5000)}}`],
  ['__proto__', 'services: []\n__proto__: { routes: [] }\n'],
  ['__proto__ in JSON', '{"services": [], "__proto__": {"routes": []}}'],
  ['constructor', 'services: []\nconstructor: { prototype: {} }\n'],
  ['two documents', 'services: []\n---\nservices: []\n'],
  ['a tag', 'services: !!js/function "function () {}"\n'],
  ['a directive', '%YAML 1.1\n---\nservices: []\n'],
  ['NUL', 'services: [\0]\n'],
  ['no YAML', '}{'],
  ['a number', '7'],
  ['nothing', ''],
  ['many words', `services: [${'a,'.repeat(1_200_000)}]\n`],
];

describe.each(['kong', 'express-gateway'] as const)('gatehouse import %s', (kind) => {
  it.each(hostile)('refuses or outlives %s', { timeout: 30_000 }, async (_what, text) => {
    const began = performance.now();
    const before = process.memoryUsage().rss;
    const { code, yaml, notes } = await imported(kind, text);
    const took = performance.now() - began;
    measured({ id: 'Q4', what: 'importing a hostile configuration', count: 1, max: Math.round(took), unit: 'ms' });
    expect(took).toBeLessThan(15_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(1024 ** 3);
    expect(notes.length).toBeGreaterThan(0);
    if (code === 2) expect(yaml).toBe('');
    else expect(configOf(yaml).routes).toEqual([]);
    expect(Object.prototype).not.toHaveProperty('routes');
  });
});

it('what stands in names, headers and secrets stays text', async () => {
  const evil = [
    '${HOME}',
    '$${HOME}',
    'file:/etc/passwd',
    '\u001b[2J',
    'a\nroutes: []',
    "'; rm -rf ~; '",
    '<script>',
    '__proto__',
  ];
  const document = {
    services: [
      {
        name: 'a',
        url: 'http://a.test',
        routes: evil.map((name, at) => ({ name, paths: [`/r${at}`], hosts: at === 0 ? [name] : [] })),
        plugins: [
          { name: 'oauth2', config: { scopes: evil, enable_client_credentials: true } },
          { name: 'request-transformer', config: { add: { headers: evil.map((value, at) => `X-A${at}:${value}`) } } },
          { name: 'acl', config: { allow: evil } },
        ],
      },
    ],
    consumers: evil.map((name, at) => ({
      username: name,
      oauth2_credentials: [
        { client_id: `c${at}`, client_secret: name.replace(/[^\x20-\x7e]/g, '.'), name, redirect_uris: evil },
      ],
    })),
  };
  const { yaml, notes } = await imported('kong', JSON.stringify(document));
  const { routes, clients } = configOf(yaml);
  expect(routes).toHaveLength(evil.length - 1);
  for (const { name } of routes) expect(name).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]*$/);
  expect(routes[0]?.requestHeaders?.set).toMatchObject({ 'X-A0': '${HOME}', 'X-A1': '$${HOME}' });
  // A client without a name is called by its id.
  const names = evil.map((name, at) => (name.startsWith('file:') ? `c${at}` : name.replace(/\p{Cc}/gu, ' ').trim()));
  expect(clients.map(({ name }) => name)).toEqual(names);
  expect(notes.filter((note) => note.includes('which would name a file')).length).toBeGreaterThan(0);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  expect(notes.join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  expect(yaml).not.toContain('root:');
});

it('variables of Express Gateway do not bring the name of a file along', async () => {
  const pipeline = '{ apiEndpoints: [a], policies: [ { proxy: [ { action: { serviceEndpoint: s } } ] } ] }';
  const gateway = (urls: readonly string[]) =>
    `apiEndpoints: { a: { host: '*', paths: '/a/*' } }\nserviceEndpoints: { s: { urls: ${JSON.stringify(urls)} } }\npolicies: [proxy]\npipelines: { p: ${pipeline} }\n`;
  const evil = [
    'file:/etc/passwd${X:-}',
    'file:${HOME}/.ssh/id_rsa',
    '${X:-file:/etc/passwd}',
    '${X:-}file:/etc/passwd',
    '${X:-file}:/etc/passwd',
    '${X:-fi}${Y:-le:/etc/passwd}',
  ];
  const { yaml, notes } = await imported('express-gateway', gateway([...evil, 'http://good.test']));
  expect(yaml).not.toMatch(/file|passwd|id_rsa/);
  expect(configOf(yaml).routes[0]?.upstream.targets).toEqual(['http://good.test']);
  expect(notes.filter((note) => note.includes('only a URL'))).toHaveLength(evil.length);

  const good = ['${SCHEME:-https}://a.test', 'http://${HOST:-b.test}:${PORT:-81}', '${URL:-http://c.test}'];
  const carried = await imported('express-gateway', gateway(good));
  expect(configOf(carried.yaml).routes[0]?.upstream.targets).toEqual([
    'https://a.test',
    'http://b.test:81',
    'http://c.test',
  ]);
});
