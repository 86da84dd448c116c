import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';

/** Reads a whole small file as UTF-8. Throws an Error whose message says what is wrong, without the file's content. */
export type ReadFile = (path: string) => string;

export const LARGEST_CONFIGURATION = 1024 ** 2;
/** Enough for a certificate chain; a secret is far smaller. */
const LARGEST_SECRET = 64 * 1024;

// Without O_NONBLOCK, opening a named pipe would wait for its writer.
const READ = constants.O_RDONLY | constants.O_NONBLOCK;

/** @throws Error saying why the file cannot be read; its size is looked at before its content. */
export async function readConfigurationFile(path: string, largest = LARGEST_CONFIGURATION): Promise<string> {
  const file = await open(path, READ).catch(sayWhy);
  try {
    refuseUnfit(await file.stat(), largest);
    return decode(await file.readFile().catch(sayWhy));
  } finally {
    await file.close();
  }
}

/** Reads a file that a `file:` value names. Synchronous: it happens at start and reload only, for a few small files. */
export const readSecretFile: ReadFile = (path) => {
  let file: number;
  try {
    file = openSync(path, READ);
  } catch (error) {
    return sayWhy(error);
  }
  try {
    refuseUnfit(fstatSync(file), LARGEST_SECRET);
    return decode(readFileSync(file));
  } finally {
    closeSync(file);
  }
};

function refuseUnfit(stat: { isFile(): boolean; size: number }, largest: number): void {
  if (!stat.isFile()) throw new Error('is not a regular file');
  if (stat.size > largest) throw new Error(`is larger than ${largest / 1024} KiB (${Math.ceil(stat.size / 1024)} KiB)`);
}

function decode(content: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    throw new Error('is not UTF-8 text');
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EACCES: 'may not be read by this user',
  EISDIR: 'is a folder',
};

function sayWhy(error: unknown): never {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  throw new Error(REASONS[code] ?? `cannot be read (${code})`);
}
