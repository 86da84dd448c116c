import { isDeepStrictEqual } from 'node:util';
import type { Block } from './blocks.ts';

/** Stands for whatever differs from run to run; alone in a line, for any number of lines. */
const ANYTHING = '…';

/** Whether what was printed is what the block shows. JSON is compared as JSON, anything else line by line. */
export function fits({ language, text }: Block, printed: string): boolean {
  if (language === 'json') {
    try {
      return alike(JSON.parse(text), JSON.parse(printed));
    } catch {
      return false;
    }
  }
  const pattern = text
    .trim()
    .split('\n')
    .map((line) => (line.trim() === ANYTHING ? ANYTHING : line.trimEnd()))
    .join('\n')
    .split(ANYTHING)
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('[^]*?');
  const lines = printed.replaceAll('\r', '').split('\n');
  return new RegExp(`^${pattern}$`).test(
    lines
      .map((line) => line.trimEnd())
      .join('\n')
      .trim(),
  );
}

/** Objects have the same keys, lists the same length; a `…` is any value, and in a text any part of it. */
function alike(shown: unknown, seen: unknown): boolean {
  if (shown === ANYTHING) return seen !== undefined;
  if (typeof shown === 'string' && typeof seen === 'string' && shown.includes(ANYTHING)) {
    const [begin = '', ...rest] = shown.split(ANYTHING);
    return seen.startsWith(begin) && seen.endsWith(rest.at(-1) ?? '');
  }
  if (Array.isArray(shown) && Array.isArray(seen)) {
    return shown.length === seen.length && shown.every((each, index) => alike(each, seen[index]));
  }
  if (isObject(shown) && isObject(seen)) {
    const keys = Object.keys(shown);
    return keys.length === Object.keys(seen).length && keys.every((key) => key in seen && alike(shown[key], seen[key]));
  }
  return isDeepStrictEqual(shown, seen);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
