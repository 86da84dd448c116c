import { request } from 'node:http';
import type { HealthChecks } from '../../model/route.ts';
import { type Address, dial } from './dial.ts';

/** A target that can be asked how it is. */
export interface Checkable {
  readonly address: Address;
  /** What `Host` says. */
  readonly authority: string;
  readonly basePath: string;
}

export interface HealthCheckLoop {
  stop(): void;
}

/**
 * Asks one target again and again, one question at a time, each on a connection of its own. The time between two is a little
 * different each time, so that the questions of many gateways and targets spread out.
 * @param told what each brought: why the answer was not good, or undefined if it was.
 */
export function startHealthChecks(
  target: Checkable,
  rules: HealthChecks,
  told: (fault: string | undefined) => void,
): HealthCheckLoop {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let abort = () => {};

  const wait = (time: number) => {
    timer = setTimeout(askOnce, time);
    timer.unref();
  };
  function askOnce(): void {
    abort = ask(target, rules, (fault) => {
      if (stopped) return;
      told(fault);
      wait(rules.interval * (0.9 + Math.random() * 0.2));
    });
  }
  wait(Math.random() * Math.min(rules.interval, FIRST_WITHIN));
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
      abort();
    },
  };
}

/** Milliseconds within which every target is asked for the first time. */
const FIRST_WITHIN = 100;

/** Only the status is read: whatever else comes is not waited for. @returns takes the question back. */
function ask({ address, authority, basePath }: Checkable, rules: HealthChecks, done: (fault?: string) => void) {
  let over = false;
  const settle = (fault?: string) => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    asking.destroy();
    done(fault);
  };
  const asking = request({
    method: 'GET',
    path: basePath + rules.path,
    headers: { host: authority, 'user-agent': 'gatehouse-health', accept: '*/*', connection: 'close' },
    // Without an agent: nobody else shares the connection.
    createConnection: () => {
      const socket = dial(address);
      socket.unref();
      return socket;
    },
  });
  const timer = setTimeout(() => settle('timeout'), rules.timeout);
  timer.unref();
  asking.on('response', (answer) => {
    const status = answer.statusCode ?? 0;
    settle(rules.expect.includes(status) ? undefined : `status_${status}`);
  });
  asking.on('error', (error: NodeJS.ErrnoException) => settle(error.code ?? error.name));
  asking.on('close', () => settle('closed'));
  asking.end();
  return () => settle('stopped');
}
