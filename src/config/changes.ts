import { statSync } from 'node:fs';
import { type Milliseconds, milliseconds } from '../model/units.ts';

/** Often enough that a change counts within seconds; a look costs microseconds. */
const EVERY = milliseconds(500);

export interface ChangesOptions {
  /** Which files are looked at; asked for anew each time. */
  readonly paths: () => Iterable<string>;
  /** Called when one of them has become another, and none has changed any more since the look before. */
  readonly changed: () => void;
  /** Between two looks; 0.5 s by default. */
  readonly interval?: Milliseconds | undefined;
}

/**
 * Looks again and again whether files are still the same. It asks for their facts instead of waiting for events: these tell nothing
 * of a symlink above that points elsewhere, which is how Kubernetes changes what is mounted, nor of shares on a network.
 * @returns what stops it. Does not keep the process alive.
 */
export function watchChanges({ paths, changed, interval = EVERY }: ChangesOptions): () => void {
  // The first look is a change in any case: the files may have changed since they were read.
  let seen: string | undefined;
  let settling = false;
  const timer = setInterval(() => {
    const now = [...paths()].map(factsOf).join();
    if (now !== seen) {
      // Somebody may be in the middle of writing, or of writing several.
      seen = now;
      settling = true;
    } else if (settling) {
      settling = false;
      changed();
    }
  }, interval);
  timer.unref();
  return () => clearInterval(timer);
}

/** What changes when a file does, or when another takes its place; empty while there is none. */
function factsOf(path: string): string {
  try {
    const facts = statSync(path, { bigint: true, throwIfNoEntry: false });
    return facts === undefined ? '' : `${facts.dev}:${facts.ino}:${facts.size}:${facts.mtimeNs}:${facts.ctimeNs}`;
  } catch {
    return '';
  }
}
