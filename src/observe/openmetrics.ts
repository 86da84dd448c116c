/** Collected metrics as OpenMetrics 1.0 text, which can carry exemplars: a call for each bucket of a histogram that fell into it. */
import type { MetricObject, MetricValue } from 'prom-client';

/** A call that stands for others like it. */
export interface Exemplar {
  readonly labels: { readonly trace_id: string } | { readonly request_id: string };
  /** Seconds. */
  readonly value: number;
  /** Seconds since the epoch. */
  readonly at: number;
}

/** A metric as a registry collects it, as plain data. */
export interface Collected {
  readonly name: string;
  readonly help: string;
  readonly type: MetricObject['type'] | string;
  readonly aggregator?: string | undefined;
  readonly values: readonly CollectedValue[];
}
export type CollectedValue = Pick<MetricValue<string>, 'value' | 'labels'> & {
  readonly metricName?: string | undefined;
  readonly exemplar?: Exemplar | undefined;
};

export const OPENMETRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** @param accept the value of `Accept`. @returns whether it prefers OpenMetrics to the plain text format, or asks for nothing else. */
export function wantsOpenMetrics(accept: string | undefined): boolean {
  const weights = (accept ?? '').split(',').map((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const weight = parameters.find((parameter) => parameter.startsWith('q='));
    return { type, weight: weight === undefined ? 1 : Number(weight.slice(2)) };
  });
  const best = (type: string) =>
    Math.max(0, ...weights.filter((each) => each.type === type).map(({ weight }) => weight));
  const wanted = best('application/openmetrics-text');
  return wanted > 0 && wanted >= best('text/plain');
}

export function openMetricsText(metrics: readonly Collected[]): string {
  return `${metrics.map(familyText).join('')}# EOF\n`;
}

function familyText({ name, help, type, values }: Collected): string {
  // A counter's family has the bare name, and each sample of it the suffix.
  const family = type === 'counter' ? name.replace(/_total$/, '') : name;
  const lines = values.map((value) => {
    const sample = type === 'counter' ? `${family}_total` : (value.metricName ?? name);
    const exemplar = value.exemplar && sample.endsWith('_bucket') ? exemplarText(value.exemplar) : '';
    return `${sample}${labelsText(value.labels)} ${numberText(value.value)}${exemplar}\n`;
  });
  return `# HELP ${family} ${escaped(help)}\n# TYPE ${family} ${type}\n${lines.join('')}`;
}

function labelsText(labels: Partial<Record<string, string | number>>): string {
  const all = Object.entries(labels).map(([name, value = '']) => `${name}="${valueText(name, value)}"`);
  return all.length === 0 ? '' : `{${all.join(',')}}`;
}

/** Bounds are written as the specification writes numbers: `1.0`, where the plain format has `1`. */
function valueText(name: string, value: string | number): string {
  if (typeof value === 'string') return escaped(value);
  return (name === 'le' || name === 'quantile') && Number.isInteger(value) ? `${value}.0` : numberText(value);
}

const exemplarText = ({ labels, value, at }: Exemplar): string =>
  ` # ${labelsText({ ...labels })} ${numberText(value)} ${at.toFixed(3)}`;

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}

const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
