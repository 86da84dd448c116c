/**
 * What the supervisor of several workers shows the outside: the admin listener, which answers for all of them, on the same store. It
 * serves no calls itself.
 */

import { createAuditBound } from './admin/audit_bound.ts';
import type { Live } from './admin/live.ts';
import { composeAdministration } from './administration.ts';
import { ADMIN_DRAIN_LIMIT, adminReports, composeBackOffice, composePeopleAlone } from './back_office.ts';
import { openStore, variants } from './compose.ts';
import { adviceOn } from './config/advice.ts';
import { problemWording } from './console/app.ts';
import type { CoreDependencies } from './core.ts';
import { composeExplainAlone } from './explaining.ts';
import { createAdmin } from './http/admin.ts';
import type { Trouble } from './http/failure_of.ts';
import { createReadiness } from './http/readiness.ts';
import { createTryCall } from './http/try_call.ts';
import { systemClock } from './model/clock.ts';
import type { Config } from './model/config.ts';
import { countAudit } from './observe/audit_metrics.ts';
import { createAuditTrail } from './observe/audit_trail.ts';
import { createClusterMetrics } from './observe/cluster_metrics.ts';
import { type AskWorkers, mergedLive } from './observe/live.ts';
import { createLog, type Log } from './observe/log.ts';
import { wantsOpenMetrics } from './observe/openmetrics.ts';
import { countReloads } from './observe/reload_metrics.ts';
import { createReloads, type LoadConfig, ReloadRefused, reloadNotes } from './reloads.ts';

export interface SupervisorDesk {
  readonly log: Log;
  /** What happens in all workers. */
  readonly live: Live;
  /**
   * As that of a `House`.
   * @param pass has all workers take it, or none. @returns why they cannot.
   */
  reload(load: LoadConfig, pass: () => Promise<readonly string[]>): Promise<readonly string[]>;
  listen(): Promise<string>;
  /** Not ready from now on. */
  drain(): void;
  close(): Promise<void>;
}

export interface SupervisorDeskOptions {
  /** Where the log goes. */
  readonly output: CoreDependencies['output'];
  /** Further reasons why the workers should get no traffic. */
  readonly notReady: () => readonly string[];
  readonly askWorkers: AskWorkers;
  /** Where the workers can be reached; undefined until they can. */
  readonly url: () => string | undefined;
}

export async function composeSupervisorDesk(
  config: Config,
  { output, notReady, askWorkers, url }: SupervisorDeskOptions,
): Promise<SupervisorDesk> {
  const log = createLog({ ...config.log, destination: output });
  for (const advice of adviceOn(config)) log.event('warn', 'configuration_advice', { advice });
  const backend = await openStore(config, log);
  const readiness = createReadiness({ ping: () => backend.ping() });
  const metrics = createClusterMetrics(askWorkers);
  const audited = countAudit(metrics.own);
  const audit = createAuditTrail({
    store: backend.audit,
    settings: config.audit,
    event: (...said) => log.event(...said),
    counts: audited.counts,
  });
  const count = countReloads(metrics.own);
  const note = reloadNotes(audit, config.file);
  const reloads = createReloads({ log, count, note });
  const mayNote = createAuditBound({ clock: systemClock, withheld: audited.withheld });
  let running = config;
  const people = composePeopleAlone({
    ...{ running: () => running, backend, clock: systemClock, log, note: (entry) => audit.note(entry) },
    ...{ print: (line) => output.write(`${line}\n`), withheld: audited.withheld },
  });
  const live = mergedLive(askWorkers, () => systemClock.now());
  const report = adminReports(log, metrics.own);
  const trouble: Trouble = (level, event, detail) => log.event(level, event, detail);
  const admin = createAdmin({
    listen: config.admin,
    others: composeBackOffice({
      running: () => running,
      administrationOf: (config) =>
        composeAdministration(config, {
          ...{ clock: systemClock, audit, live, grants: variants.grants, attempts: people.attempts },
          ...{ documents: backend.documents, store: backend.tokens, mayNote },
          explain: composeExplainAlone(config, backend, systemClock),
          tryCall: createTryCall({ url, clock: systemClock }),
        }),
      desk: people.desk,
      backend,
      clock: systemClock,
      report,
      trouble,
    }),
    wording: problemWording,
    report,
    trouble,
    notReady: async () => [...notReady(), ...(await readiness.reasons())],
    degraded: () => reloads.degraded(),
    metrics: (accept) => metrics.text(wantsOpenMetrics(accept)),
  });
  return {
    log,
    live,
    reload: (load, pass) =>
      reloads.run(async () => {
        const next = await load(running);
        const problems = await pass();
        if (problems.length > 0) throw new ReloadRefused(problems);
        log.setLevel(next.log.level);
        log.setAccess(next.log.access);
        audit.use(next.audit);
        running = next;
      }),
    listen: () => admin.listen(),
    drain: () => readiness.drain(),
    async close() {
      await reloads.end();
      await admin.drain(ADMIN_DRAIN_LIMIT);
      await audit.close();
      await backend.close();
      log.flush();
    },
  };
}
