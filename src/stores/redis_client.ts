import { ReplyError } from 'ioredis';
import { DependencyUnavailable } from '../model/failure.ts';
import { budgetOf } from './redis_budget.ts';
import type { Connection } from './redis_connections.ts';
import { answered } from './redis_failure.ts';
import type { Script } from './redis_scripts.ts';

/** What of the budget is left to the script when a revocation waits for replicas. */
const SCRIPT_MS = 100;

/** Runs a script by its hash, and by its text on a server that does not know it yet (which has then run nothing). */
export function run(on: Connection, script: Script, keys: readonly string[], args: readonly (string | number)[]) {
  return answered(on, evaluate(on, script, keys, args));
}

async function evaluate(on: Connection, script: Script, keys: readonly string[], args: readonly (string | number)[]) {
  try {
    return await on.evalsha(script.sha1, keys.length, ...keys, ...args);
  } catch (error) {
    if (!isUnknownScript(error)) throw error;
    return on.eval(script.lua, keys.length, ...keys, ...args);
  }
}

/**
 * As `run`, and resolves only once `replicas` of them have what was written. WAIT counts what its own connection has written,
 * and in a Cluster it must reach the same node: hence one pipeline.
 * @throws DependencyUnavailable also when the master has done it but the replicas have not confirmed it in time.
 */
export function runDurably(
  on: Connection,
  script: Script,
  keys: readonly string[],
  args: readonly (string | number)[],
  replicas: number,
): Promise<unknown> {
  if (replicas === 0) return run(on, script, keys, args);
  const pipeline = (command: 'evalsha' | 'eval') =>
    on
      .pipeline()
      [command](command === 'eval' ? script.lua : script.sha1, keys.length, ...keys, ...args)
      .wait(replicas, Math.max(1, budgetOf(on) - SCRIPT_MS))
      .exec();
  const work = async (): Promise<unknown> => {
    let results = await pipeline('evalsha');
    if (isUnknownScript(results?.[0]?.[0])) results = await pipeline('eval');
    for (const [error] of results ?? []) if (error) throw error;
    const [, confirmed] = results?.[1] ?? [];
    if (Number(confirmed) < replicas)
      throw new DependencyUnavailable('redis', 'too few replicas confirmed a revocation');
    return results?.[0]?.[1];
  };
  return answered(on, work());
}

function isUnknownScript(error: unknown): boolean {
  return error instanceof ReplyError && String(error).includes('NOSCRIPT');
}
