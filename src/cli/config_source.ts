import { variants } from '../compose.ts';
import { watchChanges } from '../config/changes.ts';
import { type Contents, type FileReaders, haveChanged, readFrom, remembered } from '../config/contents.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../model/config.ts';
import type { Terminal } from './command.ts';

/** Where the configuration of a running gateway comes from, again and again. */
export interface ConfigSource {
  /** What the files held when they were read last, whatever came of it. */
  readonly contents: Contents;
  /** @param running what must not be different is refused. @throws ConfigError */
  load(running?: Config): Promise<Config>;
  /** The same from what another process has read. @throws ConfigError */
  loadFrom(contents: Contents, running?: Config): Promise<Config>;
}

export function configSource(file: string, { env }: Pick<Terminal, 'env'>): ConfigSource {
  let contents: Contents = new Map();
  const load = ({ readText, readFile }: FileReaders, running: Config | undefined) =>
    loadConfig(file, { env, readText, readFile, variants, running });
  return {
    get contents() {
      return contents;
    },
    load(running) {
      const files = remembered();
      contents = files.contents;
      return load(files, running);
    },
    loadFrom(given, running) {
      contents = given;
      return load(readFrom(given), running);
    },
  };
}

/** Calls `reload` at each SIGHUP, and whenever one of the files holds something else than when it was read last. @returns what stops it. */
export function reloadOnChange(
  file: string,
  source: ConfigSource,
  { onHangup }: Pick<Terminal, 'onHangup'>,
  reload: () => Promise<unknown>,
): () => void {
  let last: Promise<unknown> = Promise.resolve();
  const again = () => {
    last = reload();
  };
  onHangup?.(again);
  return watchChanges({
    paths: () => source.contents.keys(),
    changed: async () => {
      // Before it has ended, what it has read is not known.
      await last;
      if (await haveChanged(file, source.contents)) again();
    },
  });
}
