import { isMet } from './figures.ts';
import { type Row, rounded } from './report.ts';

/** How the rows are drawn: plain SVG, whose colours follow the reader's light or dark setting. */
const WIDTH = 760;
const LABEL = 250;
const BAR = 16;
const STEP = 24;
const HEADING = 44;

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .heading { font-weight: 600; }
  .quiet { fill: #656d76; }
  .ours { fill: #1a7f64; }
  .theirs { fill: #8c959f; }
  .missed { fill: #cf222e; font-weight: 600; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .quiet { fill: #8d96a0; }
    .ours { fill: #3fb99a; }
    .theirs { fill: #6e7681; }
    .missed { fill: #ff7b72; }
  }`;

/** Races as bars of requests per second, every goal in words, as one SVG document. */
export function chart(rows: readonly Row[]): string {
  const parts: string[] = [];
  let y = 8;
  for (const row of rows) {
    parts.push(text(0, y + 22, row.name, 'heading'));
    y += HEADING - 12;
    const most = Math.max(...row.results.map(({ median }) => median.requestsPerSecond));
    for (const { name, median } of row.results) {
      const width = Math.max(2, Math.round((median.requestsPerSecond / most) * (WIDTH - LABEL - 90)));
      const kind = name.startsWith('gatehouse') ? 'ours' : 'theirs';
      parts.push(text(0, y + 13, name));
      parts.push(`<rect class="${kind}" x="${LABEL}" y="${y}" width="${width}" height="${BAR}" rx="2"/>`);
      parts.push(
        text(LABEL + width + 8, y + 13, `${Math.round(median.requestsPerSecond).toLocaleString('en')}/s`, 'quiet'),
      );
      y += STEP;
    }
    for (const figure of row.figures) {
      const { what, value, atLeast, atMost } = figure;
      const goal = atLeast !== undefined ? ` (goal ≥ ${atLeast})` : atMost !== undefined ? ` (goal ≤ ${atMost})` : '';
      parts.push(text(0, y + 13, `${what}: ${rounded(value)}${goal}`, isMet(figure) ? 'quiet' : 'missed'));
      y += STEP - 4;
    }
    y += 12;
  }
  const title = 'What npm run bench measured';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" role="img" aria-label="${title}">
<title>${title}</title>
<style>${STYLE}
</style>
${parts.join('\n')}
</svg>
`;
}

function text(x: number, y: number, words: string, kind?: string): string {
  const escaped = words.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x}" y="${y}"${kind === undefined ? '' : ` class="${kind}"`}>${escaped}</text>`;
}
