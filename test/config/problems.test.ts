/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the texts under test. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { selfSigned } from '../http/self_signed.ts';
import { HASH, problemsOf } from './stand_ins.ts';

describe('the problems of a configuration', () => {
  it('are all reported at once, in the order of the lines', () => {
    const text = `listen:
  port: eighty
  workers: 2
store: { type: memory }
cache: { max_tokns: 5, staleness: 6s }
routes:
  - name: orders
    path: orders
    strip_prefix: /x
    upstream: ftp://example.com
    scopes: read
  - name: orders
    path: /oauth2/x
    methods: [get]
clients:
  - id: app
    grants: [pasword]
    redirect_uris: ["http://example.com/cb"]
`;
    expect(problemsOf(text)).toEqual([
      '2:9: listen.port: is text: it must be a number',
      '3:12: listen.workers: must be 1 with the store memory, which processes cannot share: use embedded or redis',
      '5:10: cache.max_tokns: unknown key, did you mean max_tokens? allowed here: max_tokens, ttl, staleness, negative_ttl',
      '5:35: cache.staleness: must be from 0s to 5s',
      '8:11: routes[0].path: must start with /',
      '10:15: routes[0].upstream: must be demo, or a URL such as http://127.0.0.1:9000',
      '11:13: routes[0].scopes: must be a list of scopes, or a mapping of methods to such lists',
      '12:5: routes[1].upstream: is missing: it must be a URL such as http://127.0.0.1:9000, demo, none, or a mapping with targets',
      '12:11: routes[1].name: is also the name of the route in line 7: choose another',
      '13:11: routes[1].path: lies below /oauth2, where the dialect oauth2 answers (line 1): move the route or give the dialect another prefix',
      '14:15: routes[1].methods[0]: must be an HTTP method in upper case, such as GET',
      '16:5: clients[0]: has no secret: write secret or secret_hash, or public: true for an app that cannot keep one',
      '17:14: clients[0].grants[0]: is not a grant: must be authorization_code, refresh_token, password or client_credentials; did you mean password?',
      '18:21: clients[0].redirect_uris[0]: must use https; http is for loopback addresses only',
    ]);
  });

  it('are reported beside a syntax error, as far as the rest can be read', () => {
    const text = `routes:
  - name: a: b
    path: nowhere
clients:
  - id: x
    grants: [password]
    secret: 12
`;
    expect(problemsOf(text)).toEqual([
      '2:11: yaml: two colons in one line: put the value in quotes, or begin a new line',
      '7:13: clients[0].secret: is a number: it must be text; put it in quotes',
    ]);
  });

  it.each([
    ['', '1:1: yaml: the file is empty: it must be a mapping that starts with keys such as routes:'],
    ['# nothing\n', '1:1: yaml: the file is empty: it must be a mapping that starts with keys such as routes:'],
    ['- a\n', '1:1: yaml: the file must be a mapping that starts with keys such as routes:'],
    ['routes: []\n---\nroutes: []\n', '2:1: yaml: a second document begins here: a configuration is one document'],
    ['routes:\n', '1:8: routes: is empty: it must be a list (- …)'],
    ['listen:\n', '1:8: listen: is empty: it must be a mapping (key: value)'],
    ['routes: [x]\n', '1:10: routes[0]: must be a mapping (key: value)'],
    ['routes: { a: b }\n', '1:9: routes: must be a list (- …)'],
    ['listen: { port: ${PORT} }\n', '1:18: yaml: inside { } or [ ], ${NAME} must be in quotes: "${NAME}"'],
    ['log: { level: verbos }\n', '1:15: log.level: must be debug, info, warn, error or silent'],
    ['log: { level: inf }\n', '1:15: log.level: must be debug, info, warn, error or silent; did you mean info?'],
  ])('%j', (text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });
});

/** A problem as its key and message, for a text of one line. */
const one = (text: string) => problemsOf(text).map((it) => it.replace(/^\d+:\d+: /, ''));

describe('listeners', () => {
  it.each([
    [
      'host: 127.0.0.1:80',
      'listen.host: must be an IP address or a host name of this machine, such as 127.0.0.1, ::1 or 0.0.0.0, without a port',
    ],
    [
      'host: 256.0.0.1',
      'listen.host: must be an IP address or a host name of this machine, such as 127.0.0.1, ::1 or 0.0.0.0, without a port',
    ],
    ['port: 65536', 'listen.port: must be at most 65535'],
    ['port: 80.5', 'listen.port: is a number: it must be a whole number'],
    ['port: -1', 'listen.port: must be at least 0'],
    ['port: 8081', 'admin.port: is the port of listen too (8081): choose another'],
    ['workers: 0', 'listen.workers: must be at least 1'],
    ['workers: many', 'listen.workers: must be a number from 1 to 256, or auto for one per core'],
    [
      'public_url: https://example.com/gate',
      'listen.public_url: must be an origin such as https://auth.example.com, in lower case, without path, default port or user',
    ],
    [
      'public_url: javascript:alert(1)',
      'listen.public_url: must be an origin such as https://auth.example.com, in lower case, without path, default port or user',
    ],
    [
      'trusted_proxies: [10.0.0.0/33]',
      'listen.trusted_proxies[0]: must be an address or a range of addresses such as 10.0.0.0/8 or fd00::/8',
    ],
    [
      'trusted_proxies: [0.0.0.0/0]',
      'listen.trusted_proxies[0]: must not cover all addresses: name the ranges of your own proxies',
    ],
    [
      'trusted_proxies: [proxy.example.com]',
      'listen.trusted_proxies[0]: must be an address or a range of addresses such as 10.0.0.0/8 or fd00::/8',
    ],
    ['tls: { cert: cert.pem }', 'listen.tls.key: is missing: it must be text'],
    [
      'forward_auth: true',
      'listen.forward_auth: unknown key: write forward_auth at the top of the file, beside listen',
    ],
  ])('refuse %s', (line, problem) => {
    expect(one(`listen:\n  ${line}\n`)).toEqual([problem]);
  });

  it.each([
    'host: "::1"',
    'host: localhost',
    'host: gateway-1.internal',
    'port: 0',
    'workers: auto',
    'public_url: http://10.0.0.1:8080/',
    'trusted_proxies: [10.0.0.1, "fd00::/8"]',
  ])('accept %s', (line) => {
    expect(one(`listen:\n  ${line}\n`)).toEqual([]);
  });

  it('refuse a certificate where its path belongs, and files that are not there', () => {
    const [cert, key] = one('listen: { tls: { cert: file:c.pem, key: k.pem } }');
    expect(cert).toBe(
      'listen.tls.cert: the file it names (c.pem) does not exist: correct the path, which starts from the folder of this file',
    );
    expect(key).toBeUndefined();
    const files = { '/etc/gatehouse/c.pem': '-----BEGIN CERTIFICATE-----' };
    expect(problemsOf('listen: { tls: { cert: file:c.pem, key: c.pem } }', { files })).toEqual([
      '1:24: listen.tls.cert: must be the path of a PEM file, not its content: write it without file:',
    ]);
    expect(problemsOf('listen: { tls: { cert: c.pem, key: c.pem } }', { files })).toEqual([
      '1:36: listen.tls.key: the file it names is not the PEM file it should be',
    ]);
  });

  it('refuse a private key that is not the one of the certificate', async () => {
    const [one, other] = await Promise.all([selfSigned(), selfSigned()]);
    const files = {
      '/etc/gatehouse/c.pem': readFileSync(one.cert, 'utf8'),
      '/etc/gatehouse/k.pem': readFileSync(other.key, 'utf8'),
    };
    expect(problemsOf('listen: { tls: { cert: c.pem, key: k.pem } }', { files })).toEqual([
      '1:36: listen.tls.key: the file it names is not the private key of the certificate',
    ]);
  });

  it('refuse a host, a port and no public URL beside the path of a socket', () => {
    expect(problemsOf('listen: { path: g.sock, host: 127.0.0.1, port: 80 }')).toEqual([
      '1:17: listen.path: has no URL that clients could use: write the one of the proxy in front as public_url',
      '1:31: listen.host: is not used with path, which listens on a unix socket alone: remove one of them',
      '1:48: listen.port: is not used with path, which listens on a unix socket alone: remove one of them',
    ]);
  });
});

describe('routes', () => {
  const route = (lines: string) => one(`routes:\n  - { name: a, path: /a/*, upstream: demo, ${lines} }\n`);

  it.each([
    [
      'strip_prefix: /b',
      'routes[0].strip_prefix: must be a leading part of path, by whole segments: /api of /api/orders/*',
    ],
    ['strip_prefix: /a/', 'routes[0].strip_prefix: must not end with /: leave it away'],
    ['strip_prefix: /', 'routes[0].strip_prefix: must not end with /: leave it away'],
    ['host: "example.com:80"', 'routes[0].host: must be a host without a port: remove the colon and what follows it'],
    [
      'host: "*.example.com"',
      'routes[0].host: must be a host name such as api.example.com (no scheme, no path, no wildcard)',
    ],
    ['methods: []', 'routes[0].methods: must not be empty'],
    ['methods: [GET, GET]', 'routes[0].methods[1]: is in the list twice: keep one'],
    ['methods: [GET, POTS]', 'routes[0].methods[1]: is no method of HTTP: did you mean POST?'],
    ['scopes: { DELTE: [a] }', 'routes[0].scopes.DELTE: is no method of HTTP: did you mean DELETE?'],
    ['methods: [CONNECT]', 'routes[0].methods[0]: is a method that is never forwarded: remove it'],
    ['scopes: ["a b"]', 'routes[0].scopes[0]: must be visible ASCII without spaces, quotes or backslashes'],
    ['scopes: { get: [a] }', 'routes[0].scopes.get: must be an HTTP method in upper case, such as GET'],
    ['methods: [GET], scopes: { POST: [a] }', "routes[0].scopes.POST: is not one of the route's methods: must be GET"],
    ['auth: maybe', 'routes[0].auth: must be required, optional or none'],
    ['auth: none, scopes: [a]', 'routes[0].scopes: has no effect with auth: none; remove it, or write auth: required'],
    [
      'auth: none, limits: { concurrent: 1 }',
      'routes[0].limits.concurrent: limits calls by their token, which auth: none does not look at: remove it',
    ],
    [
      'auth: none, limits: { per_token: 9/1m, per_client: 9/1m }',
      'routes[0].limits.per_token: limits calls by their token, which auth: none does not look at: write per_client, which counts such calls by address',
    ],
    ['dialect: oauth', 'routes[0].dialect: is not one of the dialects: must be oauth2; did you mean oauth2?'],
    [
      'limits: { per_token: 100 }',
      'routes[0].limits.per_token: must be a count and a duration such as 100/1m, at most 1,000,000 in 1s to 1d',
    ],
    [
      'limits: { per_token: 0/1m }',
      'routes[0].limits.per_token: must be a count and a duration such as 100/1m, at most 1,000,000 in 1s to 1d',
    ],
    [
      'limits: { per_client: 1000 }',
      'routes[0].limits.per_client: must be a count and a duration such as 100/1m, at most 1,000,000 in 1s to 1d',
    ],
    [
      'limits: { per_client: 1/2d }',
      'routes[0].limits.per_client: must be a count and a duration such as 100/1m, at most 1,000,000 in 1s to 1d',
    ],
    [
      'limits: { per_clients: 1/1m }',
      expect.stringContaining('routes[0].limits.per_clients: unknown key, did you mean per_client?'),
    ],
    ['limits: { status: 200 }', 'routes[0].limits.status: must be at least 400'],
    ['on_store_outage: allow', 'routes[0].on_store_outage: must be deny, or { serve_cached: 30s }'],
    ['on_store_outage: { serve_cached: 61s }', 'routes[0].on_store_outage.serve_cached: must be from 1ms to 60s'],
    ['forward_authorization: "yes"', 'routes[0].forward_authorization: is text: it must be true or false'],
    ['balance: random', expect.stringContaining('routes[0].balance: unknown key')],
  ])('refuse %s', (lines, problem) => {
    expect(route(lines)).toEqual([problem]);
  });

  const upstream = (value: string) => one(`routes:\n  - { name: a, path: /a, upstream: ${value} }\n`);

  it.each([
    ['"http://user:pw@example.com"', 'routes[0].upstream: must not contain a user name or password'],
    ['"http://example.com/?a=b"', 'routes[0].upstream: must end with the host or a base path, without ? or #'],
    ['"http://example.com/a/../b"', 'routes[0].upstream: has a base path that must not contain . or .. as a segment'],
    ['/etc/passwd', 'routes[0].upstream: must be demo, or a URL such as http://127.0.0.1:9000'],
    ['{ targets: [] }', 'routes[0].upstream.targets: must not be empty'],
    [
      '{ targets: [demo], timeout: 30 }',
      'routes[0].upstream.timeout: must be a duration such as 250ms, 5s, 1m, 1h or 30d',
    ],
    [
      '{ targets: [demo], timeout: 30sec }',
      'routes[0].upstream.timeout: must be a duration such as 250ms, 5s, 1m, 1h or 30d',
    ],
    [
      '{ targets: [demo], balance: round_robbin }',
      'routes[0].upstream.balance: must be round_robin, least_connections or consistent_hash; did you mean round_robin?',
    ],
    ['{ targets: [demo], health: {} }', 'routes[0].upstream.health.path: is missing: it must be text'],
    [
      '{ targets: [demo], health: { path: /a/../b } }',
      'routes[0].upstream.health.path: must not contain . or .. as a segment',
    ],
    [
      '{ targets: [demo], health: { path: "/a b" } }',
      'routes[0].upstream.health.path: must be a path such as /health, with a query if it needs one',
    ],
    [
      '{ targets: [demo], health: { path: /, expect: [200, 200] } }',
      'routes[0].upstream.health.expect: has a status twice: keep one',
    ],
    [
      '{ targets: [demo], breaker: true }',
      'routes[0].upstream.breaker: must be a mapping with max_failures and retry_after, or false',
    ],
    [
      '{ targets: [demo], breaker: { max_failures: 0 } }',
      'routes[0].upstream.breaker.max_failures: must be at least 1',
    ],
    ['{ targets: [demo], retries: 2 }', 'routes[0].upstream.retries: must be 0 or 1'],
    ['"unix:run/app.sock"', 'routes[0].upstream: must name a socket by its whole path: unix:/run/app.sock'],
    ['"unix:/run/app.sock:/a/../b"', 'routes[0].upstream: has a base path that must not contain . or .. as a segment'],
    ['{ targets: [demo], max_connections: 0 }', 'routes[0].upstream.max_connections: must be at least 1'],
    [
      '{ targets: [demo], tls: { server_name: api } }',
      'routes[0].upstream.tls: has no effect: none of the targets is an https URL',
    ],
    [
      '{ targets: [https://a], tls: { server_name: "a:443" } }',
      'routes[0].upstream.tls.server_name: must be a host name such as api.internal, without a port',
    ],
    ['{ targets: [https://a], tls: { ca: ca.pem } }', 'routes[0].upstream.tls.ca: the file it names does not exist'],
    [
      '[demo]',
      'routes[0].upstream: must be a URL such as http://127.0.0.1:9000, demo, none, or a mapping with targets',
    ],
  ])('refuse the upstream %s', (value, problem) => {
    expect(upstream(value)).toEqual([problem]);
  });

  it.each([
    ['add_prefix: v2', 'add_prefix: must start with /'],
    ['add_prefix: /v2/', 'add_prefix: must not end with /: leave it away'],
    ['add_prefix: /v2/../admin', 'add_prefix: must not contain . or .. as a segment'],
    ['add_prefix: /v2//x', 'add_prefix: must not contain //'],
    [
      'add_prefix: /v2%2Fx',
      'add_prefix: may percent-encode only what needs it, in upper case (%C3%A9, %20); write plain characters as they are',
    ],
    ['max_body: 10MB', 'max_body: must be a size such as 512B, 64KiB or 10MiB'],
    [
      'request_headers: { set: { Host: a } }',
      'request_headers.set.Host: says where a call goes, which upstream does: remove it',
    ],
    [
      'request_headers: { set: { content-length: "0" } }',
      'request_headers.set.content-length: says where a body ends, which must stay true: remove it',
    ],
    [
      'request_headers: { remove: [Transfer-Encoding] }',
      'request_headers.remove[0]: says where a body ends, which must stay true: remove it',
    ],
    [
      'request_headers: { set: { Connection: X-User-Id } }',
      'request_headers.set.Connection: concerns one connection only and never passes the gateway: remove it',
    ],
    [
      'request_headers: { set: { X-Forwarded-For: 1.2.3.4 } }',
      'request_headers.set.X-Forwarded-For: tells of the caller what the gateway knows, not what a rule says: remove it',
    ],
    [
      'request_headers: { set: { X-Original-URL: /admin } }',
      'request_headers.set.X-Original-URL: makes upstreams serve another path than the one that was checked: remove it',
    ],
    [
      'request_headers: { set: { x-user-id: u-admin } }',
      'request_headers.set.x-user-id: tells the upstream who is calling, which only the token says: remove it',
    ],
    [
      'request_headers: { remove: [X-User-Id] }',
      'request_headers.remove[0]: tells the upstream who is calling, which only the token says: remove it',
    ],
    [
      'request_headers: { set: { X_User_Id: root } }',
      'request_headers.set.X_User_Id: must be a header name of letters, digits and hyphens; all its other spellings are meant too',
    ],
    [
      'request_headers: { set: { X-A: "b\\r\\nX-User-Id: root" } }',
      'request_headers.set.X-A: must be 1 to 2048 characters of visible ASCII on one line, without spaces at its ends',
    ],
    [
      'request_headers: { set: { X-A: b }, remove: [x-a] }',
      'request_headers.remove[0]: is in these rules twice: keep one',
    ],
    [
      'response_headers: { set: { X-Request-Id: "1" } }',
      'response_headers.set.X-Request-Id: is set by the gateway in every answer: remove it',
    ],
    [
      'response_headers: { remove: [content-length] }',
      'response_headers.remove[0]: says where a body ends, which must stay true: remove it',
    ],
    ['cors: {}', 'cors.origins: must be a list of origins such as [https://app.example.com], or "*" for any'],
    [
      'cors: { origins: ["null"] }',
      'cors.origins[0]: is what every sandboxed page and local file is called: name the origins you mean',
    ],
    [
      'cors: { origins: ["https://*.example.com"] }',
      'cors.origins[0]: must not contain *: origins are compared whole, so each is written out',
    ],
    [
      'cors: { origins: ["https://a.example/"] }',
      'cors.origins[0]: must be an origin as browsers write it, such as https://app.example.com: in lower case, no path',
    ],
    [
      'cors: { origins: ["https://A.example"] }',
      'cors.origins[0]: must be an origin as browsers write it, such as https://app.example.com: in lower case, no path',
    ],
    [
      'cors: { origins: ["https://a.example:443"] }',
      'cors.origins[0]: must be an origin as browsers write it, such as https://app.example.com: in lower case, no path',
    ],
    [
      'cors: { origins: "*", credentials: true }',
      'cors.credentials: must not be true with origins: "*": any page could call with the cookies of whoever reads it',
    ],
    [
      'cors: { origins: "*", headers: ["*"] }',
      'cors.headers[0]: must be a name: * does not cover Authorization, and not everything should be covered',
    ],
    [
      'cors: { origins: "*" }, response_headers: { set: { Access-Control-Allow-Origin: "*" } }',
      'response_headers.set.Access-Control-Allow-Origin: is what cors of this route decides: remove it',
    ],
    [
      'forward_authorization: true, request_headers: { set: { Authorization: Basic x } }',
      'request_headers.set.Authorization: contradicts forward_authorization: true: remove one of the two',
    ],
  ])('refuse the rule %s', (rule, problem) => {
    expect(one(`routes:\n  - { name: a, path: /a, upstream: demo, ${rule} }\n`)).toEqual([`routes[0].${problem}`]);
  });

  it('refuse header rules that touch identity headers under the names that this file gives them', () => {
    const rule = 'request_headers: { set: { Who: root } }';
    const text = `routes:\n  - { name: a, path: /a, upstream: demo, ${rule} }\nidentity_headers: { user_id: Who }\n`;
    expect(one(text)).toEqual([
      'routes[0].request_headers.set.Who: tells the upstream who is calling, which only the token says: remove it',
    ]);
  });

  it('refuse connections that do not exist, and any where nobody signs in', () => {
    const routes = 'routes:\n  - { name: a, path: /a, upstream: demo, connections: [corp] }\n';
    const connections = 'connections: [{ name: users, type: database }]\n';
    expect(problemsOf(routes + connections)).toEqual([
      '2:56: routes[0].connections[0]: is not a connection of this file: must be users',
    ]);
    expect(problemsOf(routes.replace('corp', 'users') + connections)).toEqual([]);
    expect(problemsOf(routes.replace('[corp]', '[users], auth: none') + connections)).toEqual([
      expect.stringContaining('routes[0].connections: has no effect with auth: none'),
    ]);
  });

  it('refuse two routes for the same calls, and accept those that methods or hosts tell apart', () => {
    const pair = (one: string, other: string) =>
      problemsOf(
        `routes:\n  - { name: a, path: /x, upstream: demo, ${one} }\n  - { name: b, path: /x, upstream: demo, ${other} }\n`,
      );
    const clash = ['3:22: routes[1].path: covers the same host, path and method as the route in line 2: change one'];
    expect(pair('auth: none', 'auth: required')).toEqual(clash);
    expect(pair('methods: [GET, PUT]', 'methods: [POST, PUT]')).toEqual(clash);
    expect(pair('host: A.example', 'host: a.example')).toEqual(clash);
    expect(pair('methods: [GET]', 'methods: [POST]')).toEqual([]);
    expect(pair('methods: [GET]', 'auth: none')).toEqual([]);
    expect(pair('host: a.example', 'host: b.example')).toEqual([]);
    expect(pair('host: a.example', 'auth: none')).toEqual([]);
  });

  it('must say their dialect where oauth2 is not spoken', () => {
    const text = 'dialects: [roambi]\nroutes: [{ name: a, path: /a, upstream: demo }]\n';
    expect(one(text)).toEqual([
      'routes[0].dialect: is missing, and the default oauth2 is not one of the dialects: must be roambi',
    ]);
  });
});

describe('forward auth', () => {
  it('is needed where a route has no upstream', () => {
    const text = 'routes: [{ name: a, path: /a, upstream: none }]\n';
    expect(one(text)).toEqual([
      'routes[0].upstream: is none, so nobody carries these calls: write forward_auth: true, or a URL',
    ]);
    expect(one(`forward_auth: true\n${text}`)).toEqual([]);
  });

  it('has /auth and everything below it to itself, once it is on', () => {
    const text = 'routes: [{ name: a, path: /auth/x, upstream: demo }, { name: b, path: /authors, upstream: demo }]\n';
    expect(one(text)).toEqual([]);
    expect(one(`forward_auth: true\n${text}`)).toEqual([
      'routes[0].path: lies at /auth, where forward_auth answers: move the route',
    ]);
    expect(one('forward_auth: true\ndialects: [{ type: oauth2, prefix: /auth }]\n')).toEqual([
      'dialects[0]: answers at /auth, where forward_auth answers: give it another prefix',
    ]);
  });
});

describe('dialects', () => {
  it('that claim the same place are refused with both lines', () => {
    expect(problemsOf('dialects:\n  - oauth2\n  - { type: roambi, prefix: /oauth2 }\n')).toEqual([
      '3:5: dialects[1]: is also the host and prefix of the dialect in line 2: choose another',
    ]);
    expect(problemsOf('dialects:\n  - oauth2\n  - { type: oauth2, host: a.example }\n  - { type: roambi }\n')).toEqual(
      [],
    );
  });

  it.each([
    ['[oauth]', 'dialects[0].type: must be oauth2 or roambi; did you mean oauth2?'],
    ['[{ prefix: /x }]', 'dialects[0].type: is missing: it must be oauth2 or roambi'],
    ['[{ type: oauth2, prefix: x }]', 'dialects[0].prefix: must start with /'],
    [
      '[{ type: oauth2, prfix: /x }]',
      'dialects[0].prfix: unknown key, did you mean prefix? allowed here: type, prefix, host',
    ],
    [
      '[{ type: roambi, require_client_secret: 1 }]',
      'dialects[0].require_client_secret: is a number: it must be true or false',
    ],
    ['[3]', 'dialects[0]: must be a mapping (key: value)'],
  ])('%s', (value, problem) => {
    expect(one(`dialects: ${value}\n`)).toEqual([problem]);
  });
});

describe('clients', () => {
  const client = (lines: string) => one(`clients:\n  - { id: a, ${lines} }\n`);

  it.each([
    [
      'grants: [password]',
      'clients[0]: has no secret: write secret or secret_hash, or public: true for an app that cannot keep one',
    ],
    ['grants: [password], secret: ""', 'clients[0].secret: must be 1 to 512 characters of ASCII'],
    [
      'grants: [password], secret: a, secret_hash: "sha256:x"',
      'clients[0].secret_hash: must be sha256: with 43 characters of base64url, or $argon2id$…',
    ],
    [
      'grants: [password], client_secret: a, secret: b',
      'clients[0].client_secret: unknown key: write secret, or secret_hash',
    ],
    [
      'grants: [password], public: true, secret: a',
      'clients[0].secret: is for confidential clients: remove it, or write public: false',
    ],
    [
      'grants: [client_credentials], public: true',
      'clients[0].grants[0]: is not for public clients, which have no secret: remove it',
    ],
    ['grants: [], secret: a', 'clients[0].grants: must not be empty'],
    ['grants: [implicit], secret: a', expect.stringContaining('clients[0].grants[0]: is not a grant: must be')],
    [
      'grants: [authorization_code], secret: a',
      'clients[0]: must name at least one redirect URI, because grants has authorization_code',
    ],
    [
      'grants: [password], secret: a, connections: [corp]',
      'clients[0].connections[0]: is not a connection of this file: there is none',
    ],
    [
      'grants: [password], secret: a,b',
      'clients[0]: a key without a colon and a value: put a value that contains a comma in quotes',
    ],
  ])('refuse %s', (lines, problem) => {
    expect(client(lines)).toContainEqual(problem);
  });

  it('refuse a second client of the same id', () => {
    const text =
      'clients:\n  - { id: a, secret: x, grants: [password] }\n  - { id: a, secret: y, grants: [password] }\n';
    expect(problemsOf(text)).toEqual(['3:11: clients[1].id: is also the id of the client in line 2: choose another']);
  });
});

describe('people', () => {
  it('have ids of their own, and names that differ in more than case', () => {
    const text = `connections:
  - name: users
    type: database
    users:
      - { id: a, username: alice, password_hash: '${HASH}' }
      - { id: b, username: Alice, password_hash: '${HASH}' }
  - name: users
    type: database
    users: [{ id: a, username: alice, password_hash: '${HASH}' }]
`;
    expect(problemsOf(text)).toEqual([
      '6:28: connections[0].users[1].username: is also the username of the user in line 5: choose another',
      '7:11: connections[1].name: is also the name of the connection in line 2: choose another',
      '9:19: connections[1].users[0].id: is also the id of the user in line 5: choose another',
    ]);
  });

  it('never have a plain password', () => {
    const [problem] = one(
      'connections: [{ name: u, type: database, users: [{ id: a, username: a, password: hunter2 }] }]',
    );
    expect(problem).toContain('connections[0].users[0].password_hash: is missing');
    const text = `connections: [{ name: u, type: database, users: [{ id: a, username: a, password: hunter2, password_hash: '${HASH}' }] }]`;
    expect(one(text)).toEqual([
      'connections[0].users[0].password: plain passwords are not accepted: write password_hash, with what `gatehouse hash-password` prints',
    ]);
  });
});

describe('identity headers', () => {
  it.each([
    ['user_id: Authorization', 'is a header with a meaning of its own: choose another name, such as X-User-Id'],
    ['user_id: content-length', 'is a header with a meaning of its own: choose another name, such as X-User-Id'],
    ['user_id: x-forwarded-for', 'is a header with a meaning of its own: choose another name, such as X-User-Id'],
    ['user_id: X_User_Id', 'must be a header name of letters, digits and hyphens, such as X-User-Id'],
    ['user_id: "X-User-Id: x"', 'must be a header name of letters, digits and hyphens, such as X-User-Id'],
    ['user_id: true', 'must be a header name such as X-User-Id, or false to switch it off'],
    ['client_id: x-user-id', 'is also the header in line 1: choose another'],
  ])('refuse %s', (entry, message) => {
    expect(one(`identity_headers: { ${entry} }`)).toEqual([`identity_headers.${entry.split(':')[0]}: ${message}`]);
  });
});

describe('the demo secrets', () => {
  const demo = (host: string, client: string) =>
    one(`listen: { host: "${host}" }\nclients: [{ id: a, grants: [password], ${client} }]\n`);

  it.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('are accepted on %s', (host) => {
    expect(demo(host, 'secret: demo-secret')).toEqual([]);
  });

  it.each(['0.0.0.0', '::', '192.168.1.1', 'localhost.example.com', '127.0.0.1.example.com'])(
    'are refused on %s',
    (host) => {
      for (const secret of ['demo-secret', 'wonderland', 'looking-glass']) {
        expect(demo(host, `secret: ${secret}`)).toEqual([
          `clients[0].secret: is a demo secret, which everybody knows, and the gateway listens on ${host}: write a secret of your own, such as one from \`openssl rand -hex 32\``,
        ]);
      }
    },
  );

  it('are refused as hashes too, and when only the admin listener is open', () => {
    const hash = 'sha256:zVd_4lYev_I1BdsLsAYwDHzey9RrwOA8RJr6-sosJb8';
    expect(demo('0.0.0.0', `secret_hash: ${hash}`)).toEqual([
      expect.stringContaining('clients[0].secret_hash: is a demo secret'),
    ]);
    const admin = 'admin: { host: 0.0.0.0 }\nclients: [{ id: a, grants: [password], secret: demo-secret }]\n';
    expect(one(admin)).toEqual([expect.stringContaining('the gateway listens on 0.0.0.0')]);
  });
});

describe('the other settings', () => {
  it.each([
    ['cache: { ttl: 2h }', 'cache.ttl: must be from 1ms to 1h'],
    ['cache: { negative_ttl: 2s }', 'cache.negative_ttl: must be from 0s to 1s'],
    ['cache: { max_tokens: -1 }', 'cache.max_tokens: must be at least 0'],
    ['tokens: { code_ttl: 1h }', 'tokens.code_ttl: must be from 1s to 10m'],
    [
      'tokens: { access_ttl: 500ms }',
      'tokens.access_ttl: must be a duration of at least one second, such as 5s, 1m, 1h or 30d',
    ],
    ['tokens: { access_ttl: 2d, refresh_ttl: 1d }', 'tokens.refresh_ttl: must not be shorter than access_ttl'],
    ['store: { type: postgres }', 'store.type: must be memory, embedded or redis'],
    ['store: { type: embeded }', 'store.type: must be memory, embedded or redis; did you mean embedded?'],
    [
      'store: { type: redis, urll: x }',
      'store.urll: unknown key, did you mean url? allowed here: type, url, master, sentinels',
    ],
    ['store: { type: embedded, path: 3 }', 'store.path: is a number: it must be text; put it in quotes'],
    ['forward_auth: "yes"', 'forward_auth: is text: it must be true or false'],
    ['conections: []', expect.stringContaining('conections: unknown key, did you mean connections?')],
  ])('%s', (text, problem) => {
    expect(one(text)).toEqual([problem]);
  });
});
