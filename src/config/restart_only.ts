import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../model/config.ts';
import type { Path } from './problems.ts';
import type { Reader } from './reader.ts';

/** What a listener that is open takes as it comes; everything else of `listen` was settled when it was opened. */
const OPEN_LISTENER_TAKES = ['tls', 'trustedProxies', 'publicUrl'];
/** The same of `admin`. Its certificate is taken anew when the files change, not when others are named. */
const OPEN_ADMIN_TAKES = ['publicUrl', 'console', 'sessionTtl', 'bearerScope', 'termsUrl'];

const ADVICE = 'cannot be changed while the gateway runs: put it back, or restart; nothing of this file was applied';

/** Reports what is not as it is in the configuration that runs, and cannot become so without a restart. */
export function refuseWhatNeedsRestart(running: Config, next: Config, reader: Reader): void {
  const report = (path: Path) => reader.report(path, ADVICE);
  const compare = (section: 'listen' | 'admin' | 'cache', besides: readonly string[] = []) => {
    for (const key of differences(running[section], next[section]))
      if (!besides.includes(key)) report([section, snakeCase(key)]);
  };
  compare('listen', OPEN_LISTENER_TAKES);
  if ((running.listen.tls === undefined) !== (next.listen.tls === undefined)) report(['listen', 'tls']);
  compare('admin', OPEN_ADMIN_TAKES);
  // What is cached and what is stored is what a reload must not lose.
  compare('cache');
  if (!isDeepStrictEqual(running.store, next.store)) report(['store']);
  if (running.audit.keep !== next.audit.keep) report(['audit', 'keep']);
  if (!isDeepStrictEqual(running.tracing, next.tracing)) report(['tracing']);
}

function differences(one: object, other: object): string[] {
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].filter((key) => !isDeepStrictEqual(Reflect.get(one, key), Reflect.get(other, key)));
}

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
