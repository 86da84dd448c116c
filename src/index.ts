/** The package: Gatehouse as middleware for a Koa app that exists. (As a gateway of its own it is the command `gatehouse`.) */
import { variants } from './compose.ts';
import { loadConfig } from './config/load.ts';
import { composeMiddleware } from './house.ts';
import type { Middleware } from './http/middleware.ts';
import type { Config } from './model/config.ts';

export interface GatehouseOptions {
  /** Where `${NAME}` in the configuration is looked up; `process.env` by default. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where the log lines go; standard output by default. */
  readonly output?: { write(text: string): unknown };
}

export interface Gatehouse {
  /** Answers the token endpoints and the calls that a route covers; everything else is left to the middleware after it. */
  middleware(): Middleware;
  /** Resolves when the configuration is read and the store is open. @throws ConfigError with every problem of the file. */
  ready(): Promise<void>;
  /**
   * Reads the file again and puts what it says in the place of what runs, for requests that begin from then on.
   * @throws Error with every problem, each a line; nothing has changed then.
   */
  reload(): Promise<void>;
  /** Ends the connections to the store and to upstreams, after the calls under way. */
  close(): Promise<void>;
}

/**
 * Reads a configuration file and makes a Koa middleware of it. Mount it before anything that reads request bodies. `listen` and
 * `admin` of the file are not used, but `listen.public_url` is: it is the issuer that apps see.
 *
 *     app.use(gatehouse('config/gatehouse.yaml').middleware());
 *
 * @param file the path of the YAML. A wrong one makes `ready()` and every request fail with the list of its problems.
 */
export function gatehouse(file: string, options: GatehouseOptions = {}): Gatehouse {
  const { env = process.env, output = process.stdout } = options;
  const composed = loadConfig(file, { env, variants }).then((config) => composeMiddleware(config, { output }));
  // Whoever asks is told; until then a failure is not an unhandled one.
  composed.catch(() => {});
  return {
    middleware: () => async (ctx, next) => (await composed).middleware(ctx, next),
    ready: async () => void (await composed),
    async reload() {
      const load = (running: Config) => loadConfig(file, { env, variants, running });
      const problems = await (await composed).reload(load);
      if (problems.length > 0) throw new Error(problems.join('\n'));
    },
    close: async () => (await composed).close(),
  };
}
