/**
 * Joins the console and the admin API, for the process that answers the admin listener: the only gateway, or the supervisor of
 * several. What a reload changes is asked for anew with each request.
 */
import { randomBytes } from 'node:crypto';
import type { RequestListener } from 'node:http';
import type { Administration } from './admin/administration.ts';
import { createPasswordVerifier } from './connections/password_hash.ts';
import { createConsole } from './console/app.ts';
import { createOperators } from './console/operators.ts';
import { createPages } from './console/pages/pages.ts';
import { createTakeNotes } from './gateway/noting_gateway.ts';
import type { Trouble } from './http/failure_of.ts';
import { idTarget } from './http/id_target.ts';
import { ownRequestReader } from './http/own_request.ts';
import type { AuditEntry } from './model/audit.ts';
import type { Clock } from './model/clock.ts';
import type { Config } from './model/config.ts';
import type { Exchange } from './model/exchange.ts';
import { milliseconds } from './model/units.ts';
import { createAttempts } from './oauth/attempts.ts';
import { createConsoleSessions } from './oauth/console_sessions.ts';
import type { SignInDesk } from './oauth/sign_in.ts';
import { createSignInNotes } from './oauth/sign_in_notes.ts';
import { countAdminRequests } from './observe/admin_metrics.ts';
import type { Log } from './observe/log.ts';
import { composePeople, type PeopleGround } from './signing_in.ts';
import type { Backend } from './stores/backend.ts';

/** What operators are doing may take this long to finish. */
export const ADMIN_DRAIN_LIMIT = milliseconds(1_000);

export interface BackOfficeDependencies {
  /** The configuration that runs. */
  readonly running: () => Config;
  /** What operators work on, for a configuration. */
  readonly administrationOf: (config: Config) => Administration;
  readonly desk: () => SignInDesk;
  /** The store itself: what is revoked is so at once here. */
  readonly backend: Pick<Backend, 'tokens' | 'counters'>;
  readonly clock: Clock;
  readonly report: (exchange: Exchange) => void;
  readonly trouble: Trouble;
}

export function composeBackOffice(deps: BackOfficeDependencies): RequestListener {
  const { running, administrationOf, desk, backend, clock, report, trouble } = deps;
  const { tokens: store, counters } = backend;
  const administration = perConfig(running, administrationOf);
  const reader = perConfig(running, ({ listen }) => ownRequestReader(listen.trustedProxies, idTarget));
  const notes = perConfig(running, ({ log, listen: { trustedProxies } }) =>
    createTakeNotes({ callers: log.access === 'combined', trustedProxies }),
  );
  const pages = createPages({
    operators: createOperators(desk),
    sessions: createConsoleSessions({ store, counters, clock, ttl: () => running().admin.sessionTtl }),
    administration,
    termsUrl: () => running().admin.termsUrl,
    clock,
    trouble,
  });
  return createConsole({
    settings: () => running().admin,
    administration,
    desk,
    store,
    serverSecret: () => running().serverSecret,
    pages,
    readRequest: (request) => reader()(request),
    notes: (head) => notes()?.(head) ?? {},
    clock,
    report,
    trouble,
  });
}

export interface PeopleAloneDependencies
  extends Pick<BackOfficeDependencies, 'running' | 'clock'>,
    Pick<PeopleGround, 'log' | 'print'> {
  readonly backend: Backend;
  readonly note: (entry: AuditEntry) => void;
  readonly withheld: () => void;
}

/** Where no gateway runs in this process: people can sign in all the same, and count as everywhere. */
export function composePeopleAlone({ running, backend, clock, log, print, note, withheld }: PeopleAloneDependencies) {
  const { documents, counters, tokens: store } = backend;
  const attempts = createAttempts({ counters, clock });
  const ground: PeopleGround = {
    ...{ documents, counters, store, clock, attempts, log, print },
    passwords: createPasswordVerifier(),
    signIns: createSignInNotes({ note, clock, withheld }),
    // One-time codes are not taken here.
    secret: randomBytes(32).toString('base64url'),
  };
  return { attempts, desk: perConfig(running, (config) => composePeople(config, ground).desk) };
}

/** Requests to the console and the API have their line in the log; they are no calls, so they are counted apart. */
export function adminReports(
  log: Log,
  registry: Parameters<typeof countAdminRequests>[0],
): (exchange: Exchange) => void {
  const count = countAdminRequests(registry);
  return (exchange) => {
    log.request(exchange);
    count(exchange);
  };
}

/** What a configuration makes, made once for each. */
function perConfig<T>(running: () => Config, make: (config: Config) => T): () => T {
  let made: { readonly of: Config; readonly value: T } | undefined;
  return () => {
    const config = running();
    if (made?.of !== config) made = { of: config, value: make(config) };
    return made.value;
  };
}
