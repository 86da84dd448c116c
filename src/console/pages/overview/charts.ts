import { type Html, html } from '../../../http/pages/html.ts';
import { type Figures, numeral, percent, quantile, span } from './figures.ts';

/** One chart: what it shows, and its numbers since the start, which stand in its place where no script draws. */
interface Chart {
  /** As `overview.js` knows it. */
  readonly id: string;
  readonly title: string;
  readonly says: string;
  /** The heading of the first column of its table. */
  readonly of: string;
  rows(figures: Figures): readonly (readonly [name: string, sinceStart: string])[];
}

const counts = (of: Readonly<Record<string, number>>) =>
  Object.entries(of).map(([name, count]) => [name, numeral(count)] as const);

const CHARTS: readonly Chart[] = [
  {
    ...{
      id: 'requests',
      title: 'Requests',
      of: 'Status',
      says: 'Each second, by the class of the status that callers got.',
    },
    rows: ({ requests }) => counts(requests),
  },
  {
    ...{
      id: 'refusals',
      title: 'Refusals',
      of: 'Reason',
      says: 'Calls each second that the gateway answered itself, by reason.',
    },
    rows: ({ refusals }) => counts(refusals),
  },
  {
    ...{
      id: 'latency',
      title: 'Latency',
      of: 'Share',
      says: 'Half of the calls took no longer than p50, 99 of 100 no longer than p99.',
    },
    rows: ({ times }) => [
      ['p50', span(quantile(0.5, times))],
      ['p99', span(quantile(0.99, times))],
    ],
  },
  {
    ...{
      id: 'cache',
      title: 'Cache hits',
      of: 'Share',
      says: 'How many tokens in a hundred the cache knew, without asking the store.',
    },
    rows: ({ cache: { hits, misses } }) => [['hits', percent(hits, hits + misses)]],
  },
  {
    ...{
      id: 'issued',
      title: 'Tokens issued',
      of: 'Grant',
      says: 'Answers each second that carried a new access token, by grant.',
    },
    rows: ({ issued }) => counts(issued),
  },
  {
    ...{
      id: 'store',
      title: 'Store',
      of: 'What',
      says: 'Whether the store answered: 1 when it did, 0 when it did not.',
    },
    rows: ({ storeUp }) => [['store', storeUp ? '1, it answers' : '0, it does not answer']],
  },
];

export const charts = (figures: Figures): Html =>
  html`<div class="charts">${CHARTS.map((chart) => card(chart, figures))}</div>`;

const card = (
  { id, title, says, of, rows }: Chart,
  figures: Figures,
): Html => html`<figure class="card chart" data-chart="${id}">
<figcaption><h2 id="${id}-title">${title}</h2><p id="${id}-says">${says}</p></figcaption>
<div class="plot" role="img" aria-labelledby="${id}-title ${id}-says" hidden></div>
<ul class="legend" aria-label="${title}, latest" hidden></ul>
<details open><summary>Numbers<span class="hidden"> of ${title}</span></summary>
${numbers(title, of, rows(figures))}</details>
</figure>
`;

const numbers = (title: string, of: string, rows: ReturnType<Chart['rows']>): Html =>
  html`<table role="table"><caption>${title}</caption>
<thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">${of}</th><th role="columnheader" scope="col" class="number">Since the start</th></tr></thead>
<tbody role="rowgroup">${
    rows.length === 0
      ? html`<tr role="row"><td role="cell" colspan="2" class="quiet">Nothing yet</td></tr>`
      : rows.map(
          ([name, value]) =>
            html`<tr role="row"><th role="rowheader" scope="row"><bdi>${name}</bdi></th><td role="cell" class="number" data-label="Since the start">${value}</td></tr>`,
        )
  }</tbody></table>`;
