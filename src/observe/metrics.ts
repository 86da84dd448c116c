/**
 * Counters for Prometheus. Every label has few values by construction: routes and grants come from the configuration, reasons
 * from a closed list, and whatever a caller could invent (a method, a path) is folded or left out.
 */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { LiveStats } from '../admin/live.ts';
import type { Exchange } from '../model/exchange.ts';
import { DependencyUnavailable, type ErrorCode } from '../model/failure.ts';
import { milliseconds } from '../model/units.ts';
import { countAudit } from './audit_metrics.ts';
import type { AuditCounts } from './audit_trail.ts';
import { type Collected, OPENMETRICS, openMetricsText } from './openmetrics.ts';
import { createRequestSeries } from './request_series.ts';
import { type UpstreamStats, watchUpstreams } from './upstream_metrics.ts';

/** What a cache says about itself; counts are totals since the start. */
export interface CacheStats {
  readonly hits: number;
  readonly misses: number;
  readonly size: number;
  readonly negativeSize: number;
  readonly evictions: number;
}

/** Totals of what reads connections before the HTTP server does. */
export interface FastLaneStats {
  /** Requests carried. */
  readonly taken: number;
  /** Connections given to the HTTP server. */
  readonly handedOver: number;
}

interface Sources {
  readonly cache?: () => CacheStats;
  readonly store?: () => Promise<void>;
  readonly fastLane?: () => FastLaneStats;
  readonly upstreams?: () => readonly UpstreamStats[];
}

export interface MetricsText {
  readonly contentType: string;
  readonly body: string;
}

export interface Metrics {
  request(exchange: Exchange): void;
  /** @param grant the wire value of a grant that has just given tokens. */
  tokenIssued(grant: string): void;
  /** Spans that no collector took. */
  tracesLost(spans: number): void;
  readonly audit: AuditCounts;
  /** An event that repeats another one, or is one of too many, was not written. */
  auditWithheld(): void;
  /** Names what is read at each scrape: the cache's own counts, and whether the store answers. */
  watch(sources: Sources): void;
  /** The same as numbers, for whoever draws them. */
  stats(): Promise<LiveStats>;
  /** The page that Prometheus reads. @param open whether as OpenMetrics, with exemplars. */
  text(open?: boolean): Promise<MetricsText>;
  /** The same as data, for `cluster_metrics.ts`. @param open as in `text`. */
  collect(open?: boolean): Promise<readonly Collected[]>;
  /** Where others count. */
  readonly registry: Registry;
}

const NO_CACHE = { hits: 0, misses: 0, size: 0 };
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  const series = createRequestSeries(registry);
  // In plain maps until someone asks, as in `request_series.ts`.
  const refusals = new Map<ErrorCode, number>();
  new Counter({
    name: 'gatehouse_refusals_total',
    help: 'Requests that were refused, by reason.',
    labelNames: ['reason'],
    registers,
    collect() {
      this.reset();
      for (const [reason, count] of refusals) this.inc({ reason }, count);
    },
  });
  const outages = (name: string, help: string) => new Counter({ name, help, labelNames: ['route'], registers });
  const served = outages(
    'gatehouse_store_outage_served_total',
    'Calls that passed on what had been known of their token while the store gave no answer, by route.',
  );
  const turnedAway = outages(
    'gatehouse_store_outage_refused_total',
    'Calls that were refused with 503 because the store gave no answer, by route.',
  );
  const issued = new Map<string, number>();
  new Counter({
    name: 'gatehouse_tokens_issued_total',
    help: 'Answers that carried a new access token, by grant.',
    labelNames: ['grant'],
    registers,
    collect() {
      this.reset();
      for (const [grant, count] of issued) this.inc({ grant }, count);
    },
  });

  const tracesLost = new Counter({
    name: 'gatehouse_traces_lost_total',
    help: 'Spans that no collector took.',
    registers,
  });
  const audit = countAudit(registry);
  let sources: Sources = {};
  async function collect(open = false): Promise<readonly Collected[]> {
    const collected = await registry.getMetricsAsJSON();
    if (open) series.vacate();
    // The types of the library leave out that a value of a histogram has a name of its own.
    return collected as readonly Collected[];
  }

  return {
    registry,
    async stats() {
      const storeUp = await isUp(sources.store ?? (async () => {}));
      const { hits, misses, size: entries } = sources.cache?.() ?? NO_CACHE;
      return {
        at: milliseconds(Date.now()),
        ...series.read(),
        refusals: [...refusals].map(([reason, count]) => ({ reason, count })),
        cache: { hits, misses, entries },
        issued: [...issued].map(([grant, count]) => ({ grant, count })),
        storeUp,
      };
    },
    request(exchange) {
      const { route = 'none', method, refused, fault, cache } = exchange;
      series.record(exchange, route, METHODS.has(method) ? method : 'other');
      if (refused) refusals.set(refused, (refusals.get(refused) ?? 0) + 1);
      if (cache === 'stale') served.inc({ route });
      if (fault === DependencyUnavailable.name) turnedAway.inc({ route });
    },
    audit: audit.counts,
    auditWithheld: () => audit.withheld(),
    tracesLost: (spans) => tracesLost.inc(spans),
    tokenIssued: (grant) => issued.set(grant, (issued.get(grant) ?? 0) + 1),
    watch(those) {
      sources = { ...sources, ...those };
      const { cache, store, fastLane, upstreams } = those;
      if (upstreams) watchUpstreams(registers, upstreams);
      if (cache) watchCache(registers, cache);
      if (fastLane) watchFastLane(registers, fastLane);
      if (store) watchStore(registers, store);
    },
    collect,
    async text(open = false) {
      if (open) return { contentType: OPENMETRICS, body: openMetricsText(await collect(true)) };
      return { contentType: registry.contentType, body: await registry.metrics() };
    },
  };
}

/** The cache counts for itself, without a call per look-up; its totals are copied when someone asks. */
function watchCache(registers: Registry[], stats: () => CacheStats): void {
  const total = (name: string, help: string, read: (from: CacheStats) => number) =>
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(read(stats()));
      },
    });
  const size = (name: string, help: string, read: (from: CacheStats) => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read(stats()));
      },
    });
  total('gatehouse_cache_hits_total', 'Token look-ups answered by the cache.', (from) => from.hits);
  total('gatehouse_cache_misses_total', 'Token look-ups that had to ask the store.', (from) => from.misses);
  total('gatehouse_cache_evictions_total', 'Entries dropped to make room.', (from) => from.evictions);
  size('gatehouse_cache_entries', 'Access tokens in the cache.', (from) => from.size);
  size('gatehouse_cache_negative_entries', 'Unknown tokens in the cache.', (from) => from.negativeSize);
}

/** It counts for itself too: a label of the request counters would cost every call. */
function watchFastLane(registers: Registry[], stats: () => FastLaneStats): void {
  new Counter({
    name: 'gatehouse_fast_lane_total',
    help: 'Requests carried by the fast lane, and connections that it handed over to the full lane.',
    labelNames: ['outcome'],
    registers,
    collect() {
      const { taken, handedOver } = stats();
      this.reset();
      this.inc({ outcome: 'taken' }, taken);
      this.inc({ outcome: 'handed_over' }, handedOver);
    },
  });
}

/** Asked at each scrape, so that the value is never older than the page. With several workers, one that cannot reach it counts. */
function watchStore(registers: Registry[], ping: () => Promise<void>): void {
  new Gauge({
    name: 'gatehouse_store_up',
    help: '1 if the store answers, 0 if it does not.',
    registers,
    aggregator: 'min',
    async collect() {
      this.set((await isUp(ping)) ? 1 : 0);
    },
  });
}

const isUp = (ping: () => Promise<void>): Promise<boolean> =>
  ping().then(
    () => true,
    () => false,
  );
