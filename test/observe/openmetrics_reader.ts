/** One line of a page. */
export interface Sample {
  readonly family: string;
  readonly type: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly exemplar?:
    | { readonly labels: Readonly<Record<string, string>>; readonly value: number; readonly at: number }
    | undefined;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABELS = `\\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\n"])*",?)*\\}`;
const NUMBER = '(?:[+-]?\\d+(?:\\.\\d+)?(?:[eE][+-]?\\d+)?|[+-]Inf|NaN)';
const LINE = new RegExp(`^(${NAME})(${LABELS})? (${NUMBER})(?: # (${LABELS}) (${NUMBER})(?: (${NUMBER}))?)?$`);
/** What the samples of each type may be called, behind the name of the family (OpenMetrics 1.0, "Suffixes"). */
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: ['_total', '_created'],
  gauge: [''],
  histogram: ['_bucket', '_count', '_sum', '_created'],
  summary: ['', '_count', '_sum', '_created'],
};

/**
 * Reads a page as OpenMetrics 1.0 has it, and nothing else: metadata before samples, families in one piece and once each, suffixes by
 * type, buckets that rise up to `+Inf`, exemplars of 128 characters on buckets and counters only, one `# EOF` at the end.
 * @throws Error that names the line.
 */
export function readOpenMetrics(page: string): Sample[] {
  if (!page.endsWith('\n# EOF\n')) throw new Error('there is no "# EOF" at the end');
  const samples: Sample[] = [];
  const families = new Map<string, string>();
  const names = new Set<string>();
  let family = '';
  for (const line of page.slice(0, -'# EOF\n'.length).split('\n').slice(0, -1)) {
    const wrong = (why: string) => new Error(`${why}: ${line}`);
    const [, keyword, about = '', rest = ''] = /^# (HELP|TYPE|UNIT) (\S+) (.*)$/.exec(line) ?? [];
    if (keyword !== undefined) {
      if (about !== family && families.has(about)) throw wrong('a family comes twice');
      family = about;
      if (keyword === 'TYPE') families.set(about, rest);
      else if (!families.has(about)) families.set(about, 'unknown');
      if (keyword === 'TYPE' && SUFFIXES[rest] === undefined) throw wrong('unknown type');
      continue;
    }
    const [, name = '', labelText = '', valueText = '', exemplarLabels, exemplarValue, exemplarTime] =
      LINE.exec(line) ?? [];
    if (name === '') throw wrong('neither a sample nor metadata');
    const type = families.get(family) ?? '';
    if (!(SUFFIXES[type] ?? []).some((suffix) => name === family + suffix)) throw wrong(`no sample of a ${type}`);
    const labels = labelsOf(labelText);
    const key = JSON.stringify([name, labels]);
    if (names.has(key)) throw wrong('a sample comes twice');
    names.add(key);
    if (exemplarLabels !== undefined && !/_(bucket|total)$/.test(name)) throw wrong('no place for an exemplar');
    const exemplar = exemplarLabels === undefined ? undefined : labelsOf(exemplarLabels);
    if (
      Object.entries(exemplar ?? {})
        .flat()
        .join('').length > 128
    )
      throw wrong('the exemplar is too long');
    samples.push({
      ...{ family, type, name, labels, value: numberOf(valueText) },
      exemplar: exemplar && { labels: exemplar, value: numberOf(exemplarValue), at: numberOf(exemplarTime) },
    });
  }
  checkBuckets(samples);
  return samples;
}

function checkBuckets(samples: readonly Sample[]): void {
  const buckets = samples.filter(({ type, name }) => type === 'histogram' && name.endsWith('_bucket'));
  const series = Map.groupBy(buckets, ({ name, labels: { le: _, ...others } }) => JSON.stringify([name, others]));
  for (const [key, all] of series) {
    const bounds = all.map(({ labels }) => numberOf(labels['le']));
    const isRising = bounds.every((bound, at) => at === 0 || bound > (bounds[at - 1] ?? 0));
    const isCumulative = all.every(({ value }, at) => at === 0 || value >= (all[at - 1]?.value ?? 0));
    if (!isRising || !isCumulative || bounds.at(-1) !== Number.POSITIVE_INFINITY) throw new Error(`buckets of ${key}`);
    const outside = all.find(({ exemplar }, at) => exemplar && exemplar.value > (bounds[at] ?? 0));
    if (outside) throw new Error(`an exemplar is not in its bucket: ${key}`);
  }
}

function labelsOf(text: string): Record<string, string> {
  const pairs = [...text.matchAll(/([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\n"])*)"/g)];
  return Object.fromEntries(
    pairs.map(([, name = '', value = '']) => [name, value.replace(/\\(.)/g, (_, it) => (it === 'n' ? '\n' : it))]),
  );
}

function numberOf(text: string | undefined): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  return text === '-Inf' ? Number.NEGATIVE_INFINITY : Number(text);
}
