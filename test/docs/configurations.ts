import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { parse as parseYaml, stringify } from 'yaml';
import { variants } from '../../src/compose.ts';
import { parseConfig } from '../../src/config/parse.ts';
import type { Config } from '../../src/model/config.ts';

/** What a fragment stands in, unless it has these sections itself. */
const BASE = {
  store: { type: 'memory' },
  server_secret: 'a secret that is the same on every node',
  routes: [
    { name: 'demo', path: '/demo/*', upstream: 'demo', scopes: ['demo:read'] },
    { name: 'to-a-proxy', path: '/elsewhere/*', upstream: 'http://127.0.0.1:9000' },
  ],
  clients: [
    {
      id: 'demo-app',
      secret: 'a secret of the demo app',
      grants: ['authorization_code', 'refresh_token', 'password', 'client_credentials'],
      redirect_uris: ['http://127.0.0.1:3000/callback'],
      scopes: ['demo:read', 'demo:write', 'orders:read', 'orders:write', 'openid', 'profile', 'email'],
    },
  ],
  connections: [{ name: 'users', type: 'database' }],
};

/**
 * The configuration that a fragment becomes: its top-level keys in place of those of a small base. Connections are added to
 * those of the base, because clients and routes may name them.
 */
export function complete(fragment: string): string {
  const own = parseYaml(fragment) as Record<string, unknown>;
  const connections = Array.isArray(own['connections']) ? [...BASE.connections, ...own['connections']] : undefined;
  const named = (connections ?? []).filter(({ name }) => name === 'users').length > 1;
  return stringify({ ...BASE, ...own, ...(connections && !named && { connections }) });
}

/** What a page's variables and files hold: by their names, something of the right kind. */
const ARGON2ID = `$argon2id$v=19$m=19456,t=2,p=1$${'c2FsdHNhbHRzYWx0c2FsdA'}$${createHash('sha256').update('x').digest('base64').slice(0, 43)}`;

function valueNamed(name: string): string {
  if (/hash/i.test(name)) return ARGON2ID;
  if (/url|uri|upstream/i.test(name)) return /redis/i.test(name) ? 'redis://127.0.0.1:6379/0' : 'https://example.com';
  if (/webhook/i.test(name)) return `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
  if (/port/i.test(name)) return '8080';
  if (/tls\/|\.pem$|ca$/i.test(name)) return /key/i.test(name) ? KEY : CERTIFICATE;
  return 'a-value-nobody-could-guess-0123456789';
}

/** One certificate and its key, for every page. */
const [, KEY = '', CERTIFICATE = ''] =
  /^(-----BEGIN PRIVATE.*?-----\n?)(-----BEGIN CERT.*)$/s.exec(
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'],
        ...['-subj', '/CN=docs', '-keyout', '-', '-out', '-'],
      ],
      { stdio: ['ignore', 'pipe', 'ignore'], encoding: 'utf8' },
    ),
  ) ?? [];

/** Has the text judged as `gatehouse check` does, with variables and files that are there. @throws ConfigError with every problem. */
export function checked(text: string, file: string): Config {
  const names = [...text.matchAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)/g)].map(([, name = '']) => name);
  return parseConfig(text, {
    file,
    env: Object.fromEntries(
      names.filter((name) => !new RegExp(`\\{${name}:-`).test(text)).map((name) => [name, valueNamed(name)]),
    ),
    readFile: valueNamed,
    variants,
  });
}
