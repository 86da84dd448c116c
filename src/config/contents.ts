import { isDeepStrictEqual } from 'node:util';
import { type ReadFile, readConfigurationFile, readSecretFile } from './files.ts';

/** What the files of a configuration hold, by path, its own among them; undefined where one cannot be read. */
export type Contents = ReadonlyMap<string, string | undefined>;

/** How a configuration is read: its own file, and those that it names. */
export interface FileReaders {
  readonly readText: (file: string) => Promise<string>;
  readonly readFile: ReadFile;
}

/** The file system, and what was read from it. */
export function remembered(): FileReaders & { readonly contents: Contents } {
  const contents = new Map<string, string | undefined>();
  return {
    contents,
    async readText(file) {
      contents.set(file, undefined);
      const text = await readConfigurationFile(file);
      contents.set(file, text);
      return text;
    },
    readFile(path) {
      contents.set(path, undefined);
      const text = readSecretFile(path);
      contents.set(path, text);
      return text;
    },
  };
}

/** Reads what others have read, so that all make the same of it. @throws Error for files that they did not read. */
export function readFrom(contents: Contents): FileReaders {
  const read = (path: string): string => {
    const text = contents.get(path);
    if (text === undefined) throw new Error('cannot be read');
    return text;
  };
  return { readText: async (file) => read(file), readFile: read };
}

/** Whether the files hold anything else by now. */
export async function haveChanged(file: string, contents: Contents): Promise<boolean> {
  const now = remembered();
  await now.readText(file).catch(() => {});
  for (const path of contents.keys()) {
    if (path === file) continue;
    try {
      now.readFile(path);
    } catch {
      // Remembered as what cannot be read.
    }
  }
  return !isDeepStrictEqual(now.contents, contents);
}
