import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type GatehouseProcess, startGatehouse } from './gatehouse_process.ts';

/** How a reload ended, as the log says it. */
export interface Outcome {
  readonly event: 'reloaded' | 'reload_failed';
  readonly problems?: readonly string[];
}

/** A gateway whose files change while it runs. */
export interface Reloadable {
  readonly gatehouse: GatehouseProcess;
  readonly folder: string;
  /** Puts a file into the folder, in one step, as careful writers do. */
  put(name: string, text: string): Promise<void>;
  /** The next outcome that `outcome` has not given before, past or future. */
  outcome(): Promise<Outcome>;
  /**
   * Changes the configuration, asks by SIGHUP, and waits for what came of it.
   * @param event waits for this one: changes in quick succession can be seen by the watch, too, and have one more outcome then.
   */
  change(yaml: string, event?: Outcome['event']): Promise<Outcome>;
  ready(): Promise<{ readonly status: number; readonly body: { status: string; reasons?: string[] } }>;
  metric(pattern: RegExp): Promise<number>;
  stop(): Promise<number | null>;
}

const OUTCOME = /"event":"(?:reloaded|reload_failed)"/;

/** @param files beside the configuration, by name. */
export async function startReloadable(yaml: string, files: Record<string, string> = {}): Promise<Reloadable> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-reload-'));
  const put = async (name: string, text: string) => {
    await writeFile(join(folder, `.${name}.new`), text);
    await rename(join(folder, `.${name}.new`), join(folder, name));
  };
  for (const [name, text] of Object.entries(files)) await put(name, text);
  await put('gatehouse.yaml', yaml);
  const gatehouse = await startGatehouse(join(folder, 'gatehouse.yaml'));

  let read = 0;
  const outcome = async (): Promise<Outcome> => {
    for (;;) {
      while (read < gatehouse.lines.length) {
        const line = gatehouse.lines[read++] ?? '';
        if (OUTCOME.test(line)) return JSON.parse(line) as Outcome;
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  return {
    gatehouse,
    folder,
    put,
    outcome,
    async change(text, event) {
      await put('gatehouse.yaml', text);
      gatehouse.signal('SIGHUP');
      for (;;) {
        const came = await outcome();
        if (event === undefined || came.event === event) return came;
      }
    },
    async ready() {
      const answer = await fetch(`${gatehouse.admin}/health/ready`);
      return { status: answer.status, body: (await answer.json()) as { status: string } };
    },
    async metric(pattern) {
      const page = await (await fetch(`${gatehouse.admin}/metrics`)).text();
      return Number(pattern.exec(page)?.[1] ?? Number.NaN);
    },
    async stop() {
      const code = await gatehouse.stop();
      await rm(folder, { recursive: true });
      return code;
    },
  };
}
