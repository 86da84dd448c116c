import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { type Milliseconds, milliseconds } from '../model/units.ts';

/** A certificate with its chain, and its private key, as PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** Looked at so often that a renewed certificate serves within seconds, and so rarely that nobody notices. */
const EVERY = milliseconds(2_000);

export interface FilesOptions<Name extends string> {
  /** Where each file is. */
  readonly paths: Readonly<Record<Name, string>>;
  /** Takes new contents, of all files together; throws if it cannot use them, and has changed nothing then. */
  readonly take: (contents: Readonly<Record<Name, string>>) => void;
  /** Told once of each change that could not be taken. */
  readonly failed: (error: unknown) => void;
  /** Between two looks; 2 s by default. */
  readonly interval?: Milliseconds | undefined;
}

/**
 * Gives what the files hold to `take` whenever one of them changes. It asks for their facts instead of waiting for events: these
 * tell nothing of a renamed file or of a symlink that points elsewhere, which is how certificates are renewed.
 * @returns what stops it. Does not keep the process alive.
 */
export function watchFiles<Name extends string>(options: FilesOptions<Name>): () => void {
  const { paths, take, failed, interval = EVERY } = options;
  // The first look takes them in any case: they may have changed since they were read for the first time.
  let seen: string | undefined;
  const timer = setInterval(() => {
    const now = identityOf(Object.values(paths));
    if (now === seen) return;
    // Noted before reading: what is written meanwhile is seen the next time.
    seen = now;
    try {
      take(readFiles(paths));
    } catch (error) {
      failed(error);
    }
  }, interval);
  timer.unref();
  return () => clearInterval(timer);
}

/** @throws what the system says when a file cannot be read. */
export function readFiles<Name extends string>(paths: Readonly<Record<Name, string>>): Readonly<Record<Name, string>> {
  const read = ([name, path]: [string, unknown]) => [name, readFileSync(String(path), 'utf8')];
  return Object.fromEntries(Object.entries(paths).map(read)) as Record<Name, string>;
}

/** The files do not belong together, or are not what they should be. Says nothing of what they hold. */
export class UnusableKeyPair extends Error {
  override readonly name = 'UnusableKeyPair';
}

/** @throws UnusableKeyPair unless the key is that of the first certificate. */
export function checkKeyPair({ cert, key }: KeyPair): void {
  let matches = false;
  try {
    matches = new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch (error) {
    throw new UnusableKeyPair('one of the files is no PEM certificate or private key', { cause: error });
  }
  if (!matches) throw new UnusableKeyPair('the private key is not the one of the certificate');
}

/** What changes when one of the files does, or when another file takes its place. */
export function identityOf(paths: readonly string[]): string {
  return paths.map(factsOf).join();
}

function factsOf(path: string): string {
  const facts = statSync(path, { bigint: true, throwIfNoEntry: false });
  return facts === undefined ? '' : `${facts.dev}:${facts.ino}:${facts.size}:${facts.mtimeNs}:${facts.ctimeNs}`;
}
