import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { selfSigned } from '../http/self_signed.ts';
import { HASH, parse } from './stand_ins.ts';

const CONTRACT = `
listen: { host: 127.0.0.1, port: 8080, workers: 1, trusted_proxies: [10.0.0.0/8] }
admin:  { host: 127.0.0.1, port: 8081 }
store:  { type: embedded, path: ./data/gatehouse.db }
cache:  { max_tokens: 100000, ttl: 60s, staleness: 5s, negative_ttl: 1s }
tokens: { access_ttl: 1h, refresh_ttl: 30d, code_ttl: 60s, refresh_grace: 10s }
dialects:
  - oauth2
  - { type: roambi, prefix: /1, host: Old.example.com, require_client_secret: false }
routes:
  - name: orders
    path: /orders/*
    host: API.example.com
    methods: [GET, POST]
    upstream: http://127.0.0.1:9000
    strip_prefix: /orders
    auth: required
    scopes: [orders:read]
    dialect: oauth2
    limits: { per_token: 100/1m, per_client: 1000/1h, concurrent: 1, status: 429 }
    on_store_outage: deny
  - name: everything
    path: /*
    upstream: { targets: [http://a.internal:9000/base/, https://b.internal], connect_timeout: 1s, timeout: 2m, idle_timeout: 1h }
    scopes: { GET: [read], POST: [read, write] }
    on_store_outage: { serve_cached: 30s }
    forward_authorization: true
    audience: https://api.example.com
clients:
  - { id: demo-app, secret: s3cret, name: Demo, grants: [authorization_code], redirect_uris: [http://127.0.0.1:3000/callback], scopes: [orders:read], public: false }
  - { id: mobile, public: true, grants: [authorization_code], redirect_uris: ['com.example.app:/cb'], connections: [users] }
  - { id: hashed, secret_hash: '${HASH}', grants: [client_credentials], audience: [https://api.example.com], disabled: true }
connections:
  - { name: users, type: database, users: [ { id: u-alice, username: alice, email: alice@example.com, password_hash: '${HASH}', roles: [admin] } ] }
identity_headers: { user_id: X-Account, user_email: false }
log: { level: warn }
`;

describe('a configuration with every key', () => {
  const config = parse(CONTRACT);

  it('becomes the settings of the listeners, the cache and the tokens', () => {
    expect(config.listen).toEqual({
      ...{ host: '127.0.0.1', port: 8080, workers: 1, trustedProxies: ['10.0.0.0/8'] },
      ...{ http2: true, maxConnections: 20_000, maxDelay: 1000, minBodyRate: 500, fastLane: true },
    });
    expect(config.admin).toEqual({ host: '127.0.0.1', port: 8081, console: true, sessionTtl: 28_800 });
    expect(config.cache).toEqual({ maxTokens: 100_000, ttl: 60_000, staleness: 5000, negativeTtl: 1000 });
    expect(config.tokens).toEqual({ accessTtl: 3600, refreshTtl: 2_592_000, codeTtl: 60, refreshGrace: 10 });
    expect(config.log).toEqual({ level: 'warn', access: 'json' });
  });

  it('hands each variant what its own schema made of its keys', () => {
    expect(config.store).toEqual({ type: 'embedded', options: { path: './data/gatehouse.db' } });
    expect(config.dialects).toEqual([
      { type: 'oauth2', options: {} },
      { type: 'roambi', prefix: '/1', host: 'old.example.com', options: { require_client_secret: false } },
    ]);
    expect(config.connections).toMatchObject([{ name: 'users', type: 'database' }]);
  });

  it('becomes routes', () => {
    expect(config.routes).toEqual([
      {
        name: 'orders',
        path: '/orders/*',
        host: 'api.example.com',
        methods: ['GET', 'POST'],
        upstream: expect.objectContaining({
          ...{ targets: ['http://127.0.0.1:9000'], balance: 'round_robin', retries: 1, breaker: undefined },
          ...{ connectTimeout: 5000, timeout: 30_000, idleTimeout: 60_000 },
        }),
        stripPrefix: '/orders',
        auth: 'required',
        scopes: ['orders:read'],
        dialect: 'oauth2',
        limits: {
          ...{ perToken: { count: 100, window: 60_000 }, perClient: { count: 1000, window: 3_600_000 } },
          ...{ concurrent: 1, status: 429 },
        },
        serveCached: 0,
        forwardAuthorization: false,
      },
      {
        name: 'everything',
        path: '/*',
        upstream: expect.objectContaining({
          targets: ['http://a.internal:9000/base', 'https://b.internal'],
          connectTimeout: 1000,
          timeout: 120_000,
          idleTimeout: 3_600_000,
          breaker: { maxFailures: 5, retryAfter: 2000, statuses: [] },
        }),
        auth: 'required',
        scopes: { GET: ['read'], POST: ['read', 'write'] },
        audience: 'https://api.example.com',
        dialect: 'oauth2',
        serveCached: 30_000,
        forwardAuthorization: true,
      },
    ]);
  });

  it('becomes clients, whose plain secrets are hashed at once', () => {
    expect(config.clients).toMatchObject([
      {
        id: 'demo-app',
        name: 'Demo',
        public: false,
        secrets: [{ hash: `sha256:${hash('sha256', 's3cret', 'base64url')}` }],
      },
      { id: 'mobile', name: 'mobile', public: true, secrets: [], connections: ['users'] },
      { id: 'hashed', secrets: [{ hash: HASH }], audience: ['https://api.example.com'], disabled: true },
    ]);
    expect(JSON.stringify(config)).not.toContain('s3cret');
  });

  it('keeps the plain secret for signing, where nothing that prints or copies a client finds it', () => {
    const [demo, ...others] = config.clients;
    expect(demo?.signingSecret).toBe('s3cret');
    expect({ ...demo }).not.toHaveProperty('signingSecret');
    expect(others.map(({ signingSecret }) => signingSecret)).toEqual([undefined, undefined]);
  });

  it('becomes users, who know their connection', () => {
    expect(config.users).toEqual([
      {
        id: 'u-alice',
        connection: 'users',
        username: 'alice',
        email: 'alice@example.com',
        passwordHash: HASH,
        roles: ['admin'],
        disabled: false,
      },
    ]);
  });

  it('renames identity headers and switches them off', () => {
    expect(config.identityHeaders).toEqual({
      userId: 'X-Account',
      userName: 'X-User-Name',
      userEmail: null,
      clientId: 'X-Client-Id',
      scopes: 'X-Token-Scopes',
      connection: 'X-Auth-Connection',
      requestId: 'X-Request-Id',
    });
  });

  it('is frozen all the way down', () => {
    const open: string[] = [];
    const visit = (value: unknown, path: string) => {
      if (typeof value !== 'object' || value === null) return;
      if (!Object.isFrozen(value)) open.push(path);
      for (const [key, inner] of Object.entries(value)) visit(inner, `${path}.${key}`);
    };
    visit(config, 'config');
    expect(open).toEqual([]);
  });
});

describe('a configuration with hardly any key', () => {
  it('has the defaults of the documentation', () => {
    const config = parse('routes: []');
    expect(config).toMatchObject({
      file: '/etc/gatehouse/g.yaml',
      listen: { host: '127.0.0.1', port: 8080, workers: 1, trustedProxies: [] },
      admin: { host: '127.0.0.1', port: 8081 },
      store: { type: 'embedded', options: { path: './data/gatehouse.db' } },
      cache: { maxTokens: 100_000, ttl: 60_000, staleness: 5000, negativeTtl: 1000 },
      tokens: { accessTtl: 3600, refreshTtl: 2_592_000, codeTtl: 60, refreshGrace: 10 },
      dialects: [{ type: 'oauth2', options: {} }],
      routes: [],
      clients: [],
      connections: [],
      users: [],
      log: { level: 'info' },
    });
  });

  it('resolves the files of the listener from the folder of the file', async () => {
    const pair = await selfSigned();
    const files = {
      '/etc/gatehouse/tls/cert.pem': readFileSync(pair.cert, 'utf8'),
      '/etc/gatehouse/tls/key.pem': readFileSync(pair.key, 'utf8'),
    };
    const { listen } = parse('listen: { tls: { cert: tls/cert.pem, key: tls/key.pem } }', { files });
    expect(listen.tls).toEqual({ cert: '/etc/gatehouse/tls/cert.pem', key: '/etc/gatehouse/tls/key.pem' });
    const onSocket = parse('listen: { path: run/g.sock, public_url: https://a.example.com }');
    expect(onSocket.listen.path).toBe('/etc/gatehouse/run/g.sock');
  });
});
