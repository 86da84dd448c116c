/** What can be run: the gateway with its listeners, and the middleware. Each is the core of `core.ts` with the outside it needs. */
import type { Live } from './admin/live.ts';
import { composeAdministration } from './administration.ts';
import { ADMIN_DRAIN_LIMIT, adminReports, composeBackOffice } from './back_office.ts';
import { variants } from './compose.ts';
import { adviceOn } from './config/advice.ts';
import { hashPassword, isPasswordHash } from './connections/password_hash.ts';
import { problemWording } from './console/app.ts';
import { type CoreDependencies, composeCore } from './core.ts';
import { trustedProxies } from './gateway/forwarded.ts';
import { createAdmin } from './http/admin.ts';
import { createEdge } from './http/edge.ts';
import type { Trouble } from './http/failure_of.ts';
import { createMiddleware, type Middleware } from './http/middleware.ts';
import { createReadiness } from './http/readiness.ts';
import { createTryCall } from './http/try_call.ts';
import { type Clock, systemClock } from './model/clock.ts';
import type { Config } from './model/config.ts';
import { milliseconds } from './model/units.ts';
import type { WorkerAnswers } from './observe/live.ts';
import { createLog, type Log } from './observe/log.ts';
import { createMetrics, type Metrics } from './observe/metrics.ts';
import { wantsOpenMetrics } from './observe/openmetrics.ts';
import { openTracing } from './observe/otlp.ts';
import { countReloads } from './observe/reload_metrics.ts';
import { createTracer, registeredProvider } from './observe/tracing.ts';
import { createReloads, type LoadConfig, reloadNotes } from './reloads.ts';

/** Requests in flight may take this long to finish. */
const DRAIN_LIMIT = milliseconds(30_000);

/** How a new password becomes a hash, and what is one, for the command line. */
export const passwords = { hash: hashPassword, isHash: isPasswordHash };

export interface HouseOptions {
  /** Where the log goes. */
  readonly output: CoreDependencies['output'];
  /** `none` in a worker: the supervisor answers the admin listener for all of them. */
  readonly admin: 'own' | 'none';
  /** The system's unless told otherwise. */
  readonly clock?: Clock | undefined;
}

export type { WorkerAnswers };

/** A gateway that can be run. */
export interface House {
  readonly log: Log;
  /** What happens in this process. */
  readonly live: Live;
  /** What it tells the supervisor, where it is one of several. */
  readonly answers: WorkerAnswers;
  /** @returns where it can be reached. Throws what the system says when an address is taken. */
  listen(): Promise<{ readonly url: string; readonly admin?: string }>;
  /**
   * Puts another configuration in the place of the one that runs, for requests that begin from then on. If there is a problem
   * nothing changes, and `/health/ready` tells it until a reload succeeds.
   * @param load given the configuration that runs. @returns the problems; empty if it was done. Never rejects.
   */
  reload(load: LoadConfig): Promise<readonly string[]>;
  /** Not ready from now on; resolves when the requests in flight are over (30 s at most) and everything is closed. */
  drain(): Promise<void>;
}

/** Builds the gateway of a configuration, with its listeners. */
export async function composeHouse(
  config: Config,
  { output, admin: whose, clock = systemClock }: HouseOptions,
): Promise<House> {
  const log = createLog({ ...config.log, destination: output });
  if (whose === 'own') for (const advice of adviceOn(config)) log.event('warn', 'configuration_advice', { advice });
  const metrics = createMetrics();
  let url = '';
  const tracing = await tracingOf(config, { log, metrics });
  const core = await composeCore(config, { output, log, metrics, tracer: tracing.tracer, clock, url: () => url });
  const readiness = createReadiness({ ping: () => core.backend.ping() });
  let isProxy = trustedProxies(config.listen.trustedProxies);
  const edge = createEdge({
    listen: config.listen,
    isProxy: (address) => isProxy(address),
    endpoints: core.endpoints,
    fullLane: core.fullLane,
    firstReader: config.listen.fastLane ? core.fastLane : undefined,
    upgrades: core.upgrades,
    report: core.report,
    trouble: (level, event, detail) => log.event(level, event, detail),
  });
  // Of several workers the supervisor counts for all.
  const count = whose === 'own' ? countReloads(metrics.registry) : () => {};
  const note = whose === 'own' ? reloadNotes(core.audit, config.file) : () => {};
  const reloads = createReloads({ log, count, note });
  let running = config;
  const trouble: Trouble = (level, event, detail) => log.event(level, event, detail);
  const tryCall = createTryCall({ url: () => url, clock });
  const adminReport = (whose === 'own' && adminReports(log, metrics.registry)) || undefined;
  const admin =
    adminReport &&
    createAdmin({
      listen: config.admin,
      others: composeBackOffice({
        running: () => running,
        administrationOf: (config) =>
          composeAdministration(config, { ...core.administration, tryCall, grants: variants.grants }),
        desk: core.desk,
        backend: core.backend,
        clock,
        report: adminReport,
        trouble,
      }),
      wording: problemWording,
      report: adminReport,
      trouble,
      notReady: () => readiness.reasons(),
      degraded: () => reloads.degraded(),
      metrics: (accept) => metrics.text(wantsOpenMetrics(accept)),
    });

  return {
    log,
    live: core.live,
    answers: { ...core.live, metrics: () => metrics.collect(), openMetrics: () => metrics.collect(true) },
    async listen() {
      url = await edge.listen();
      return admin ? { url, admin: await admin.listen() } : { url };
    },
    reload: (load) =>
      reloads.run(async () => {
        const next = await load(running);
        const { tls } = next.listen;
        await core.reload(next, () => tls && edge.certificate(tls));
        isProxy = trustedProxies(next.listen.trustedProxies);
        log.setLevel(next.log.level);
        log.setAccess(next.log.access);
        running = next;
      }),
    async drain() {
      readiness.drain();
      await reloads.end();
      core.upstreams.stopChecks();
      log.event('info', 'draining');
      await edge.drain(DRAIN_LIMIT);
      // Operators may still be doing something that needs the store.
      if (admin) await admin.drain(ADMIN_DRAIN_LIMIT);
      await core.close();
      await tracing.close();
      log.event('info', 'stopped');
      log.flush();
    },
  };
}

/** Gatehouse as a part of somebody else's app: no listeners, no admin. */
export interface MountedHouse {
  readonly middleware: Middleware;
  /** As that of a `House`. */
  reload(load: LoadConfig): Promise<readonly string[]>;
  close(): Promise<void>;
}

export async function composeMiddleware(
  config: Config,
  { output }: Pick<HouseOptions, 'output'>,
): Promise<MountedHouse> {
  const log = createLog({ ...config.log, destination: output });
  const { host, port } = config.listen;
  const url = () => `http://${host}:${port}`;
  const metrics = createMetrics();
  const tracing = await tracingOf(config, { log, metrics });
  const core = await composeCore(config, { output, log, metrics, tracer: tracing.tracer, clock: systemClock, url });
  const reloads = createReloads({ log, count: () => {}, note: reloadNotes(core.audit, config.file) });
  let running = config;
  return {
    middleware: createMiddleware(core),
    reload: (load) =>
      reloads.run(async () => {
        const next = await load(running);
        await core.reload(next, () => {});
        log.setLevel(next.log.level);
        log.setAccess(next.log.access);
        running = next;
      }),
    async close() {
      await reloads.end();
      await core.close();
      await tracing.close();
    },
  };
}

/** The configured collector, else whatever the app has registered for its own spans, else nothing. */
async function tracingOf({ tracing }: Config, { log, metrics }: { readonly log: Log; readonly metrics: Metrics }) {
  const { otlp } = tracing;
  if (otlp === undefined) {
    const provider = registeredProvider();
    return { tracer: provider && createTracer(provider), close: async () => {} };
  }
  const event: Log['event'] = (level, name, detail) => log.event(level, name, detail);
  const { provider, close } = await openTracing(
    { ...tracing, otlp },
    { event, lost: (spans) => metrics.tracesLost(spans) },
  );
  return { tracer: createTracer(provider), close };
}
