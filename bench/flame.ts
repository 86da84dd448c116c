import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';

/** The parts of a V8 CPU profile that are drawn. */
interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

/** One box: a function in one place of the call tree, with all the time that was spent in it and below. */
interface Frame {
  readonly label: string;
  readonly children: Map<string, Frame>;
  time: number;
}

const TITLE = 'Where the processor time of the gateway goes';
const WIDTH = 1200;
const ROW = 17;
/** Boxes narrower than this are left out: they could not be read, and there are very many of them. */
const NARROWEST = 1.2;
const DEEPEST = 60;
/** V8's word for time in which nothing was executed. */
const IDLE = '(idle)';

/**
 * Draws the end of a .cpuprofile: time from left to right (merged, so not in order), callees above their callers.
 * @param seconds how much of the end, so that a start is not in the picture.
 */
export async function flameGraph(file: string, seconds: number): Promise<string> {
  // V8 wrote it: its own format, documented with the inspector protocol (Profiler.Profile).
  const root = treeOf(JSON.parse(await readFile(file, 'utf8')) as Profile, seconds);
  const boxes: string[] = [];
  let depth = 0;
  const draw = (frame: Frame, x: number, level: number): void => {
    const width = (frame.time / root.time) * WIDTH;
    if (width < NARROWEST || level > DEEPEST) return;
    depth = Math.max(depth, level);
    boxes.push(box(frame, x, level, width, (frame.time / root.time) * 100));
    let left = x;
    for (const child of [...frame.children.values()].sort((a, b) => b.time - a.time)) {
      draw(child, left, level + 1);
      left += (child.time / root.time) * WIDTH;
    }
  };
  draw(root, 0, 0);
  const height = (depth + 1) * ROW;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 ${-height} ${WIDTH} ${height}" role="img" aria-label="${TITLE}">
<title>${TITLE}</title>
<style>text { font: 11px monospace; fill: #1f2328; pointer-events: none } rect { stroke: #fff; stroke-width: .5 } .o { fill: #7fd1b9 } .n { fill: #f2c078 } .v { fill: #c9d1d9 } .d { fill: #a5b4fc }</style>
<rect y="${-height}" width="${WIDTH}" height="${height}" fill="#fff"/>
${boxes.join('\n')}
</svg>
`;
}

function treeOf({ nodes, samples, timeDeltas }: Profile, seconds: number): Frame {
  const self = new Map<number, number>();
  let left = seconds * 1e6;
  for (let i = samples.length - 1; i >= 0 && left > 0; i--) {
    const [id, time] = [samples[i] ?? 0, timeDeltas[i] ?? 0];
    self.set(id, (self.get(id) ?? 0) + time);
    left -= time;
  }
  const byId = new Map(nodes.map((node) => [node.id, node]));

  const add = (into: Frame, node: ProfileNode): number => {
    const { functionName } = node.callFrame;
    if (functionName === IDLE) return 0;
    const label = labelOf(node);
    const frame = into.children.get(label) ?? { label, children: new Map(), time: 0 };
    into.children.set(label, frame);
    let time = self.get(node.id) ?? 0;
    for (const id of node.children ?? []) {
      const child = byId.get(id);
      if (child) time += add(frame, child);
    }
    frame.time += time;
    return time;
  };
  const root: Frame = { label: 'all', children: new Map(), time: 0 };
  const top = nodes[0];
  for (const id of top?.children ?? []) {
    const node = byId.get(id);
    if (node) root.time += add(root, node);
  }
  return root;
}

/** `name file:line` for our own code and dependencies, `name node:module` for Node's. */
function labelOf({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  if (url === '') return name;
  return url.startsWith('node:') ? `${name} ${url}` : `${name} ${placeOf(url)}:${lineNumber + 1}`;
}

function placeOf(url: string): string {
  const [, dependency] = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? [];
  return dependency === undefined ? basename(url) : `${dependency}/${basename(url)}`;
}

function box({ label }: Frame, x: number, level: number, width: number, percent: number): string {
  const kind = label.includes(' node:') ? 'n' : label.includes('/') ? 'd' : label.includes('.ts:') ? 'o' : 'v';
  const y = -(level + 1) * ROW;
  const escaped = label.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  const fits = Math.floor(width / 6.8);
  const words = fits < 4 ? '' : `<text x="${(x + 2).toFixed(1)}" y="${y + 12}">${cut(label, fits)}</text>`;
  const shape = `<rect class="${kind}" x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${ROW}">`;
  return `${shape}<title>${escaped} ${percent.toFixed(1)} %</title></rect>${words}`;
}

function cut(label: string, fits: number): string {
  const short = label.length <= fits ? label : label.slice(0, fits);
  return short.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
