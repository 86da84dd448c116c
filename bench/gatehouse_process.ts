import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Entrant, freePort, PROXY_CORE, startProgram, type Track } from './contestant.ts';
import { answerOf } from './load.ts';

/** What differs from one measurement to the next. Everything else is the default, as it ships. */
export interface Setting {
  /** Sections and keys of the YAML, each a line in flow style. */
  readonly listen?: string;
  readonly store?: string;
  readonly cache?: string;
  /** Of the route. */
  readonly route?: string;
  /** Of its upstream, beside the target. */
  readonly upstream?: string;
  /** What is asked for; `/hello` if absent. */
  readonly path?: string;
  /** What runs, up to `--config`: `src/main.ts start` if absent. */
  readonly program?: readonly string[];
}

export const ROOT = join(import.meta.dirname, '..');
export const CLIENT = 'bench';
export const SECRET = 'only-for-this-loopback-run';
export const SCOPE = 'bench:read';

/** A gateway that is running, with a token that it accepts. */
export interface Gateway extends Entrant {
  /** Its listener (`http://127.0.0.1:port`). */
  readonly origin: string;
}

/** Runs the process that `gatehouse start` runs, pinned to the proxies' core, with one client and one token of it. */
export async function startGatehouse(track: Track, setting: Setting = {}): Promise<Gateway> {
  const [port, adminPort] = [await freePort(), await freePort()];
  const file = join(track.directory, 'gatehouse.yaml');
  await mkdir(track.directory, { recursive: true });
  await writeFile(file, configuration(port, adminPort, track.upstream, setting));

  const { program: main = [join('src', 'main.ts'), 'start'], path = '/hello' } = setting;
  const command = [...profiling(track), ...main, '--config', file];
  const program = startProgram(PROXY_CORE, process.execPath, command, ROOT);
  await answerOf(`http://127.0.0.1:${adminPort}/health/ready`);
  const origin = `http://127.0.0.1:${port}`;
  const token = await accessToken(`${origin}/oauth2/token`);
  return {
    url: `${origin}${path}`,
    origin,
    headers: { authorization: `Bearer ${token}` },
    pid: program.pid,
    stop: program.stop,
  };
}

/** The peers write no log of requests, so neither does the gateway here; refusals and troubles would still show. */
export function configuration(port: number, adminPort: number, upstream: string, setting: Setting): string {
  const { listen = '', store = 'type: memory', cache = '', route = '' } = setting;
  const target = setting.upstream ? `{ targets: ["${upstream}"], ${setting.upstream} }` : `"${upstream}"`;
  return `
listen: { host: 127.0.0.1, port: ${port}${listen && `, ${listen}`} }
admin: { host: 127.0.0.1, port: ${adminPort} }
store: { ${store} }
cache: { ${cache} }
log: { level: warn }
routes:
  - { name: api, path: /*, upstream: ${target}, scopes: [${SCOPE}]${route && `, ${route}`} }
clients:
  - { id: ${CLIENT}, name: Bench, secret: ${SECRET}, grants: [client_credentials], scopes: [${SCOPE}] }
`;
}

async function accessToken(endpoint: string): Promise<string> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${CLIENT}:${SECRET}`)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: SCOPE }),
  });
  // A token answer (RFC 6749 §5.1) or an error object: anything but a string here fails the run.
  const { access_token: token, ...rest } = (await response.json()) as { access_token?: unknown };
  if (typeof token !== 'string') throw new Error(`no token: ${response.status} ${JSON.stringify(rest)}`);
  return token;
}

function profiling({ profile }: Track): string[] {
  if (profile === undefined) return [];
  return [
    '--cpu-prof',
    `--cpu-prof-dir=${join(profile, '..')}`,
    `--cpu-prof-name=${profile.slice(profile.lastIndexOf('/') + 1)}`,
  ];
}
