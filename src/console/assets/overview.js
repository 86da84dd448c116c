/* Draws the overview: what happened between each two answers of the gateway, for five minutes. */

const SPAN = 300;
/** Seconds that a chart shows at least. */
const SHORTEST = 60;
/** So many lines can be told apart; whatever comes after them is drawn as one. */
const MOST_LINES = 6;
const OTHERS = 'others';
const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3], [5, 5], [1, 4]];
/** Which line is whose, where it matters that it is always the same one. */
const LINES = { '2xx': 0, '4xx': 1, '3xx': 2, '5xx': 3, '1xx': 4, p50: 0, p99: 1 };

const perSecond = (value) => `${numeral(value)}/s`;
const share = (value) => `${numeral(value)} %`;
const rates = (read) => (now, before, elapsed) => {
  const [totals, former] = [read(now), before && read(before)];
  const found = {};
  for (const [name, total] of Object.entries(totals)) {
    // What was not there before began at nothing.
    found[name] = rateOf(total, former && (former[name] ?? 0), elapsed);
  }
  return found;
};

/** What each chart draws: its lines by name, undefined for a gap. */
const CHARTS = {
  requests: { says: perSecond, values: rates(({ requests }) => requests) },
  refusals: { says: perSecond, values: rates(({ refusals }) => refusals) },
  latency: {
    says: span,
    values(now, before, elapsed) {
      const isGap = before === undefined || elapsed > LONGEST_STEP;
      const of = (part) => (isGap ? undefined : quantile(part, now.times, before.times));
      return { p50: of(0.5), p99: of(0.99) };
    },
  },
  cache: {
    says: share,
    range: [0, 100],
    values(now, before, elapsed) {
      const hits = rateOf(now.cache.hits, before?.cache.hits, elapsed);
      const misses = rateOf(now.cache.misses, before?.cache.misses, elapsed);
      return { hits: hits + misses > 0 ? (100 * hits) / (hits + misses) : undefined };
    },
  },
  issued: { says: perSecond, values: rates(({ issued }) => issued) },
  store: {
    says: (value) => (value === 1 ? 'up' : 'down'),
    range: [0, 1.25],
    splits: [0, 1],
    isStepped: true,
    values: ({ storeUp }) => ({ store: storeUp ? 1 : 0 }),
  },
};

const times = [];
const drawn = [...document.querySelectorAll('[data-chart]')].map((figure) => {
  const { chart } = figure.dataset;
  const parts = {
    plot: figure.querySelector('.plot'),
    legend: figure.querySelector('.legend'),
    details: figure.querySelector('details'),
    body: figure.querySelector('tbody'),
    head: figure.querySelector('thead tr'),
  };
  const made = { id: chart, ...CHARTS[chart], ...parts, lines: new Map(), plotted: undefined };
  parts.plot.hidden = false;
  parts.legend.hidden = false;
  parts.details.open = false;
  const columns = ['Now', 'Most', 'Least'];
  parts.head.lastElementChild.textContent = columns[0];
  for (const textContent of columns.slice(1)) {
    grow(parts.head, 'th', { role: 'columnheader', scope: 'col', className: 'number', textContent });
  }
  parts.details.addEventListener('toggle', () => tell(made));
  new ResizeObserver(() => made.plotted?.setSize(sizeOf(made))).observe(parts.plot);
  return made;
});

const sizeOf = ({ plot }) => ({ width: Math.max(plot.clientWidth, 160), height: 176 });

/** What canvas takes is a colour, not a name of one. */
function colourOf(name) {
  const probe = grow(document.body, 'span', { className: `probe ${name}` });
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
const faint = (colour) => colour.replace(/^rgb\((.+)\)$/, 'rgba($1, 0.12)');

let before;

follow((now) => {
  const at = now?.at ?? Date.now() / 1000;
  if (now === undefined && before === undefined && times.length === 0) return;
  const elapsed = before === undefined ? 0 : at - before.at;
  if (before !== undefined && now !== undefined && elapsed <= 0) return;
  times.push(at);
  for (const chart of drawn) take(chart, now === undefined ? {} : chart.values(now, before, elapsed));
  while (times[0] < at - SPAN - 10) {
    times.shift();
    for (const { lines } of drawn) for (const line of lines.values()) line.shift();
  }
  for (const chart of drawn) {
    draw(chart);
    tell(chart);
  }
  if (now !== undefined) {
    tiles(now);
    latest(now.latest);
  }
  before = now;
});

/** Puts the newest values behind the others. */
function take({ lines }, values) {
  const sums = {};
  for (const [name, value] of Object.entries(values)) {
    const line = lines.has(name) || lines.size < MOST_LINES - 1 ? name : OTHERS;
    sums[line] = value === undefined ? sums[line] : (sums[line] ?? 0) + value;
    if (!lines.has(line)) lines.set(line, new Array(times.length - 1).fill(null));
  }
  for (const [name, line] of lines) line.push(sums[name] ?? null);
}

function draw(chart) {
  const names = [...chart.lines.keys()].join();
  if (chart.plotted === undefined || chart.names !== names) {
    chart.plotted?.destroy();
    chart.names = names;
    chart.plotted = plotted(chart);
  }
  chart.plotted.setData([times, ...chart.lines.values()]);
}

function plotted(chart) {
  const { plot, lines, says, range, splits, isStepped } = chart;
  const [ink, grid] = [colourOf('ink'), colourOf('grid')];
  const axis = {
    stroke: ink,
    font: '12px system-ui, sans-serif',
    grid: { stroke: grid, width: 1 },
    ticks: { stroke: grid, width: 1, size: 4 },
  };
  const series = [...lines.keys()].map((name, index) => {
    const line = lineOf(name, index);
    const stroke = colourOf(`line-${line}`);
    return {
      ...{ label: name, stroke, width: 2, dash: DASHES[line], spanGaps: false, points: { show: false } },
      ...(lines.size === 1 && { fill: faint(stroke) }),
      ...(isStepped && { paths: uPlot.paths.stepped({ align: 1 }) }),
    };
  });
  const options = {
    ...sizeOf(chart),
    legend: { show: false },
    cursor: { sync: { key: 'overview' }, drag: { x: false, y: false }, y: false },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), 'Etc/UTC'),
    scales: {
      x: {
        time: true,
        range: () => [Math.min(Math.max(times[0], times.at(-1) - SPAN), times.at(-1) - SHORTEST), times.at(-1)],
      },
      y: { range: (_plot, _least, most) => range ?? [0, most > 0 ? most * 1.15 : 1] },
    },
    axes: [
      { ...axis, space: 70, values: (_plot, moments) => moments.map(clock), size: 32 },
      {
        ...axis,
        size: 64,
        space: 36,
        values: (_plot, values) => values.map((value) => says(value)),
        ...(splits && { splits: () => splits }),
      },
    ],
    series: [{}, ...series],
    hooks: { setCursor: [({ cursor }) => legend(chart, cursor.idx)] },
  };
  legend(chart);
  return new uPlot(options, [times, ...lines.values()], plot);
}

/** 0 to 5: which colour and which dashes. */
function lineOf(name, index) {
  return LINES[name] ?? index % MOST_LINES;
}

const clock = (seconds) => new Date(seconds * 1_000).toISOString().slice(11, 19);

/** Says what the lines are, and their values where the pointer is; else the latest. */
function legend({ legend: list, lines, says }, at = times.length - 1) {
  const items = [...lines].map(([name, values], index) => {
    const line = lineOf(name, index);
    const item = grow(undefined, 'li');
    item.append(swatch(line));
    grow(item, 'bdi', { textContent: name });
    const value = values[at ?? times.length - 1];
    grow(item, 'b', { textContent: value == null ? '–' : says(value) });
    return item;
  });
  if (items.length === 0) items.push(grow(undefined, 'li', { textContent: 'Nothing yet' }));
  list.replaceChildren(...items);
}

function swatch(line) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  for (const [name, value] of Object.entries({
    viewBox: '0 0 24 8',
    class: `swatch line-${line}`,
    'aria-hidden': true,
  })) {
    svg.setAttribute(name, value);
  }
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', 'M0 4h24');
  path.setAttribute('stroke-dasharray', DASHES[line].join(' '));
  svg.append(path);
  return svg;
}

/** The numbers that are drawn, as a table. */
function tell(chart) {
  const { lines, says, body, details, plotted } = chart;
  if (plotted?.cursor.idx == null) legend(chart);
  if (!details.open || lines.size === 0) return;
  const rows = [...lines].map(([name, values]) => {
    const known = values.filter((value) => value !== null);
    const row = grow(undefined, 'tr', { role: 'row' });
    grow(grow(row, 'th', { role: 'rowheader', scope: 'row' }), 'bdi', { textContent: name });
    for (const [label, value] of [
      ['Now', values.at(-1)],
      ['Most', known.length > 0 ? Math.max(...known) : null],
      ['Least', known.length > 0 ? Math.min(...known) : null],
    ]) {
      const textContent = value === null ? '–' : says(value);
      grow(row, 'td', { role: 'cell', className: 'number', 'data-label': label, textContent });
    }
    return row;
  });
  body.replaceChildren(...rows);
}

/** The numbers on top, as they are now; below each what it was since the start. */
function tiles(now) {
  const sum = (counts) => Object.values(counts).reduce((total, count) => total + count, 0);
  const elapsed = before === undefined ? 0 : now.at - before.at;
  const rate = (read) => rateOf(sum(read(now)), before && sum(read(before)), elapsed);
  const latestOf = (id, name) =>
    drawn
      .find((chart) => chart.id === id)
      ?.lines.get(name)
      ?.at(-1) ?? undefined;
  const told = (value, says) => (value === undefined ? '–' : says(value));
  const since = (counts) => `${numeral(sum(counts))} in all`;
  const values = {
    requests: [
      told(
        rate(({ requests }) => requests),
        perSecond,
      ),
      since(now.requests),
    ],
    refusals: [
      told(
        rate(({ refusals }) => refusals),
        perSecond,
      ),
      since(now.refusals),
    ],
    issued: [
      told(
        rate(({ issued }) => issued),
        perSecond,
      ),
      since(now.issued),
    ],
    latency: [told(latestOf('latency', 'p99'), span), `p50 ${told(latestOf('latency', 'p50'), span)}`],
    cache: [told(latestOf('cache', 'hits'), share), `${numeral(now.cache.entries)} cached`],
    store: now.storeUp ? ['up', 'it answers'] : ['down', 'it gives no answer'],
  };
  for (const [id, [value, below]] of Object.entries(values)) {
    const place = document.querySelector(`[data-tile="${id}"]`);
    place.querySelector('strong').textContent = value;
    place.querySelector('span').textContent = below;
  }
  document.querySelector('[data-tile="store"]').classList.toggle('bad', !now.storeUp);
}

/** The latest refusals, as text: callers chose much of it. */
function latest(calls) {
  if (calls.length === 0) return;
  const card = document.getElementById('refusals');
  card.querySelector('.empty')?.replaceWith(document.getElementById('refusals-table').content.cloneNode(true));
  const body = card.querySelector('tbody');
  if (body.contains(document.activeElement)) return;
  const cell = (row, label, kind, ...children) =>
    grow(row, 'td', { role: 'cell', 'data-label': label, className: kind }, grow(undefined, 'span', {}, ...children));
  const rows = calls.map(({ at, method, path, status, reason, route, explain }) => {
    const row = grow(undefined, 'tr', { role: 'row' });
    const call = grow(undefined, 'code', {}, grow(undefined, 'bdi', { textContent: `${method} ${path}` }));
    grow(row, 'th', { role: 'rowheader', scope: 'row' }, grow(undefined, 'span', {}, call));
    const why = grow(
      undefined,
      'span',
      { className: 'nowrap' },
      `${status} `,
      grow(undefined, 'code', { textContent: reason }),
    );
    cell(row, 'Why', '', why);
    cell(row, 'Route', route === undefined ? 'blank' : '', grow(undefined, 'bdi', { textContent: route ?? '' }));
    const moment = new Date(at).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium', timeZone: 'UTC' });
    cell(
      row,
      'When',
      '',
      grow(undefined, 'time', { datetime: at, className: 'nowrap small', textContent: `${moment} UTC` }),
    );
    const link = grow(undefined, 'a', { href: explain, textContent: 'Explain' });
    grow(link, 'span', { className: 'hidden', textContent: ` ${method} ${path}` });
    cell(row, 'Explain', 'act', link);
    return row;
  });
  body.replaceChildren(...rows);
}

// Colours are drawn: another light needs them drawn anew.
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  for (const chart of drawn) {
    chart.names = undefined;
    if (times.length > 0) draw(chart);
  }
});
