import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Contestant, type Entrant, freePort, PROXY_CORE, startProgram, type Track } from '../contestant.ts';
import { answerOf } from '../load.ts';

/** The gateway whose place Gatehouse takes: its oauth2 policy, with users, applications and tokens in Redis. */
export const expressGateway: Contestant = {
  name: 'Express Gateway',
  about: 'express-gateway 1.16.11 on Node 20 (newer ones lack crypto.createCipher), oauth2 policy, tokens in Redis',
  start,
};

const PACKAGES = join(import.meta.dirname, '..', 'node_modules');
const NODE_20 = join(PACKAGES, 'node20', 'bin', 'node');
const SCOPE = 'bench:read';

async function start(track: Track): Promise<Entrant> {
  const [port, adminPort] = [await freePort(), await freePort()];
  await cp(join(PACKAGES, 'express-gateway', 'lib', 'config', 'models'), join(track.directory, 'models'), {
    recursive: true,
  });
  await writeFile(join(track.directory, 'gateway.config.yml'), gatewayConfiguration(port, adminPort, track.upstream));
  await writeFile(join(track.directory, 'system.config.yml'), systemConfiguration(new URL(track.redis)));

  const settings = [
    `EG_CONFIG_DIR=${track.directory}`,
    'EG_DISABLE_CONFIG_WATCH=true',
    'LOG_LEVEL=error',
    'NODE_ENV=production',
  ];
  const command = [...settings, NODE_20, '--no-deprecation', join(PACKAGES, 'express-gateway', 'lib', 'index.js')];
  const program = startProgram(PROXY_CORE, 'env', command, join(PACKAGES, 'express-gateway'));
  const token = await accessToken(`http://127.0.0.1:${port}`, `http://127.0.0.1:${adminPort}`);
  return {
    url: `http://127.0.0.1:${port}/hello`,
    headers: { authorization: `Bearer ${token}` },
    pid: program.pid,
    stop: program.stop,
  };
}

const gatewayConfiguration = (port: number, adminPort: number, upstream: string): string => `
http: { port: ${port}, host: 127.0.0.1 }
admin: { port: ${adminPort}, host: 127.0.0.1 }
apiEndpoints:
  api: { host: '*', paths: '/hello', scopes: ['${SCOPE}'] }
serviceEndpoints:
  upstream: { url: '${upstream}' }
policies: [oauth2, proxy]
pipelines:
  default:
    apiEndpoints: [api]
    policies:
      - oauth2:
      - proxy: [{ action: { serviceEndpoint: upstream, changeOrigin: true } }]
`;

const systemConfiguration = (redis: URL): string => `
db: { redis: { host: ${redis.hostname}, port: ${redis.port}, namespace: EG } }
crypto: { cipherKey: only-for-this-loopback-run, algorithm: aes256, saltRounds: 10 }
session: { secret: only-for-this-loopback-run, resave: false, saveUninitialized: false }
accessTokens: { timeToExpiry: 7200000 }
refreshTokens: { timeToExpiry: 7200000 }
authorizationCodes: { timeToExpiry: 300000 }
`;

/** A user, an application of theirs with a credential, and a token for it: three calls of its admin API. */
async function accessToken(gateway: string, admin: string): Promise<string> {
  await answerOf(`${admin}/users`);
  await post(`${admin}/scopes`, { scopes: [SCOPE] });
  await post(`${admin}/users`, {
    username: 'alice',
    firstname: 'Alice',
    lastname: 'Liddell',
    email: 'alice@example.com',
  });
  const application = await post(`${admin}/apps`, { name: 'bench', userId: 'alice', redirectUri: 'http://127.0.0.1/' });
  const credential = await post(`${admin}/credentials`, {
    consumerId: application['id'],
    type: 'oauth2',
    credential: { scopes: [SCOPE] },
  });
  const answer = await post(`${gateway}/oauth2/token`, {
    grant_type: 'client_credentials',
    client_id: application['id'],
    client_secret: credential['secret'],
    scope: SCOPE,
  });
  const token = answer['access_token'];
  if (typeof token !== 'string') throw new Error(`no token: ${JSON.stringify(answer)}`);
  return token;
}

async function post(url: string, body: object): Promise<Record<string, unknown>> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url}: ${response.status} ${text}`);
  // Its admin API answers objects, and plain text where nothing is to be said.
  return text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {};
}
