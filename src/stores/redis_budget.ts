import { Cluster, type Redis } from 'ioredis';
import { type Milliseconds, milliseconds } from '../model/units.ts';

/** How long any call may take, whatever it is made of, unless the configuration gives it another time. */
export const BUDGET = milliseconds(250);

/** ioredis gives a command up behind the budget that callers are given, which must be the one to decide. */
const BEHIND = 50;

/** What to tell ioredis, so that calls on this connection have this budget. */
export const commandTimeoutFor = (budget: Milliseconds): number => budget + BEHIND;

/** The budget of calls on this connection. */
export function budgetOf(connection: Redis | Cluster): Milliseconds {
  const { commandTimeout } =
    connection instanceof Cluster ? (connection.options.redisOptions ?? {}) : connection.options;
  return commandTimeout === undefined ? BUDGET : milliseconds(commandTimeout - BEHIND);
}
