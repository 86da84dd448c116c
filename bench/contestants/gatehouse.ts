import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Contestant, type Entrant, freePort, PROXY_CORE, startProgram, type Track } from '../contestant.ts';
import { answerOf } from '../load.ts';

/** The product as it ships: the process that `gatehouse start` runs, with one route that asks for a scope. */
export const gatehouse: Contestant = {
  name: 'gatehouse',
  about: 'the gateway, memory store, one cached token, scope check, identity headers, limits of the contract',
  start,
};

const ROOT = join(import.meta.dirname, '..', '..');
const CLIENT = 'bench';
const SECRET = 'only-for-this-loopback-run';

async function start(track: Track): Promise<Entrant> {
  const [port, adminPort] = [await freePort(), await freePort()];
  const file = join(track.directory, 'gatehouse.yaml');
  await mkdir(track.directory, { recursive: true });
  await writeFile(file, configuration(port, adminPort, track.upstream));

  const program = startProgram(
    PROXY_CORE,
    process.execPath,
    [...profiling(track), join('src', 'main.ts'), 'start', '--config', file],
    ROOT,
  );
  await answerOf(`http://127.0.0.1:${adminPort}/health/ready`);
  const token = await accessToken(`http://127.0.0.1:${port}/oauth2/token`);
  return {
    url: `http://127.0.0.1:${port}/hello`,
    headers: { authorization: `Bearer ${token}` },
    pid: program.pid,
    stop: program.stop,
  };
}

/** The peers write no log of requests, so neither does the gateway here; refusals and troubles would still show. */
const configuration = (port: number, adminPort: number, upstream: string): string => `
listen: { host: 127.0.0.1, port: ${port} }
admin: { host: 127.0.0.1, port: ${adminPort} }
store: { type: memory }
log: { level: warn }
routes:
  - { name: api, path: /*, upstream: "${upstream}", scopes: [bench:read] }
clients:
  - { id: ${CLIENT}, name: Bench, secret: ${SECRET}, grants: [client_credentials], scopes: [bench:read] }
`;

async function accessToken(endpoint: string): Promise<string> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${CLIENT}:${SECRET}`)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'bench:read' }),
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
