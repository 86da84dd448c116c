/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables are what is written in these files. */
import { hashSync } from 'bcryptjs';
import { describe, expect, it } from 'vitest';
import { configOf, imported } from './imported.ts';

const GATEWAY = `
http:
  port: \${EG_HTTP_PORT:-8088}
https:
  port: 9999
  tls: { default: { key: k.pem, cert: c.pem } }
admin:
  port: 9876
  host: localhost
apiEndpoints:
  orders:
    host: api.example.com
    paths: [/orders, '/orders/*']
    methods: 'GET,POST'
    scopes: [orders:read]
  item: { host: '*', paths: '/items/:id' }
  open: { host: '*', paths: ['/public/*', '/img/:name', '/exact'] }
  regex: { pathRegex: '^/r' }
  wild: { host: '*.example.com', paths: '/w' }
  scoped: { paths: '/scoped', scopes: [a] }
  unused: { paths: '/unused' }
  ended: { paths: '/ended' }
serviceEndpoints:
  backend: { url: 'http://10.0.0.1:3000/base/' }
  many: { urls: ['http://10.0.0.1:3000', 'https://10.0.0.2:3000'], proxyOptions: { secure: false } }
policies: [proxy, oauth2, cors, rate-limit, key-auth, log, headers, request-transformer, expression, jwt, terminate]
pipelines:
  main:
    apiEndpoints: [orders, item]
    policies:
      - oauth2:
      - cors: { action: { origin: ['https://app.example.com'], credentials: true, maxAge: 600 } }
      - rate-limit: [{ action: { max: 10, windowMs: 120000, rateLimitBy: '\${req.ip}' } }]
      - headers: [{ action: { headersPrefix: x-, forwardHeaders: { user: req.user.id } } }]
      - request-transformer: [{ action: { headers: { add: { X-Fixed: "'yes'", X-Made: 'req.user.id', X-User-Id: "'x'" }, remove: [cookie] }, body: { add: { a: "1" } } } }]
      - log: [{ action: { message: hello } }]
      - expression: { action: { jscode: 'req.x = 1' } }
      - custom-plugin: { action: { a: 1 } }
      - proxy: [{ condition: { name: pathExact, path: /orders }, action: { serviceEndpoint: backend, stripPath: true, proxyTimeout: 7000 } }]
  public:
    apiEndpoints: [open, scoped, regex, wild]
    policies:
      - proxy: { action: { serviceEndpoint: many, changeOrigin: false } }
  ends:
    apiEndpoints: [ended]
    policies: [{ terminate: { action: { statusCode: 200 } } }]
`;
const SYSTEM =
  'db: { redis: { emulate: false, host: redis } }\naccessTokens: { timeToExpiry: 7200000, tokenType: jwt }\nrefreshTokens: { timeToExpiry: 86400000 }\nauthorizationCodes: { timeToExpiry: 900000 }\nplugins: { mine: {} }\n';
const BCRYPT = hashSync('a-password', 4);
/** As `eg users list` prints it: objects, one behind another. */
const USERS = [
  { id: 'u-1', username: 'ann', firstname: 'Ann', lastname: 'Lee', email: 'ann@example.com', isActive: true },
  { id: 'u-2', username: 'bob', firstname: 'Bob', lastname: '${X}', isActive: false },
]
  .map((user) => JSON.stringify(user, null, 2))
  .join('\n');
/** As the keys of Redis are. */
const REDIS = JSON.stringify({
  'EG-basic-auth:ann': { password: BCRYPT, isActive: 'true' },
  'EG-application:a-1': {
    id: 'a-1',
    name: 'Shop',
    redirectUri: 'https://shop.example.com/cb',
    userId: 'u-1',
    isActive: 'true',
  },
  'EG-oauth2:a-1': { secret: BCRYPT, scopes: '["orders:read"]', isActive: 'true' },
  'EG-application:a-2': { id: 'a-2', name: 'Job', userId: 'u-1', isActive: 'true' },
  'EG-oauth2:a-2': { secret: 'known-secret', scopes: '["orders:read","orders:write"]', isActive: 'true' },
  'EG-key-auth:k-1': { keyId: 'k-1', keySecret: 'key-not-to-be-printed', consumerId: 'u-1' },
  'EG-username:ann': ['u-1'],
});

describe('a configuration of Express Gateway', () => {
  const result = imported('express-gateway', GATEWAY, [SYSTEM, USERS, REDIS]);

  it('becomes one that passes gatehouse check', async () => {
    const { code, yaml } = await result;
    const { listen, admin, routes, tokens, clients, users } = configOf(yaml);
    expect(code).toBe(0);
    expect({ listen: listen.port, admin: admin.port }).toEqual({ listen: 8088, admin: 9876 });
    expect(routes.map(({ name, host, path, methods, auth }) => [name, host, path, methods?.join(), auth])).toEqual([
      ['orders', 'api.example.com', '/orders', 'GET,POST', 'required'],
      ['orders-2', 'api.example.com', '/orders/*', 'GET,POST', 'required'],
      ['item', undefined, '/items/*', undefined, 'required'],
      ['open', undefined, '/public/*', undefined, 'none'],
      ['open-2', undefined, '/exact', undefined, 'none'],
    ]);
    expect(routes[1]).toMatchObject({
      ...{ scopes: ['orders:read'], stripPrefix: '/orders' },
      upstream: { targets: ['http://10.0.0.1:3000/base'], timeout: 7000 },
      limits: { perToken: { count: 10, window: 120_000 } },
      cors: { origins: ['https://app.example.com'], credentials: true, maxAge: 600 },
      requestHeaders: { set: { 'X-Fixed': 'yes' }, remove: ['cookie'] },
    });
    expect(routes[3]?.upstream.targets).toEqual(['http://10.0.0.1:3000', 'https://10.0.0.2:3000']);
    expect(tokens).toMatchObject({ accessTtl: 7200, refreshTtl: 86_400, codeTtl: 600 });
    expect(users).toMatchObject([
      { id: 'u-1', username: 'ann', name: 'Ann Lee', email: 'ann@example.com', passwordHash: BCRYPT },
    ]);
    expect(clients).toMatchObject([
      {
        id: 'a-2',
        name: 'Job',
        scopes: ['orders:read', 'orders:write'],
        grants: ['refresh_token', 'password', 'client_credentials'],
      },
    ]);
  });

  it('prints no secret', async () => {
    const { yaml, notes } = await result;
    for (const secret of ['known-secret', 'key-not-to-be-printed'])
      expect(yaml + notes.join('\n')).not.toContain(secret);
    expect(notes.join('\n')).not.toContain(BCRYPT);
  });

  it.each<[string, RegExp]>([
    ['https', /^0\.yaml:4: https: is not carried/],
    ['a condition', /condition: has proxy depend on pathExact/],
    ['a rate limit', /counts calls by \$\{req\.ip\}; here they are counted by token/],
    ['headers made of expressions', /adds headers made of expressions/],
    ['an expression in a header', /X-Made: is an expression/],
    ['an identity header', /changes the header X-User-Id/],
    ['bodies', /changes bodies, which are never read here/],
    ['log', /log\[0\]: is not carried/],
    ['a policy of a plugin', /is the policy custom-plugin/],
    ['a parameter', /items|has a parameter; here it became \/items\/\*/],
    ['a parameter of a public path', /paths\[1\]: is a pattern .* left out/],
    ['a regular expression', /pathRegex: is a regular expression/],
    ['a wildcard host', /apiEndpoints\.wild\.host: is no whole host name/],
    ['scopes nobody asks for', /names scopes, but the pipeline asks for no token; the endpoint is left out/],
    ['an endpoint without pipeline', /apiEndpoints\.unused: is in no pipeline/],
    ['a pipeline that answers itself', /answers calls itself/],
    ['certificates that are not checked', /secure: is not carried: certificates are always checked/],
    ['the host', /changeOrigin: is not carried/],
    ['JWTs', /^1\.yaml:\d+: accessTokens\.tokenType: has JWTs/],
    ['codes that live too long', /authorizationCodes\.timeToExpiry: became 10m/],
    ['a plugin', /is the plugin mine/],
    ['the store', /^1\.yaml:1: db: is not carried/],
    [
      'a user without password',
      /^2\.yaml:\d+: \[1\]: is a user without a bcrypt password.*gatehouse user add bob --id u-2/,
    ],
    [
      'an app whose secret is hashed',
      /gatehouse client add Shop --id a-1 --redirect-uri https:\/\/shop\.example\.com\/cb/,
    ],
    ['a key', /is a key-auth credential/],
  ])('says what became of %s', async (_what, line) => {
    const { notes } = await result;
    expect(
      notes.some((note) => line.test(note)),
      notes.join('\n'),
    ).toBe(true);
  });
});

it('the one that it is installed with becomes one route', async () => {
  const text = `
http: { port: 8080 }
admin: { port: 9876, host: localhost }
apiEndpoints: { api: { host: '*' } }
serviceEndpoints: { backend: { url: 'http://localhost:9876' } }
policies: [basic-auth, cors, expression, key-auth, log, oauth2, proxy, rate-limit]
pipelines: { default: { apiEndpoints: [api], policies: [{ proxy: [{ action: { serviceEndpoint: backend, changeOrigin: true } }] }] } }
`;
  const { code, yaml, notes } = await imported('express-gateway', text);
  expect(configOf(yaml).routes).toMatchObject([
    { name: 'api', path: '/*', auth: 'none', upstream: { targets: ['http://localhost:9876'] } },
  ]);
  expect(notes).toHaveLength(2);
  expect(code).toBe(0);
});

it.each(['key-auth', 'basic-auth', 'jwt', 'oauth2-introspect', 'oauth2'])(
  '%s becomes a token, never nothing, and whatever it depends on',
  async (policy) => {
    const text = `
apiEndpoints: { api: { paths: /a } }
serviceEndpoints: { backend: { url: 'http://localhost:1' } }
pipelines: { default: { apiEndpoints: api, policies: [{ ${policy}: { condition: { name: never } } }, { proxy: { action: { serviceEndpoint: backend } } }] } }
`;
    expect(configOf((await imported('express-gateway', text)).yaml).routes).toMatchObject([{ auth: 'required' }]);
  },
);

it.each([
  ['', undefined],
  [", rateLimitBy: '${req.ip}'", undefined],
  [", rateLimitBy: '${req.headers.x}'", /counts calls by .*; here they are counted by address/],
])('a limit of a public route%s counts by address', async (by, says) => {
  const text = `
apiEndpoints: { api: { paths: /a } }
serviceEndpoints: { backend: { url: 'http://localhost:1' } }
pipelines: { default: { apiEndpoints: api, policies: [{ rate-limit: { action: { max: 9${by} } } }, { proxy: { action: { serviceEndpoint: backend } } }] } }
`;
  const { yaml, notes } = await imported('express-gateway', text);
  expect(configOf(yaml).routes).toMatchObject([
    { auth: 'none', limits: { perClient: { count: 9, window: 60_000 }, perToken: undefined } },
  ]);
  const said = notes.filter((note) => note.includes('counts calls by'));
  expect(said).toEqual(says ? [expect.stringMatching(says)] : []);
});

it('what Redis prints, one key on each line, is read as well', async () => {
  const { yaml } = await imported('express-gateway', GATEWAY, [
    REDIS.slice(1, -1)
      .replaceAll(/,(?="EG)/g, '\n')
      .replaceAll(/^.*$/gm, '{$&}'),
    USERS,
  ]);
  const { clients, users } = configOf(yaml);
  expect([clients.map(({ id }) => id), users.map(({ id }) => id)]).toEqual([['a-2'], ['u-1']]);
});
