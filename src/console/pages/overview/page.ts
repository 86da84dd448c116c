import { listRefusals, readOverview } from '../../../admin/overview.ts';
import { AdminProblem } from '../../../admin/problem.ts';
import { type Html, html } from '../../../http/pages/html.ts';
import { CHARTS_SCRIPT, CHARTS_STYLE, LIVE_SCRIPT, LIVE_STYLE, OVERVIEW_SCRIPT } from '../../assets.ts';
import { jsonReply } from '../headers.ts';
import type { ConsolePage, Visit } from '../page.ts';
import { card, note } from '../parts/facts.ts';
import { livePlace } from '../parts/live_place.ts';
import { charts } from './charts.ts';
import { type Figures, figuresOf, numeral, percent, quantile, span, sumOf } from './figures.ts';
import { explainPath, NONE, type Refusal, refusalTable, SHOWN } from './refusals.ts';

/** What happens now. The page has totals since the start; script asks for newer ones and draws the differences. */
export const overview: ConsolePage = {
  method: 'GET',
  path: '/',
  async answer(visit) {
    const now = await read(visit).catch((error: unknown) => {
      if (error instanceof AdminProblem && error.type === 'not_here') return error;
      throw error;
    });
    if (now instanceof AdminProblem) return { title: 'Overview', content: note('plain', html`<p>${now.message}</p>`) };
    const { figures, refusals } = now;
    return {
      title: 'Overview',
      intro:
        'What the gateways of this machine do now. The charts begin when you open this page, and show the last five minutes.',
      styles: [CHARTS_STYLE.path, LIVE_STYLE.path],
      scripts: [CHARTS_SCRIPT.path, LIVE_SCRIPT.path, OVERVIEW_SCRIPT.path],
      content: html`<noscript><div class="note"><p>Charts need script. These are totals since the gateway was started: reload the page for newer ones.</p></div></noscript>
${livePlace('/overview.json', visit)}
${tiles(figures)}
${charts(figures)}
${card({ title: 'The latest refusals', id: 'refusals', intro: 'Calls that the gateway answered itself, newest first.' }, refusalTable(refusals), true)}
<template id="refusals-table">${refusalTable([NONE])}</template>`,
    };
  },
};

/** The same numbers for script, under the same sign-in. */
export const overviewNumbers: ConsolePage = {
  method: 'GET',
  path: '/overview.json',
  byItself: true,
  async answer(visit) {
    const { figures, refusals } = await read(visit);
    const latest = refusals.map(({ at, method, path, status, reason, route }) => {
      return { at, method, path, status, reason, route, explain: explainPath({ method, path }) };
    });
    return jsonReply({ ...figures, latest });
  },
};

async function read({ perform }: Visit): Promise<{ figures: Figures; refusals: readonly Refusal[] }> {
  const [stats, { items }] = await Promise.all([perform(readOverview, {}), perform(listRefusals, {})]);
  return { figures: figuresOf(stats), refusals: items.slice(0, SHOWN) };
}

function tiles({ requests, refusals, issued, cache, times, storeUp }: Figures): Html {
  const { hits, misses } = cache;
  const tile = (id: string, name: string, value: string, below: string) =>
    html`<div data-tile="${id}"><dt>${name}</dt><dd><strong>${value}</strong><span>${below}</span></dd></div>
`;
  return html`<dl class="tiles">
${tile('requests', 'Requests', numeral(sumOf(requests)), 'in all')}${tile('refusals', 'Refused', numeral(sumOf(refusals)), 'in all')}${tile('latency', 'p99', span(quantile(0.99, times)), 'in all')}${tile('cache', 'Cache hits', percent(hits, hits + misses), `${numeral(cache.entries)} cached`)}${tile('issued', 'Tokens issued', numeral(sumOf(issued)), 'in all')}${tile('store', 'Store', storeUp ? 'up' : 'down', storeUp ? 'it answers' : 'it gives no answer')}</dl>`;
}
