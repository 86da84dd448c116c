/**
 * What runs between the listeners and the store: the ground, which stays, and on it the rules of the configuration of the moment,
 * which a reload puts others in the place of. Lanes and edge only ever hold handles to the rules, and ask anew for each request.
 */
import { randomBytes } from 'node:crypto';
import { createGoneUsers, watchGoneUsers } from './account/gone_users.ts';
import { createAuditBound } from './admin/audit_bound.ts';
import { openStore } from './compose.ts';
import { createPasswordVerifier } from './connections/password_hash.ts';
import { startDemoApi } from './demo/demo_api.ts';
import { composeExplain } from './explaining.ts';
import type { Explain } from './gateway/explain.ts';
import { createFastLane } from './gateway/fast_lane.ts';
import { createFullLane } from './gateway/full_lane.ts';
import { createLimits } from './gateway/limits.ts';
import { createLiveStreams } from './gateway/live_streams.ts';
import { watchOverload } from './gateway/overload.ts';
import { standingGateway } from './gateway/standing_gateway.ts';
import { createUpgrades } from './gateway/upgrade.ts';
import { createUpstreams } from './gateway/upstream/upstreams.ts';
import type { Ground } from './ground.ts';
import type { FindEndpoint } from './http/own_endpoints.ts';
import type { AuditEntry } from './model/audit.ts';
import type { Clock } from './model/clock.ts';
import type { Config } from './model/config.ts';
import type { Exchange, Tracer } from './model/exchange.ts';
import { createAttempts } from './oauth/attempts.ts';
import type { SignInDesk } from './oauth/sign_in.ts';
import { createSignInNotes } from './oauth/sign_in_notes.ts';
import { createAuditTrail } from './observe/audit_trail.ts';
import { createLive } from './observe/live.ts';
import type { Log } from './observe/log.ts';
import type { Metrics } from './observe/metrics.ts';
import { createRecentRefusals } from './observe/recent_refusals.ts';
import { watchStore } from './observe/store_watch.ts';
import { createLastUse } from './registry/last_use.ts';
import { composeRules } from './rules.ts';
import { cached } from './stores/lru.ts';
import { MemoryCounters } from './stores/memory_counters.ts';
import { createTokenMarks } from './tokens/token_marks.ts';

export interface CoreDependencies {
  /** Where connections print what a developer asked to see. */
  readonly output: { write(text: string): unknown };
  readonly log: Log;
  readonly metrics: Metrics;
  /** Absent: nothing is traced. */
  readonly tracer?: Tracer | undefined;
  readonly clock: Clock;
  /** Where the main listener can be reached; known only once it has its port. */
  readonly url: () => string;
}

/** Everything between the listeners and the store, joined. */
export async function composeCore(config: Config, { output, log, metrics, tracer, clock, url }: CoreDependencies) {
  const refusals = createRecentRefusals(clock);
  const report = (exchange: Exchange): void => {
    log.request(exchange);
    metrics.request(exchange);
    if (exchange.refused !== undefined) refusals.add(exchange);
    else if (exchange.client !== undefined) lastUse.note(exchange.client);
    exchange.notes?.trace?.end(exchange);
  };
  const backend = await openStore(config, log, clock);
  const { documents, counters } = backend;
  const lastUse = createLastUse({ documents, clock });
  const watch = watchStore({ ping: () => backend.ping(), clock, event: (...said) => log.event(...said) });
  const store = cached(backend.tokens, config.cache, clock);
  const marks = createTokenMarks({ documents, invalidation: store.invalidation });
  const trail = createAuditTrail({
    store: backend.audit,
    settings: config.audit,
    event: (...said) => log.event(...said),
    counts: metrics.audit,
  });
  const note = (entry: AuditEntry): void => trail.note(entry);
  const withheld = (): void => metrics.auditWithheld();
  const mayNote = createAuditBound({ clock, withheld });
  const ground: Ground = {
    documents,
    counters,
    store,
    marks,
    clock,
    passwords: createPasswordVerifier(),
    attempts: createAttempts({ counters, clock }),
    attemptsHere: createAttempts({ counters: new MemoryCounters(clock), clock }),
    limits: createLimits({ counters, clock }),
    secret: randomBytes(32).toString('base64url'),
    url,
    print: (line) => output.write(`${line}\n`),
    report,
    tracer,
    tokenIssued: (grant) => metrics.tokenIssued(grant),
    note,
    signIns: createSignInNotes({ note, clock, withheld }),
    log,
  };

  let rules = composeRules(config, ground);
  const current: SignInDesk['current'] = (party, user) => rules.desk.current(party, user);
  const asks: SignInDesk['asks'] = (user) => rules.desk.asks(user);
  const goneUsers = watchGoneUsers(createGoneUsers({ store, desk: { current, asks }, clock, note }));
  let demo = await demoFor(config);
  const upstreams = createUpstreams({
    get demoUrl() {
      return demo?.url;
    },
    routes: rules.routes,
    clock,
    reportTarget: (event, detail) => log.event(event === 'upstream_healthy' ? 'info' : 'warn', event, detail),
  });
  const overload = watchOverload({
    clock,
    limit: config.listen.maxDelay,
    changed: (overloaded, behind) =>
      log.event(overloaded ? 'error' : 'info', overloaded ? 'overloaded' : 'not_overloaded', {
        behind_ms: Math.round(behind),
      }),
  });
  const gateway = standingGateway(rules.gateway, overload);
  const endpoints: FindEndpoint = (target, host) => rules.endpoints(target, host);
  const liveStreams = createLiveStreams({ lookup: store, clock, staleness: config.cache.staleness });
  const { minBodyRate } = config.listen;
  const fullLane = createFullLane({ gateway, clock, report, upstreams, liveStreams, minBodyRate });
  const upgrades = createUpgrades({ gateway, clock, report, upstreams, liveStreams });
  const isOwn = (target: string, host: string) => endpoints(target, host) !== undefined;
  const fastLane = createFastLane({ gateway, clock, report, upstreams, liveStreams, isOwn, minBodyRate });
  let running = config;
  // Made when somebody asks, of the configuration of that moment.
  let explaining: Explain | undefined;
  const explain: Explain = (call) => {
    explaining ??= composeExplain(running, { ...ground, isOwn, url: url() }).explain;
    return explaining(call);
  };
  metrics.watch({
    cache: () => store.stats(),
    store: () => backend.ping(),
    fastLane: () => fastLane.stats(),
    upstreams: () => upstreams.status(),
  });

  const live = createLive({ metrics, refusals, targets: () => upstreams.status() });

  return {
    backend,
    report,
    endpoints,
    fullLane,
    fastLane,
    upgrades,
    upstreams,
    explain,
    audit: trail,
    desk: () => rules.desk,
    live,
    /** What operators work on, whatever the configuration. */
    administration: { documents, store, audit: trail, mayNote, attempts: ground.attempts, clock, live, explain },
    /**
     * Makes the rules of another configuration, and puts them in the place of those that are: in one step, and for requests that
     * begin from then on.
     * @param also what else must succeed for any of it to count, called last. @throws whatever makes it impossible; nothing has
     *   changed then.
     */
    async reload(next: Config, also: () => void): Promise<void> {
      const coming = composeRules(next, ground);
      demo ??= await demoFor(next);
      const upstreamsToo = upstreams.prepare(coming.routes);
      try {
        also();
      } catch (error) {
        upstreamsToo.drop();
        throw error;
      }
      upstreamsToo.use();
      gateway.use(coming.gateway);
      trail.use(next.audit);
      rules = coming;
      goneUsers.look();
      running = next;
      explaining = undefined;
    },
    async close() {
      await upstreams.close();
      liveStreams.close();
      watch.close();
      overload.close();
      await goneUsers.close();
      marks.close();
      await lastUse.close();
      store.close();
      await trail.close();
      await backend.close();
      await demo?.close();
    },
  };
}

/** The demo API, if a route leads there. */
async function demoFor(config: Config) {
  const isWanted = config.routes.some(({ upstream }) => upstream.targets.includes('demo'));
  return isWanted ? startDemoApi() : undefined;
}
