import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { variants } from '../../src/compose.ts';
import { loadConfig } from '../../src/config/load.ts';
import { parsePolicy } from '../../src/config/policy.ts';
import { ConfigError, formatProblem } from '../../src/config/problems.ts';
import { judgePolicy } from '../../src/policies.ts';
import { type Block, blocksOf, PAGES, readBlocks } from './blocks.ts';
import { checked, complete } from './configurations.ts';
import { problemsOfForeign } from './foreign_yaml.ts';

/** YAML in documents is copied into files that guard something: `gatehouse check` must say ok to every block. */

const blocks = PAGES.flatMap(blocksOf);
const yaml = blocks.filter(({ language }) => language === 'yaml');

describe.each(yaml.map((block) => [`${block.page}:${block.line}`, block] as const))('%s', (_place, block) => {
  it('is right', async () => {
    expect(await problemsOfYaml(block)).toEqual([]);
  });
});

describe('blocks', () => {
  it('all name their language', () => {
    expect(blocks.filter(({ language }) => language === '').map(({ page, line }) => `${page}:${line}`)).toEqual([]);
  });

  it('of Kubernetes are caught when they miss our ports, or their configuration is wrong', () => {
    const [block] = blocksOf('docs/recipes/kubernetes.md').filter(({ words }) => words.get('foreign') === 'kubernetes');
    const wrong = (from: string, to: string) =>
      problemsOfForeign(
        'kubernetes',
        parseAllDocuments((block?.text ?? '').replace(from, to)).map((it) => it.toJS()),
      ).join('\n');
    expect(wrong('containerPort: 8080', 'containerPort: 8008')).toContain('containerPort 8008 is none of ours');
    expect(wrong('path: /health/ready', 'path: /healthz')).toContain('readinessProbe asks for /healthz');
    expect(wrong('selector: { app: gatehouse }', 'selector: { app: other }')).toContain('chooses no pod of the page');
    expect(wrong('upstream: http:', 'upstram: http:')).toContain('did you mean upstream?');
    expect(wrong('apiVersion: apps/v1', 'apiVersion: v1')).toContain('is not of this kind');
  });

  it('of YAML are caught when a key is mistyped', async () => {
    const wrong = '```yaml fragment\ntokens: { acces_ttl: 1h }\n```\n```yaml\nroutes:\n  - nme: a\n```\n';
    const found = await Promise.all(readBlocks('page.md', wrong).map(problemsOfYaml));
    expect(found[0]?.join()).toContain('acces_ttl: unknown key, did you mean access_ttl?');
    expect(found[1]?.join()).toContain('nme: unknown key, did you mean name?');
  });
});

async function problemsOfYaml(block: Block): Promise<readonly string[]> {
  const { page, line, words, text } = block;
  const [file, foreign] = [`${page}:${line}`, words.get('foreign')];
  if (foreign !== undefined) {
    return problemsOfForeign(
      foreign,
      parseAllDocuments(text).map((it) => it.toJS()),
    );
  }
  try {
    if (words.has('policy')) {
      const config = await loadConfig('config/gatehouse.yaml', { env: {}, variants });
      const failures = await judgePolicy(config, parsePolicy(text, { file, env: {}, config }));
      return failures.map(({ case: { name }, got }) => `${name}: got ${got}`);
    }
    checked(words.has('fragment') ? complete(text) : text, file);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(formatProblem);
    throw error;
  }
}
