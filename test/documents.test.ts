import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { variants } from '../src/compose.ts';
import { parseConfig } from '../src/config/parse.ts';
import { hashPassword } from '../src/connections/password_hash.ts';
import { blocksOf, PAGES } from './docs/blocks.ts';

/** Documents rot from their file names on: what they name must be there, and what they show must work. */

const DOCUMENTS = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'bench/README.md',
  ...PAGES.filter((page) => page.startsWith('docs/')),
];

/** Where a path in backticks may start: at the root, or (`gateway/decide.ts`) at the room. */
const STARTS = ['.', 'src', 'test', 'bench'];

/** A path or a file name in backticks; placeholders (`<type>`), globs, requests and shell words are none. */
const NAMED_FILE = /`([\w.-]+(?:\/[\w.-]+)*(?:\/|\.(?:ts|md|yaml|json|mjs|svg)))`/g;
const LINK = /\]\((?!https?:|mailto:|#)([^)\s#]+)/g;
/** A link to a heading, of this page or of another one. */
const ANCHOR = /\]\((?!https?:|mailto:)([^)\s#]*#[^)\s]+)\)/g;

/** Made by a run, so not in a fresh checkout. */
const PRODUCED = new Set(['dist/', 'bench/results.json', 'results.json']);

it('leave programs that readers write into their checkout to them: style is not checked there', async () => {
  const written = PAGES.flatMap((page) => blocksOf(page).flatMap(({ words }) => words.get('file') ?? []));
  const programs = written.filter((name) => /\.[cm]?[jt]s$/.test(name));
  const ignored = (await readFile('.gitignore', 'utf8')).split('\n');
  expect(programs.length).toBeGreaterThan(0);
  expect(programs.filter((name) => !ignored.includes(`/${name}`))).toEqual([]);
});

describe.each(DOCUMENTS)('%s', (document) => {
  it('links only to files that exist', async () => {
    const text = await readFile(document, 'utf8');
    const broken = all(text, LINK).filter((target) => !existsSync(join(dirname(document), target)));
    expect(broken).toEqual([]);
  });

  it('links only to headings that exist', async () => {
    const text = await readFile(document, 'utf8');
    const broken: string[] = [];
    for (const target of all(text, ANCHOR)) {
      const [file = '', anchor = ''] = target.split('#');
      const page = file === '' ? text : await readFile(join(dirname(document), file), 'utf8').catch(() => '');
      if (!file.endsWith('.ts') && !anchorsOf(page).has(anchor)) broken.push(target);
    }
    expect(broken).toEqual([]);
  });

  it('names only files and folders that exist', async () => {
    const text = await readFile(document, 'utf8');
    // What the page itself tells its reader to write.
    const own = new Set(blocksOf(document).map(({ words }) => words.get('file')));
    const unknown = all(text, NAMED_FILE).filter(
      (name) => !PRODUCED.has(name) && !own.has(name) && !STARTS.some((start) => existsSync(join(start, name))),
    );
    expect(unknown).toEqual([]);
  });
});

describe('the package', () => {
  it('has what its README and its pages link to; test/ and src/ are in the repository only', async () => {
    const { files } = JSON.parse(await readFile('package.json', 'utf8')) as { files: string[] };
    const shipped = ['README.md', 'LICENSE', 'package.json', ...files];
    const missing: string[] = [];
    for (const page of PAGES) {
      for (const target of all(await readFile(page, 'utf8'), LINK)) {
        const path = join(dirname(page), target);
        const there = shipped.some((name) => path === name || path.startsWith(`${name}/`));
        if (!there && !/^(test|src)\//.test(path)) missing.push(`${page}: ${target}`);
      }
    }
    expect(missing).toEqual([]);
  });
});

describe('the configuration in README.md', () => {
  it('is one that Gatehouse starts with', async () => {
    const [, yaml = ''] = /```yaml\n(.*?)```/s.exec(await readFile('README.md', 'utf8')) ?? [];
    const config = parseConfig(yaml, {
      file: 'README.md',
      env: { REPORT_SECRET: 'a-secret-of-the-job', MARIA_HASH: await hashPassword('a password of hers') },
      readFile: () => 'a-secret-of-the-shop',
      variants,
    });
    expect(config.routes.map(({ name }) => name)).toEqual(['orders', 'status']);
  });
});

function all(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, found]) => found ?? '');
}

/** The names that GitHub gives to headings. */
function anchorsOf(page: string): ReadonlySet<string> {
  const seen = new Map<string, number>();
  const headings = all(page.replace(/^```.*?^```/gms, ''), /^#{1,6} (.+)$/gm);
  return new Set(
    headings.map((heading) => {
      const name = heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(' ', '-');
      const before = seen.get(name) ?? 0;
      seen.set(name, before + 1);
      return before === 0 ? name : `${name}-${before}`;
    }),
  );
}
