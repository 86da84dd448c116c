import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { startRecordingUpstream } from '../support/recording_upstream.ts';
import { observedHouse, PEOPLE } from './observed_house.ts';
import { readOpenMetrics } from './openmetrics_reader.ts';

/** What the page of a gateway has: the names of its samples, and the labels and their values by name. */
type Page = ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>;

/** Whatever scrapes adds these, and knows this. */
const OF_PROMETHEUS = { labels: ['job', 'instance'], metrics: ['up'] };
const WORDS =
  /^(sum|min|max|avg|count|by|without|on|or|and|unless|rate|increase|histogram_quantile|vector|label_values|bool|ignoring|group_left)$/;

interface Selector {
  readonly metric: string;
  /** Label, and the values or the pattern it is compared with. */
  readonly matchers: readonly (readonly [label: string, operator: string, value: string])[];
}

/** The series that an expression names, and the labels it groups by. */
function readExpression(expression: string) {
  const grouped = [...expression.matchAll(/\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g)];
  const labels = grouped.flatMap(([, list = '']) => list.split(',').map((label) => label.trim()));
  const rest = expression.replace(/\b(?:by|without|on|ignoring)\s*\([^)]*\)/g, '').replace(/\[[^\]]*\]/g, '');
  const selectors: Selector[] = [];
  for (const [, metric = '', matchers = ''] of rest.matchAll(/([a-zA-Z_:][\w:]*)(\{(?:[^}"]|"[^"]*")*\})?/g)) {
    if (WORDS.test(metric) || rest.includes(`"${metric}`)) continue;
    const pairs = [...matchers.matchAll(/(\w+)(=~|!~|!=|=)"([^"]*)"/g)];
    selectors.push({
      metric,
      matchers: pairs.map(([, label = '', operator = '', value = '']) => [label, operator, value]),
    });
  }
  return { selectors, labels };
}

/** @returns what an expression names and the page does not have. */
function missing(expression: string, page: Page, legend = ''): string[] {
  const { selectors, labels } = readExpression(expression);
  const problems: string[] = [];
  const known = new Set<string>(OF_PROMETHEUS.labels);
  if (selectors.length === 0) problems.push('no metric');
  for (const { metric, matchers } of selectors) {
    const series = page.get(metric);
    if (!series && !OF_PROMETHEUS.metrics.includes(metric)) problems.push(metric);
    for (const label of series?.keys() ?? []) known.add(label);
    for (const [label, operator, value] of matchers) {
      if (OF_PROMETHEUS.labels.includes(label)) continue;
      const values = series?.get(label);
      if (!values) problems.push(`${metric}{${label}}`);
      else if (operator === '=' && !values.has(value)) problems.push(`${metric}{${label}="${value}"}`);
    }
  }
  const shown = [...legend.matchAll(/\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}/g)].map(([, label = '']) => label);
  problems.push(...[...labels, ...shown].filter((label) => !known.has(label)));
  return problems;
}

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

describe('what is drawn and told of the metrics', () => {
  let page: Page;
  beforeAll(async () => {
    const upstream = await startRecordingUpstream();
    const house = await observedHouse(
      `${PEOPLE}\nroutes: [ { name: orders, path: /orders/*, auth: none, upstream: '${upstream.origin}' }, { name: guarded, path: /guarded/*, upstream: '${upstream.origin}' } ]\n`,
    );
    const { access_token } = (await (await house.token({ grant_type: 'client_credentials' })).json()) as {
      access_token: string;
    };
    for (let count = 0; count < 2; count++)
      await fetch(`${house.url}/guarded/1`, { headers: { Authorization: `Bearer ${access_token}` } });
    await fetch(`${house.url}/orders/1`);
    await fetch(`${house.url}/guarded/1`);
    await house.token({ grant_type: 'password', username: 'alice', password: 'guess' });
    const headers = { Accept: 'application/openmetrics-text' };
    const text = await (await fetch(`${house.admin}/metrics`, { headers })).text();
    const found = new Map<string, Map<string, Set<string>>>();
    // Counters of what has not happened yet are there by name.
    for (const [, name = ''] of text.matchAll(/^# TYPE (\S+) counter$/gm)) found.set(`${name}_total`, new Map());
    for (const { name, labels } of readOpenMetrics(text)) {
      const series = found.get(name) ?? new Map<string, Set<string>>();
      found.set(name, series);
      for (const [label, value] of Object.entries(labels))
        series.set(label, (series.get(label) ?? new Set()).add(value));
    }
    page = found;
    await house.close();
    await upstream.close();
  });

  it('is told apart from what is not there', () => {
    expect(missing('sum by (route) (rate(gatehouse_requests_total{status=~"5.."}[5m]))', page, '{{route}}')).toEqual(
      [],
    );
    expect(missing('sum by (nothing) (gatehouse_requests_total)', page)).toEqual(['nothing']);
    expect(missing('gatehouse_nothing_total', page)).toEqual(['gatehouse_nothing_total']);
    expect(missing('gatehouse_config_reloads_total{outcome="maybe"}', page)).toHaveLength(1);
    expect(missing('gatehouse_store_up', page, '{{ $labels.route }}')).toEqual(['route']);
  });

  const dashboard = JSON.parse(readFileSync('config/grafana/gatehouse.json', 'utf8')) as {
    readonly panels: readonly Panel[];
    readonly templating: { readonly list: readonly { readonly definition?: string }[] };
    readonly annotations: { readonly list: readonly { readonly expr: string; readonly titleFormat: string }[] };
  };
  const panels = dashboard.panels.filter(({ type }) => type !== 'row');

  it.each(panels.map((panel) => [panel.title, panel] as const))('is there: %s', (_title, { targets = [] }) => {
    expect(targets).not.toEqual([]);
    for (const { expr, legendFormat } of targets)
      expect(missing(expr.replaceAll('"$route"', '".*"'), page, legendFormat)).toEqual([]);
  });

  it('is there for what can be chosen, and for marks', () => {
    const [, of = '', label = ''] =
      /^label_values\((\w+), (\w+)\)$/.exec(dashboard.templating.list[1]?.definition ?? '') ?? [];
    expect(page.get(of)?.has(label)).toBe(true);
    for (const { expr, titleFormat } of dashboard.annotations.list)
      expect(missing(expr, page, titleFormat)).toEqual([]);
  });

  it('is explained in the documentation', () => {
    const text = readFileSync('docs/observability.md', 'utf8').replaceAll('`_', '`gatehouse_cache_');
    const names = [...page.keys()].map((name) => name.replace(/_(bucket|sum|count)$/, ''));
    expect(names.filter((name) => name.startsWith('gatehouse_') && !text.includes(name))).toEqual([]);
  });

  it('does not lie on top of something else', () => {
    const taken = new Set<string>();
    for (const { gridPos } of dashboard.panels)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(x).toBeLessThan(24);
          expect(taken.has(`${x} ${y}`)).toBe(false);
          taken.add(`${x} ${y}`);
        }
  });

  const { groups } = parse(readFileSync('config/prometheus/alerts.yaml', 'utf8')) as {
    groups: { rules: { alert: string; expr: string; annotations: { summary: string } }[] }[];
  };
  it.each(groups.flatMap(({ rules }) => rules).map((rule) => [rule.alert, rule] as const))(
    'is there: alert %s',
    (_name, { expr, annotations }) => {
      expect(missing(expr, page, annotations.summary)).toEqual([]);
      // Reasons come from a closed list, which the compiler knows.
      for (const [, reasons = ''] of expr.matchAll(/reason=~"([^"]*)"/g))
        for (const reason of reasons.split('|'))
          expect(readFileSync('src/model/failure.ts', 'utf8')).toContain(`'${reason}'`);
    },
  );
});
