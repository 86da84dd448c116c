import type { Position } from './problems.ts';

/** Finds line and column of offsets in a text. Numbers without objects: a hostile text is a million lines. */
export function positionsIn(text: string): (offset: number) => Position {
  let count = 1;
  for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', end + 1)) count++;
  const starts = new Uint32Array(count);
  let line = 0;
  for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', end + 1)) starts[++line] = end + 1;

  return (offset) => {
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}
