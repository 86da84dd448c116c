import { Counter, Gauge, type Registry } from 'prom-client';

/** How one target of one route is; counts are totals since the start. */
export interface UpstreamStats {
  /** The name of the route. */
  readonly upstream: string;
  readonly target: string;
  readonly healthy: boolean;
  readonly failures: number;
}

/** Copied when someone asks. With several workers each judges by itself, and one that sends a target no calls counts. */
export function watchUpstreams(registers: Registry[], stats: () => readonly UpstreamStats[]): void {
  const labelNames = ['upstream', 'target'] as const;
  new Gauge({
    name: 'gatehouse_upstream_healthy',
    help: '1 if a target gets calls, 0 if it is out because it failed or said that it is not well.',
    labelNames,
    registers,
    aggregator: 'min',
    collect() {
      this.reset();
      for (const { upstream, target, healthy } of stats()) this.set({ upstream, target }, healthy ? 1 : 0);
    },
  });
  new Counter({
    name: 'gatehouse_upstream_failures_total',
    help: 'Calls to a target that came to no answer, and questions about its health with no good one.',
    labelNames,
    registers,
    collect() {
      this.reset();
      for (const { upstream, target, failures } of stats()) this.inc({ upstream, target }, failures);
    },
  });
}
