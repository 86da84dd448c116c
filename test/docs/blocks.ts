import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A fenced block of a page: what it holds, and what the words behind its language say about it. */
export interface Block {
  readonly page: string;
  /** Of the line with the fence, from 1. */
  readonly line: number;
  readonly language: string;
  /** `fragment`, `needs=docker`, `file=app.js`: see CONTRIBUTING.md. A word without a value is there with an empty one. */
  readonly words: ReadonlyMap<string, string>;
  readonly text: string;
}

/** Every page whose blocks are held to what they say. */
export const PAGES: readonly string[] = [
  'README.md',
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name))
    .sort(),
];

export const blocksOf = (page: string): readonly Block[] => readBlocks(page, readFileSync(page, 'utf8'));

/** @throws Error for a fence that nobody closes. */
export function readBlocks(page: string, text: string): readonly Block[] {
  const blocks: Block[] = [];
  let open: { line: number; indent: string; info: string; lines: string[] } | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const [, indent = '', info = ''] = /^( *)```(.*)$/.exec(line) ?? [];
    const fence = /^ *```/.test(line);
    if (!open && fence) open = { line: index + 1, indent, info, lines: [] };
    else if (open && fence) {
      blocks.push(blockOf(page, open));
      open = undefined;
    } else open?.lines.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line);
  }
  if (open) throw new Error(`${page}:${open.line}: a block that does not end`);
  return blocks;
}

function blockOf(page: string, { line, info, lines }: { line: number; info: string; lines: string[] }): Block {
  const [language = '', ...rest] = info.trim().split(/\s+/);
  const words = rest.map((word): [string, string] => {
    const [key = '', ...value] = word.split('=');
    return [key, value.join('=')];
  });
  return { page, line, language, words: new Map(words), text: lines.join('\n') };
}
