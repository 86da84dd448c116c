import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { variants } from '../../src/compose.ts';
import { DEMO_PASSWORD_HASHES } from '../../src/config/cross_checks/demo_secrets.ts';
import { loadConfig } from '../../src/config/load.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { verifyPassword } from '../../src/connections/password_hash.ts';

const files = (await readdir('config'))
  .filter((name) => name.endsWith('.yaml') && name !== 'policy.yaml')
  .map((name) => `config/${name}`);
/** What config/compose.yaml asks its environment for. */
const env = {
  GATEHOUSE_PUBLIC_URL: 'https://auth.example.com',
  REDIS_URL: 'redis://redis:6379/0',
  GATEHOUSE_CLIENT_SECRET: 'an-unguessable-secret',
};

describe.each(files)('%s', (file) => {
  it('is a right configuration, which has no more to report', async () => {
    const config = await loadConfig(file, { env, variants });
    expect(config.routes).not.toEqual([]);
  });

  it('is right in the eyes of an editor, too', async () => {
    const schema = JSON.parse(await readFile('config/gatehouse.schema.json', 'utf8'));
    const value = parseYaml(await readFile(file, 'utf8'));
    expect(z.fromJSONSchema(schema).safeParse(value).error).toBeUndefined();
  });
});

describe('config/gatehouse.yaml', () => {
  it('has what the documentation says, whatever the environment is', async () => {
    const config = await loadConfig('config/gatehouse.yaml', { env: { PORT: '3000' }, variants });
    expect(config).toMatchObject({
      listen: { host: '127.0.0.1', port: 8080 },
      admin: { host: '127.0.0.1', port: 8081 },
      store: { type: 'embedded', options: { path: './data/gatehouse.db' } },
      routes: [{ name: 'demo', path: '/demo/*', upstream: { targets: ['demo'] } }],
      clients: [
        {
          id: 'demo-app',
          grants: [...variants.grants],
          scopes: ['demo:read', 'demo:write', 'openid', 'profile', 'email'],
          redirectUris: ['http://127.0.0.1:3000/callback'],
        },
      ],
      users: [
        { id: 'u-alice', username: 'alice', email: 'alice@example.com', roles: [] },
        { id: 'u-admin', username: 'admin', roles: ['admin'] },
      ],
    });
  });

  it('has the passwords it says it has, and their hashes are known as the demo', async () => {
    const { users } = await loadConfig('config/gatehouse.yaml', { env: {}, variants });
    expect(users.map(({ passwordHash }) => passwordHash)).toEqual(DEMO_PASSWORD_HASHES);
    const right = users.map(({ passwordHash }, index) =>
      verifyPassword(passwordHash, ['wonderland', 'looking-glass'][index] ?? ''),
    );
    expect(await Promise.all(right)).toEqual([true, true]);
  });

  it('is refused on an address that others can reach, with every demo secret named', async () => {
    const text = (await readFile('config/gatehouse.yaml', 'utf8')).replace('host: 127.0.0.1', 'host: 0.0.0.0');
    const load = () => parseConfig(text, { file: 'g.yaml', env: {}, readFile: () => '', variants });
    expect(load).toThrow(/clients\[0\]\.secret: is a demo secret/);
    expect(load).toThrow(/users\[0\]\.password_hash: is a demo secret/);
    expect(load).toThrow(/users\[1\]\.password_hash: is a demo secret/);
  });

  it('names every key there is', async () => {
    const text = await readFile('config/gatehouse.yaml', 'utf8');
    const schema = JSON.parse(await readFile('config/gatehouse.schema.json', 'utf8'));
    const names = new Set<string>();
    const visit = (it: unknown): void => {
      if (typeof it !== 'object' || it === null) return;
      if ('properties' in it && it.properties) for (const name of Object.keys(it.properties)) names.add(name);
      for (const inner of Object.values(it)) visit(inner);
    };
    // The options of single variants are explained by the variants.
    for (const section of [
      'listen',
      'admin',
      'cache',
      'tokens',
      'routes',
      'clients',
      'identity_headers',
      'log',
      'audit',
      'tracing',
    ])
      visit(schema.properties[section]);
    expect([...names].filter((name) => !new RegExp(`\\b${name}:`).test(text))).toEqual([]);
  });
});
