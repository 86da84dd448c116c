import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type Block, blocksOf, PAGES, readBlocks } from './blocks.ts';
import { fits } from './expected_output.ts';
import { isRun, type Ran, runPage } from './page_run.ts';

/** Commands in documents are typed by people who have nothing else to go by: each page is run from top to bottom. */

const run = promisify(execFile);
/** Languages of commands. */
const SHELL = ['sh', 'shell', 'bash', 'console'];
/** Why a block is not run here. */
const NEEDS = [
  'docker',
  'kubernetes',
  'express-gateway',
  'npm',
  'nginx',
  'haproxy',
  'browser',
  'directory',
  'cluster',
  'system',
  'checkout',
];

const withCommands = PAGES.filter((page) => blocksOf(page).some(isRun));

describe.concurrent.each(withCommands)('%s', (page) => {
  it('has commands that do what it says, one after the other', { timeout: 90_000 }, async ({ expect }) => {
    expect(await problemsOf(blocksOf(page))).toEqual([]);
  });
});

describe('blocks of commands', () => {
  const blocks = PAGES.flatMap(blocksOf).filter(({ language }) => SHELL.includes(language));

  it('are called sh', () => {
    expect(blocks.filter(({ language }) => language !== 'sh').map(place)).toEqual([]);
  });

  it('say what they need if they cannot be run here, and are in the language of the shell', async () => {
    const others = blocks.filter((block) => !isRun(block));
    const unknown = others.filter(({ words }) => !NEEDS.includes(words.get('needs') ?? ''));
    expect(unknown.map(place)).toEqual([]);
    for (const block of others) {
      await run('sh', ['-n', '-c', block.text]).catch((error: Error) => {
        throw new Error(`${place(block)}: ${error.message}`);
      });
    }
  });

  it('are caught when they fail, end otherwise than they say, or print something else', async () => {
    const page = `
\`\`\`sh
echo "{\\"status\\": \\"ready\\", \\"id\\": 7}"
\`\`\`
\`\`\`json output
{ "status": "ready", "id": "…" }
\`\`\`
\`\`\`sh exits=3
exit_with() { return "$1"; }; exit_with 3
\`\`\`
\`\`\`sh
echo one; echo two
\`\`\`
\`\`\`text output
one
three
\`\`\`
\`\`\`sh
gatehouse chekc
\`\`\`
\`\`\`sh
echo never
\`\`\`
`;
    const problems = await problemsOf(readBlocks('page.md', page));
    expect(problems.map((each) => each.split('\n')[0])).toEqual([
      'page.md:11: printed something else than is shown',
      'page.md:18: did not end well',
    ]);
  });
});

const place = ({ page, line }: Block): string => `${page}:${line}`;

async function problemsOf(blocks: readonly Block[]): Promise<string[]> {
  return (await runPage(blocks)).flatMap((ran) => problemOf(ran, blocks));
}

function problemOf({ block, code, output, errors }: Ran, blocks: readonly Block[]): string[] {
  const expected = Number(block.words.get('exits') ?? 0);
  if (code === undefined) return [`${place(block)}: did not end well\n${output}${errors}`];
  if (code !== expected) return [`${place(block)}: ended with ${code}, not ${expected}\n${output}${errors}`];
  const next = blocks[blocks.indexOf(block) + 1];
  if (!next?.words.has('output') || fits(next, `${output}${errors}`)) return [];
  return [`${place(block)}: printed something else than is shown\n${output}${errors}`];
}
