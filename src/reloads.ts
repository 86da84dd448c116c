/** Reloads one after the other: what became of each is logged, counted, and shown until a good one comes. */
import { ConfigError, formatProblem } from './config/problems.ts';
import { systemClock } from './model/clock.ts';
import type { Config } from './model/config.ts';
import type { AuditTrail } from './observe/audit_trail.ts';
import type { Log } from './observe/log.ts';
import type { ReloadOutcome } from './observe/reload_metrics.ts';

/** Reads a configuration. @param running what must not be different in it is refused. @throws ConfigError */
export type LoadConfig = (running: Config) => Promise<Config>;

export interface ReloadsDependencies {
  readonly log: Pick<Log, 'event'>;
  readonly count: (outcome: ReloadOutcome) => void;
  /** Writes it into the audit log. */
  readonly note?: ((outcome: ReloadOutcome) => void) | undefined;
}

export interface Reloads {
  /**
   * Runs a reload, behind those that are under way.
   * @param apply throws if nothing is to change, and has changed nothing then.
   * @returns why nothing has changed, each problem of a file with its line and column; empty if it was applied. Never rejects.
   */
  run(apply: () => Promise<void>): Promise<readonly string[]>;
  /** Why the configuration that runs is not the one that is wanted; empty if it is. */
  degraded(): readonly string[];
  /** Begins no further one, and resolves when none is under way. */
  end(): Promise<void>;
}

/** More lines would not be read where they are shown; the log has all of them. */
const MOST_SHOWN = 10;

export function createReloads({ log, count, note = () => {} }: ReloadsDependencies): Reloads {
  let last: Promise<unknown> = Promise.resolve();
  let problems: readonly string[] = [];
  let ended = false;

  async function attempt(apply: () => Promise<void>): Promise<readonly string[]> {
    if (ended) return ['the gateway is stopping'];
    try {
      await apply();
      problems = [];
      log.event('info', 'reloaded');
      count('applied');
      note('applied');
    } catch (error) {
      problems = problemsOf(error);
      log.event('error', 'reload_failed', { problems });
      count('refused');
      note('refused');
    }
    return problems;
  }

  return {
    run(apply) {
      const mine = last.then(() => attempt(apply));
      last = mine;
      return mine;
    },
    degraded() {
      if (problems.length === 0) return [];
      const more = problems.length > MOST_SHOWN ? [`and ${problems.length - MOST_SHOWN} more problems`] : [];
      const shown = [...problems.slice(0, MOST_SHOWN), ...more];
      return ['the configuration could not be reloaded; the one before it goes on', ...shown];
    },
    async end() {
      ended = true;
      await last;
    },
  };
}

/** @returns writes into the audit log how a reload of the file ended. */
export const reloadNotes =
  (audit: Pick<AuditTrail, 'note'>, file: string) =>
  (outcome: ReloadOutcome): void =>
    audit.note({
      at: systemClock.now(),
      actor: { kind: 'system', id: 'gatehouse' },
      via: 'system',
      action: 'configuration.reloaded',
      target: { kind: 'configuration', id: file },
      outcome: outcome === 'applied' ? 'done' : 'refused',
    });

/** The reload was refused elsewhere, for these reasons. */
export class ReloadRefused extends Error {
  override readonly name = 'ReloadRefused';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** A message of an error that nobody foresaw may quote what it choked on: only its class and code are told. */
function problemsOf(error: unknown): readonly string[] {
  if (error instanceof ConfigError) return error.problems.map(formatProblem);
  if (error instanceof ReloadRefused) return error.problems;
  if (!(error instanceof Error)) return ['configuration: cannot be used (unknown error)'];
  const code = 'code' in error && typeof error.code === 'string' ? `, ${error.code}` : '';
  return [`configuration: cannot be used (${error.name}${code})`];
}
