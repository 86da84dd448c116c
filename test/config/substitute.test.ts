/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the texts under test. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scalarFrom, substitute } from '../../src/config/substitute.ts';
import { parse, problemsOf } from './stand_ins.ts';

const env = { NAME: 'value', EMPTY: '', PORT: '9000', NESTED: '${NAME}', FILE: 'file:/etc/shadow' };

describe('substitution', () => {
  it.each([
    ['plain', 'plain'],
    ['${NAME}', 'value'],
    ['a ${NAME} b ${NAME}', 'a value b value'],
    ['${EMPTY}', ''],
    ['${EMPTY:-fallback}', 'fallback'],
    ['${UNSET:-fallback}', 'fallback'],
    ['${UNSET:-}', ''],
    ['${UNSET:-redis://host:6379/0}', 'redis://host:6379/0'],
    ['$${NAME}', '${NAME}'],
    ['$$${NAME}', '$${NAME}'],
    ['$NAME $5 $', '$NAME $5 $'],
    ['${NESTED}', '${NAME}'],
  ])('%s → %s', (text, result) => {
    expect(substitute(text, env)).toMatchObject({ ok: true, text: result });
  });

  it.each(['${', '${NAME', '${}', '${1A}', '${NAME-x}', '${NAME:x}', '${ NAME }', 'a ${b c} d'])(
    'refuses %s',
    (text) => {
      expect(substitute(text, env)).toMatchObject({ ok: false });
    },
  );

  it.each(['__proto__', 'constructor', 'toString'])('does not find %s, which no environment has', (name) => {
    expect(substitute(`\${${name}}`, env)).toEqual({
      ok: false,
      problem: `needs the environment variable ${name}, which is not set: set it, or write \${${name}:-default}`,
    });
  });

  it('puts any value in as it is and never looks at it again', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        expect(substitute('<${V}>', { V: value })).toEqual({ ok: true, text: `<${value}>`, whole: false });
      }),
    );
  });

  it('reads as a number only what writes back to the same text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.integer().map(String), fc.double().map(String), fc.string()), (text) => {
        expect(String(scalarFrom(text))).toBe(text);
      }),
    );
    expect(['8080', '-1', '0.5', 'true', 'false', '007', '1e3', '0x10', '', 'null', '[1]'].map(scalarFrom)).toEqual([
      8080,
      -1,
      0.5,
      true,
      false,
      '007',
      '1e3',
      '0x10',
      '',
      'null',
      '[1]',
    ]);
  });
});

describe('substituted values', () => {
  it('become numbers and booleans where those are wanted, in quotes too', () => {
    const config = parse('listen: { port: "${PORT}", workers: "${W:-auto}" }\nadmin:\n  port: ${ADMIN:-9001}\n', {
      env,
    });
    expect([config.listen.port, config.listen.workers, config.admin.port]).toEqual([9000, 'auto', 9001]);
  });

  it('stay text where text is wanted: a secret of digits is a secret', () => {
    const text = 'clients: [{ id: a, grants: [password], secret: "${PORT}", name: "${T}" }]';
    const [client] = parse(text, { env: { ...env, T: 'true' } }).clients;
    expect(client).toMatchObject({ name: 'true', secrets: [{ hash: expect.stringMatching(/^sha256:/) }] });
  });

  it('never become structure', () => {
    const problems = problemsOf('routes: ${R}\n', { env: { R: '[{ name: a, path: /, upstream: demo }]' } });
    expect(problems).toEqual(['1:9: routes: must be a list (- …)']);
  });

  it('name the variable that is missing, where it is missing', () => {
    expect(problemsOf('listen:\n  host: "${HOST}"\n  port: ${UNSET}\n')).toEqual([
      '2:9: listen.host: needs the environment variable HOST, which is not set: set it, or write ${HOST:-default}',
      '3:9: listen.port: needs the environment variable UNSET, which is not set: set it, or write ${UNSET:-default}',
    ]);
  });
});

describe('secret files', () => {
  const client = (secret: string) => `clients:\n  - { id: a, grants: [password], secret: "${secret}" }\n`;
  const files = { '/etc/gatehouse/secrets/a': 'from a file\n', '/run/secrets/b': 'b', '/etc/shadow': 'never' };
  const hashOf = (secret: string, from = {}) =>
    parse(client(secret), { env: { ...env, ...from }, files }).clients[0]?.secrets;

  it('are read from the folder of the configuration, or by absolute path, without the newline at the end', () => {
    expect(hashOf('file:secrets/a')).toEqual(hashOf('from a file'));
    expect(hashOf('file:/run/secrets/b')).toEqual(hashOf('b'));
    expect(hashOf('file:${DIR}/b', { DIR: '/run/secrets' })).toEqual(hashOf('b'));
  });

  it('that cannot be read are a problem where they are named', () => {
    expect(problemsOf(client('file:secrets/none'), { files })).toEqual([
      '2:42: clients[0].secret: the file it names (secrets/none) does not exist: correct the path, which starts from the folder of this file',
    ]);
    // As it stands in the file: what a variable holds may be a secret.
    const [told] = problemsOf(client('file:${DIR}/none'), { files, env: { DIR: '/run/not-to-be-told' } });
    expect(told).toContain('(${DIR}/none)');
    expect(told).not.toContain('not-to-be-told');
  });

  it('are named by the configuration only, not by a variable, and file:// is an ordinary text', () => {
    expect(hashOf('${FILE}')).not.toEqual(hashOf('never'));
    expect(hashOf('file:///etc/shadow')).not.toEqual(hashOf('never'));
  });
});
