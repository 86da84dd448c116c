/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables are what is written in these files. */
import { describe, expect, it } from 'vitest';
import { configOf, imported } from './imported.ts';

const KONG = `
_format_version: "3.0"
_transform: true
services:
  - name: orders
    url: http://orders.internal:8080/api
    connect_timeout: 3000
    read_timeout: 90000
    write_timeout: 60000
    retries: 0
    routes:
      - name: orders
        hosts: [api.example.com, "*.example.com"]
        paths: [/orders, "~/v\\\\d+/orders"]
        methods: [GET, POST]
        plugins:
          - name: rate-limiting
            config: { minute: 100, hour: 1000, policy: redis }
          - name: acl
            config: { allow: [staff, partners] }
      - name: orders-by-header
        paths: [/beta]
        headers: { x-beta: ["1"] }
    plugins:
      - name: oauth2
        config:
          scopes: [read, write]
          mandatory_scope: true
          enable_authorization_code: true
          enable_client_credentials: true
          enable_implicit_grant: true
          provision_key: not-to-be-printed
          token_expiration: 7200
          refresh_token_ttl: 1209600
      - name: cors
        config: { origins: ["https://app.example.com", "~.*"], headers: [Authorization], credentials: true, max_age: 3600 }
      - name: request-transformer
        config:
          remove: { headers: [X-Debug, "Cookie:x"] }
          add: { headers: ["X-Api-Version:2", "Host:evil", "X-User-Id:admin", "X-T:$(headers.x)"] }
      - name: request-size-limiting
        config: { allowed_payload_size: 10 }
  - name: files
    host: files-upstream
    protocol: https
    path: /store
    routes:
      - name: files
        paths: [/files]
        strip_path: false
        plugins: [{ name: key-auth, config: { anonymous: 0d1 } }, { name: ip-restriction, config: { allow: [10.0.0.0/8] } }]
      - { name: open, paths: [/open/] }
  - { name: off, url: http://off, enabled: false, routes: [{ paths: [/off] }] }
  - { name: raw, host: db, protocol: tcp, port: 5432, routes: [{ protocols: [tcp] }] }
routes:
  - { name: beside, service: { name: files }, paths: [/] }
  - { name: nowhere, paths: [/nowhere] }
upstreams:
  - name: files-upstream
    algorithm: least-connections
    targets: [{ target: "10.0.0.1:9443", weight: 100 }, { target: "10.0.0.2:9443", weight: 50 }, { target: "10.0.0.3:9443", weight: 0 }]
    healthchecks:
      active: { type: https, http_path: /health, timeout: 1, healthy: { interval: 5, successes: 2, http_statuses: [200, 302] }, unhealthy: { interval: 5, http_failures: 3 } }
plugins:
  - { name: prometheus }
  - { name: rate-limiting, consumer: mobile, config: { second: 1 } }
consumers:
  - username: mobile
    acls: [{ group: staff }]
    oauth2_credentials:
      - { name: Mobile App, client_id: mobile-app, client_secret: plain-secret-of-mobile, redirect_uris: ["https://m.example.com/cb", "http://m.example.com/cb"] }
      - { name: Spa, client_id: spa, client_type: public, redirect_uris: ["https://spa.example.com/cb"] }
    keyauth_credentials: [{ key: a-key-not-to-be-printed }]
  - username: batch
    oauth2_credentials:
      - { name: "Batch \${NOT_A_VARIABLE}", client_id: batch, client_secret: plain-secret-of-batch }
      - { name: Hashed, client_id: hashed, hash_secret: true, client_secret: "$pbkdf2-digest=sha512$i=10000$abc$def" }
      - { name: Argon, client_id: argon, hash_secret: true, client_secret: "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21l$RdescudvJCsgt3ub+b0BQeN0IsJxAMJf" }
      - { name: No Secret, client_id: none }
`;

describe('a configuration of Kong', () => {
  const result = imported('kong', KONG);

  it('becomes one that passes gatehouse check', async () => {
    const { code, yaml } = await result;
    const { routes, clients, tokens } = configOf(yaml);
    expect(code).toBe(0);
    expect(routes.map(({ name, host, path, methods }) => ({ name, host, path, methods }))).toEqual([
      { name: 'orders', host: 'api.example.com', path: '/orders/*', methods: ['GET', 'POST'] },
      { name: 'open', host: undefined, path: '/open/*', methods: undefined },
      { name: 'beside', host: undefined, path: '/*', methods: undefined },
    ]);
    const [orders, open] = routes;
    expect(orders).toMatchObject({
      ...{ auth: 'required', stripPrefix: '/orders', scopes: ['group:staff+partners'], maxBody: 10 * 1024 ** 2 },
      limits: { perClient: { count: 100, window: 60_000 } },
      upstream: {
        targets: ['http://orders.internal:8080/api'],
        retries: 0,
        connectTimeout: 3000,
        timeout: 90_000,
        idleTimeout: 90_000,
      },
      cors: { origins: ['https://app.example.com'], headers: ['Authorization'], credentials: true, maxAge: 3600 },
      requestHeaders: { set: { 'X-Api-Version': '2' }, remove: ['X-Debug', 'Cookie'] },
    });
    expect(open).toMatchObject({ auth: 'none', upstream: { balance: 'least_connections' } });
    expect(open?.upstream.targets).toEqual(['https://10.0.0.1:9443/store', 'https://10.0.0.2:9443/store']);
    expect(open?.upstream.health).toMatchObject({
      path: '/health',
      interval: 5000,
      healthyAfter: 2,
      unhealthyAfter: 3,
      expect: [200, 302],
    });
    expect(tokens).toMatchObject({ accessTtl: 7200, refreshTtl: 1_209_600 });
    expect(clients.map(({ id, grants, scopes, public: is, name }) => ({ id, grants, scopes, is, name }))).toEqual([
      {
        id: 'mobile-app',
        grants: ['authorization_code', 'client_credentials', 'refresh_token'],
        scopes: ['read', 'write', 'group:staff+partners'],
        is: false,
        name: 'Mobile App',
      },
      {
        id: 'spa',
        grants: ['authorization_code', 'refresh_token'],
        scopes: ['read', 'write', 'group:staff+partners'],
        is: true,
        name: 'Spa',
      },
      {
        id: 'batch',
        grants: ['client_credentials', 'refresh_token'],
        scopes: ['read', 'write'],
        is: false,
        name: 'Batch ${NOT_A_VARIABLE}',
      },
      {
        id: 'argon',
        grants: ['client_credentials', 'refresh_token'],
        scopes: ['read', 'write'],
        is: false,
        name: 'Argon',
      },
    ]);
  });

  it('keeps secrets as hashes, and prints none', async () => {
    const { yaml, notes } = await result;
    const printed = yaml + notes.join('\n');
    for (const secret of ['plain-secret', 'not-to-be-printed', 'pbkdf2']) expect(printed).not.toContain(secret);
    expect(yaml).toMatch(/secret_hash: sha256:[A-Za-z0-9_-]{43}\n/);
  });

  it.each<[string, RegExp]>([
    ['a wildcard host', /^0\.yaml:\d+: services\[0\]\.routes\[0\]\.hosts\[1\]: is no whole host name/],
    ['a regular expression', /routes\[0\]\.paths\[1\]: is a regular expression/],
    ['a route by header', /routes\[1\]\.headers: chooses calls by headers.*left out/],
    ['a second rate', /rate.*|config\.hour: is not carried: a route has one rate/],
    ['groups', /lets groups of consumers in; here the route needs the scope group:staff\+partners/],
    ['an origin pattern', /names the origin ~\.\*/],
    ['Host', /changes the header Host/],
    ['an identity header', /changes the header X-User-Id, which Gatehouse sets itself/],
    ['a template', /holds a template/],
    ['the implicit grant', /implicit grant does not exist/],
    ['a provision key', /provision_key: is for a sign-in page of your own/],
    ['a restriction of a route that is open to some', /restricts the route by ip-restriction.*files is left out/],
    ['what is switched off', /services\[2\]: is switched off/],
    ['what is no HTTP', /is no HTTP; the route is left out/],
    ['a route without service', /routes\[1\]: has no service/],
    ['weights', /have different weights/],
    ['a plugin that is here anyway', /plugin prometheus, which is not carried\. Nothing: \/metrics/],
    ['a plugin of one consumer', /plugin rate-limiting for one consumer/],
    ['an insecure redirect', /redirect_uris\[1\]: cannot be a redirect URI here\. It must use https/],
    ['an API key', /keyauth_credentials\[0\]: is no OAuth client/],
    ['a hash that is not read', /client_secret: is hashed in a way that is not read here/],
    ['a client without a secret', /has no client_secret in the file/],
    ['a time-out in one direction', /write_timeout: is not carried/],
  ])('says what became of %s', async (_what, line) => {
    expect((await result).notes.some((note) => line.test(note))).toBe(true);
  });

  it('tells the line where it stands', async () => {
    const { notes } = await result;
    const at = KONG.split('\n').findIndex((line) => line.includes('provision_key')) + 1;
    expect(notes.find((note) => note.includes('provision_key'))).toMatch(new RegExp(`^0\\.yaml:${at}: `));
  });
});

it('a small one goes over without loss, but for what is said of all', async () => {
  const { code, yaml, notes } = await imported(
    'kong',
    'services: [{ name: a, url: "http://a.test", routes: [{ name: a, paths: [/a] }] }]',
  );
  expect(yaml).toBe(
    'routes:\n  - name: a\n    path: /a/*\n    upstream: http://a.test\n    strip_prefix: /a\n    auth: none\n',
  );
  expect(notes).toHaveLength(2);
  expect(code).toBe(0);
});

describe('guards', () => {
  const one = (plugins: string) =>
    imported(
      'kong',
      `services: [{ name: a, url: "http://a.test", routes: [{ name: a, paths: [/a], plugins: ${plugins} }] }]`,
    );
  it.each(['key-auth', 'basic-auth', 'jwt', 'openid-connect', 'mtls-auth', 'ldap-auth'])(
    '%s becomes a token, never nothing',
    async (name) => {
      const { yaml, notes } = await one(`[{ name: ${name} }]`);
      expect(configOf(yaml).routes).toMatchObject([{ auth: 'required' }]);
      expect(notes.some((note) => note.includes(name))).toBe(true);
    },
  );
  it.each([
    'ip-restriction',
    'acl, config: { allow: [a] }',
    'bot-detection',
    'opa',
    'request-termination',
    'pre-function',
  ])('a public route guarded by %s is left out', async (name) => {
    expect(configOf((await one(`[{ name: ${name} }]`)).yaml).routes).toEqual([]);
  });
  it('that are switched off do not hold', async () => {
    expect(configOf((await one('[{ name: key-auth, enabled: false }]')).yaml).routes).toMatchObject([{ auth: 'none' }]);
  });
  it('of a route count before those of its service, and those before global ones', async () => {
    const text = `
plugins: [{ name: rate-limiting, config: { minute: 1, limit_by: credential } }, { name: jwt }]
services:
  - { name: a, url: "http://a.test", routes: [{ name: a, paths: [/a] }], plugins: [{ name: rate-limiting, config: { minute: 2 } }] }
  - { name: b, url: "http://b.test", routes: [{ name: b, paths: [/b], plugins: [{ name: rate-limiting, config: { minute: 3 } }] }] }
  - { name: c, url: "http://c.test", routes: [{ name: c, paths: [/c] }] }
`;
    const { routes } = configOf((await imported('kong', text)).yaml);
    expect(routes.map(({ limits }) => limits?.perClient?.count)).toEqual([2, 3, 1]);
  });
  it.each<[string, string, object, RegExp | undefined]>([
    ['credential', ', { name: jwt }', { perClient: { count: 9 } }, undefined],
    ['consumer', ', { name: jwt }', { perClient: { count: 9 } }, /by consumer; here they are counted by client/],
    ['ip', ', { name: jwt }', { perToken: { count: 9 } }, /by ip; here they are counted by token/],
    ['ip', '', { perClient: { count: 9 } }, undefined],
    ['consumer', '', { perClient: { count: 9 } }, undefined],
    ['header', '', { perClient: { count: 9 } }, /by header; here they are counted by address/],
  ])('that count calls by %s%s count them by what comes nearest', async (by, guard, limits, says) => {
    const { yaml, notes } = await one(`[{ name: rate-limiting, config: { minute: 9, limit_by: ${by} } }${guard}]`);
    expect(configOf(yaml).routes).toMatchObject([{ limits }]);
    const said = notes.filter((note) => note.includes('counts calls by'));
    expect(said).toEqual(says ? [expect.stringMatching(says)] : []);
  });
});
