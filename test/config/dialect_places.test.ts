import { describe, expect, it } from 'vitest';
import { variants } from '../../src/compose.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { ConfigError, formatProblem } from '../../src/config/problems.ts';

/** With the dialects as they are, because where they answer is their own business. */
function problemsOf(text: string): string[] {
  try {
    parseConfig(text, { file: 'g.yaml', env: {}, readFile: () => '', variants });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((problem) => formatProblem(problem).replace('g.yaml:', ''));
  }
}

describe('two dialects that answer at one path', () => {
  it('are refused with both lines, whatever their prefixes are', () => {
    expect(problemsOf('dialects:\n  - locus\n  - auth0\n')).toEqual([
      '3:5: dialects[1]: answers at /oauth/token, as the dialect in line 2 does: give one of them another prefix or host',
    ]);
    expect(problemsOf('dialects:\n  - oauth2\n  - { type: oauth2, prefix: /other }\n')).toEqual([
      '3:5: dialects[1]: answers at /.well-known/oauth-authorization-server, as the dialect in line 2 does: give one of them another prefix or host',
    ]);
  });

  it('are accepted on hosts or prefixes of their own', () => {
    expect(problemsOf('dialects:\n  - locus\n  - { type: auth0, host: auth0.localhost }\n')).toEqual([]);
    expect(problemsOf('dialects:\n  - oauth2\n  - roambi\n  - locus\n')).toEqual([]);
  });
});

describe('a route', () => {
  const at = (path: string, type: string) =>
    problemsOf(`dialects: [${type}]\nroutes: [{ name: a, path: ${path}, upstream: demo, dialect: ${type} }]\n`);

  it('may lie beside the endpoints of a dialect whose API has the same prefix', () => {
    expect(at('/1/*', 'roambi')).toEqual([]);
    expect(at('/1/accounts/*', 'roambi')).toEqual([]);
  });

  it('may not be one of them', () => {
    const where = 'where the dialect roambi answers (line 1): move the route or give the dialect another prefix';
    expect(at('/1/token', 'roambi')).toEqual([`2:27: routes[0].path: is /1/token, ${where}`]);
    expect(at('/1/token/*', 'roambi')).toEqual([`2:27: routes[0].path: is /1/token, ${where}`]);
    expect(at('/oauth/ro/x', 'auth0')).toEqual([
      '2:27: routes[0].path: lies below /oauth/ro, where the dialect auth0 answers (line 1): move the route or give the dialect another prefix',
    ]);
  });
});
