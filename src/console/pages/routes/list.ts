import { readOverview } from '../../../admin/overview.ts';
import { AdminProblem } from '../../../admin/problem.ts';
import type { RouteView } from '../../../admin/route_view.ts';
import { listRoutes } from '../../../admin/routes.ts';
import { type Html, type HtmlValue, html } from '../../../http/pages/html.ts';
import { LIVE_SCRIPT, LIVE_STYLE, ROUTES_SCRIPT } from '../../assets.ts';
import { jsonReply } from '../headers.ts';
import { numeral, percent, quantile, span, type Times, timesOf } from '../overview/figures.ts';
import { type ConsolePage, to, type Visit } from '../page.ts';
import { badge, chips } from '../parts/facts.ts';
import { pages, searchForm } from '../parts/listing.ts';
import { livePlace } from '../parts/live_place.ts';
import { table } from '../parts/table.ts';

export const ROUTES = { title: 'Routes', to: '/routes' };

export const routePath = (name: string): string => to('/routes/details', { name });

/** What went through a route since the start. */
interface RouteNumbers {
  readonly count: number;
  /** Answers of 500 and above. */
  readonly errors: number;
  readonly times: Times;
}

const NOTHING: RouteNumbers = { count: 0, errors: 0, times: [] };

/** All routes, how their targets are, and what goes through them. */
export const routeList: ConsolePage = {
  method: 'GET',
  path: '/routes',
  async answer(visit) {
    const { query, perform } = visit;
    const asked = { search: query.text('search'), after: query.text('after') };
    const [{ items, next }, numbers] = await Promise.all([perform(listRoutes, asked), numbersOf(visit)]);
    return {
      title: ROUTES.title,
      intro:
        'Which calls are let through, what they need, and where they go. Routes are changed in the configuration file.',
      styles: [LIVE_STYLE.path],
      scripts: numbers && [LIVE_SCRIPT.path, ROUTES_SCRIPT.path],
      content: html`${searchForm('/routes', 'Find a route', asked.search, 'Name, host, path or target')}
${numbers && html`${livePlace(to('/routes.json', asked), visit, html`<p data-since>Numbers since the gateway was started</p>`)}`}
<div class="card">${table({
        caption: 'Routes',
        columns: [
          { label: 'Route' },
          { label: 'Access' },
          { label: 'Upstream' },
          { label: 'Calls', kind: 'number' },
          { label: 'Errors', kind: 'number' },
          { label: 'p50', kind: 'number' },
          { label: 'p99', kind: 'number' },
        ],
        rows: items.map((route) => [...rowOf(route), ...numberCells(route.name, numbers?.get(route.name))]),
        empty:
          asked.search === undefined
            ? 'There are no routes yet: add some to the configuration file.'
            : html`No route has “<bdi>${asked.search}</bdi>” in its name, host, path or targets.`,
      })}</div>
${pages({ path: '/routes', query: { search: asked.search }, after: asked.after, next })}`,
    };
  },
};

/** The numbers of the routes on one page, for script. */
export const routeNumbers: ConsolePage = {
  method: 'GET',
  path: '/routes.json',
  byItself: true,
  async answer(visit) {
    const { query, perform, admin } = visit;
    const [{ items }, numbers] = await Promise.all([
      perform(listRoutes, { search: query.text('search'), after: query.text('after') }),
      numbersOf(visit),
    ]);
    const routes = items.map(({ name }) => [name, numbers?.get(name) ?? NOTHING] as const);
    return jsonReply({ at: admin.clock.now() / 1000, routes: Object.fromEntries(routes) });
  },
};

/** By the names of routes; undefined where no gateway runs. */
export async function numbersOf({ perform }: Visit): Promise<ReadonlyMap<string, RouteNumbers> | undefined> {
  const stats = await perform(readOverview, {}).catch((error: unknown) => {
    if (error instanceof AdminProblem && error.type === 'not_here') return undefined;
    throw error;
  });
  if (!stats) return undefined;
  const numbers = new Map<string, RouteNumbers>(
    stats.durations.map((of) => [of.route, { count: of.count, errors: 0, times: timesOf([of]) }]),
  );
  for (const { route, status, count } of stats.requests) {
    const known = numbers.get(route);
    if (known && status >= 500) numbers.set(route, { ...known, errors: known.errors + count });
  }
  return numbers;
}

function rowOf(route: RouteView): readonly HtmlValue[] {
  const { name, host, path, methods } = route;
  return [
    html`<a href="${routePath(name)}"><bdi>${name}</bdi></a><p><code><bdi>${methods ? `${methods.join(' ')} ` : ''}${host}${path}</bdi></code></p>`,
    accessOf(route),
    targetsOf(route),
  ];
}

function accessOf({ auth, scopes }: RouteView): Html {
  if (auth === 'none') return badge('public', 'warn');
  const all = Array.isArray(scopes) ? scopes : [...new Set(Object.values(scopes).flat())];
  return html`${badge(auth === 'optional' ? 'token optional' : 'token')}${all.length > 0 && html`<div class="spaced">${chips(all)}</div>`}`;
}

/** Where it goes, and whether that is well. */
export const targetsOf = ({ targets }: Pick<RouteView, 'targets'>): Html =>
  targets.length === 0
    ? html`<span class="quiet">forward auth only</span>`
    : html`${targets
        .slice(0, SHOWN)
        .map(
          ({ url, healthy, failures = 0 }) =>
            html`<div class="target"><code>${url}</code>${healthy !== undefined && (healthy ? badge('up', 'good') : badge('down', 'bad'))}${failures > 0 && html`<span class="quiet small">${failures} failed in a row</span>`}</div>`,
        )}${targets.length > SHOWN && html`<p>and ${targets.length - SHOWN} more</p>`}`;

const SHOWN = 4;

function numberCells(name: string, { count, errors, times }: RouteNumbers = NOTHING): readonly Html[] {
  const cell = (what: string, text: string) => html`<span data-of="${name}" data-number="${what}">${text}</span>`;
  return [
    cell('rate', numeral(count)),
    cell('errors', percent(errors, count)),
    cell('p50', span(quantile(0.5, times))),
    cell('p99', span(quantile(0.99, times))),
  ];
}
