import type { TracerProvider } from '@opentelemetry/api';
import type { TracingSettings } from '../model/config.ts';
import type { EventDetail, EventLevel } from './log.ts';

export interface Tracing {
  readonly provider: TracerProvider;
  /** Sends what is waiting, for five seconds at most. Never rejects. */
  close(): Promise<void>;
}

export interface TracingDependencies {
  readonly event: (level: EventLevel, name: string, detail?: EventDetail) => void;
  /** Told how many spans no collector took. */
  readonly lost: (spans: number) => void;
}

/** The packages are the operator's to install: nobody else needs their megabytes. */
export const TRACING_PACKAGES = [
  '@opentelemetry/sdk-trace-node',
  '@opentelemetry/exporter-trace-otlp-http',
  '@opentelemetry/resources',
] as const;

/** Milliseconds. */
const CLOSE_LIMIT = 5_000;
const COMPLAINT_INTERVAL = 60_000;

/** Not found, or found in a part. */
export class TracingUnavailable extends Error {
  override readonly name = 'TracingUnavailable';
}

/**
 * Sends spans to a collector (OTLP over HTTP), in batches, without any call waiting for it.
 * @throws TracingUnavailable when a package is not installed.
 */
export async function openTracing(
  { otlp, sample, serviceName }: TracingSettings & { readonly otlp: string },
  { event, lost }: TracingDependencies,
): Promise<Tracing> {
  const [sdk, exporter, resources] = await Promise.all([
    import('@opentelemetry/sdk-trace-node'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]).catch((error: unknown) => {
    throw isMissing(error)
      ? new TracingUnavailable(
          `tracing.otlp needs packages that are not installed: npm install ${TRACING_PACKAGES.join(' ')}`,
        )
      : error;
  });
  const sending = new exporter.OTLPTraceExporter({ url: new URL('v1/traces', `${otlp.replace(/\/?$/, '/')}`).href });
  let complained = Number.NEGATIVE_INFINITY;
  const processor = new sdk.BatchSpanProcessor({
    export(spans, done) {
      sending.export(spans, (result) => {
        if (result.code !== 0) {
          lost(spans.length);
          const now = performance.now();
          if (now - complained > COMPLAINT_INTERVAL) event('warn', 'traces_lost', { spans: spans.length });
          if (now - complained > COMPLAINT_INTERVAL) complained = now;
        }
        done(result);
      });
    },
    shutdown: () => sending.shutdown(),
    forceFlush: () => sending.forceFlush?.() ?? Promise.resolve(),
  });
  const provider = new sdk.NodeTracerProvider({
    resource: resources.defaultResource().merge(resources.resourceFromAttributes({ 'service.name': serviceName })),
    // A caller who traces decides for the whole trace; what begins here is drawn.
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(sample) }),
    spanProcessors: [processor],
  });
  return {
    provider,
    async close() {
      const late = new Promise<void>((resolve) => setTimeout(resolve, CLOSE_LIMIT).unref());
      await Promise.race([provider.shutdown().catch(() => {}), late]);
    },
  };
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
