/**
 * The threat: whoever reads logs, metrics, error pages, process lists, what other servers were sent, or a stolen copy of Redis finds
 * something that lets them in. Secrets of every kind go through every connection and dialect of a gateway that logs all it can, over
 * TLS and a real Redis, a real directory, a mail server, an SMS provider and an OpenID Connect provider; then once more while each of
 * these is broken. What the embedded store keeps is looked at by secrets_in_logs.
 */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hashPassword } from '../../src/connections/password_hash.ts';
import { PageClient } from '../http/page_client.ts';
import { type CertificateFiles, makeSelfSigned } from '../http/self_signed.ts';
import { newPkce } from '../oauth/core_under_test.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault_proxy.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { BASE, type LdapServer, person, SERVICE, startLdap } from '../support/ldap_server.ts';
import { measured } from '../support/measured.ts';
import { type OutsideProvider, PASSWORD, startOutsideProvider } from '../support/outside_provider.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording_upstream.ts';
import { redisContents } from '../support/redis_contents.ts';
import { type RedisServer, startRedis } from '../support/redis_server.ts';
import { SecretSearch } from '../support/secret_search.ts';

const search = new SecretSearch();
const canary = (kind: string) => search.canary(kind);
const remember = (kind: string, secret: unknown) => search.remember(kind, secret);

const CALLBACK = 'http://127.0.0.1:9/callback';
const clientSecret = canary('client secret');
const otherSecret = canary('client secret of a service');
const password = canary('password');
const ldapPassword = canary('password in the directory');
const redisPassword = canary('password of Redis');
const authToken = canary('auth token of Twilio');
const mailPassword = canary('password of the mail server');
const serverSecret = canary('server secret');

let certificate: CertificateFiles & { remove(): Promise<void> };
let redis: RedisServer;
let toRedis: FaultProxy;
let ldap: LdapServer;
let provider: OutsideProvider;
let upstream: RecordingUpstream;
let gatehouse: GatehouseProcess;
let texts: Server;
let mail: SMTPServer;
let textsFail = false;
let mailFails = false;
const messages: string[] = [];
const answers: string[] = [];
const locations: string[] = [];

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

beforeAll(async () => {
  remember('password of the service account', SERVICE.bind_password);
  remember('password at the provider', PASSWORD);
  texts = createServer(async (request, response) => {
    const body = await text(request);
    messages.push(new URLSearchParams(body).get('Body') ?? '');
    // As providers do, the refusal repeats what was sent.
    response.writeHead(textsFail ? 400 : 201).end(`{"message": "${body} ${request.headers.authorization}"}`);
  });
  [certificate, redis, ldap, provider, upstream] = await Promise.all([
    makeSelfSigned(),
    // What it compresses, nobody could find anything in.
    startRedis(['--requirepass', redisPassword, '--rdbcompression', 'no']),
    startLdap(person('bob', ldapPassword)),
    startOutsideProvider(),
    startRecordingUpstream(),
  ]);
  mail = new SMTPServer({
    disableReverseLookup: true,
    ...{ cert: await readFile(certificate.cert), key: await readFile(certificate.key) },
    onAuth: ({ username }, _session, done) => done(null, { user: username }),
    async onData(stream, _session, done) {
      const message = await text(stream);
      messages.push(message);
      done(mailFails ? new Error(`550 ${message}`) : null);
    },
  });
  mail.on('error', () => {});
  mail.listen(0, '127.0.0.1');
  await once(mail.server, 'listening');
  remember('client secret at the provider', provider.clientSecret);
  const key = await readFile(certificate.key, 'utf8');
  for (const line of key.split('\n').filter((each) => each.length > 40))
    remember(`key of TLS ${line.slice(0, 4)}`, line);
  setDefaultCACertificates([...getCACertificates(), await readFile(certificate.cert, 'utf8')]);
  toRedis = await startFaultProxy(redis);
  const textsPort = await listen(texts);
  const mailPort = (mail.server.address() as AddressInfo).port;

  gatehouse = await startGatehouse(
    `
listen: { host: 127.0.0.1, port: 0, max_delay: 1m, tls: { cert: ${certificate.cert}, key: ${certificate.key} } }
admin: { host: 127.0.0.1, port: 0 }
store: { type: redis, url: 'redis://127.0.0.1:${toRedis.port}', password: ${redisPassword} }
server_secret: ${serverSecret}
log: { level: debug }
dialects: [oauth2, roambi, auth0, { type: locus, prefix: /locus }]
routes:
  - { name: api, path: /api/*, upstream: '${upstream.origin}' }
  - { name: keeps, path: /keeps/*, upstream: '${upstream.origin}', forward_authorization: true }
  - { name: away, path: /away/*, upstream: 'http://127.0.0.1:1' }
clients:
  - id: app
    name: The App
    secret: ${clientSecret}
    grants: [authorization_code, refresh_token, password, client_credentials]
    redirect_uris: ['${CALLBACK}']
    scopes: [openid, offline_access, read]
  - { id: service, secret: ${otherSecret}, grants: [client_credentials], scopes: [read] }
connections:
  - name: users
    type: database
    users:
      - id: u-1
        username: alice
        email: alice@example.com
        phone_number: '+15550100'
        password_hash: '${await hashPassword(password)}'
  - name: corp
    type: ldap
    url: ${ldap.url}
    allow_insecure: true
    bind_dn: ${SERVICE.bind_dn}
    bind_password: ${SERVICE.bind_password}
    base_dn: ${BASE}
    timeout: 500ms
  - name: outside
    type: oidc
    issuer: ${provider.issuer}
    allow_insecure: true
    client_id: ${provider.clientId}
    client_secret: '${provider.clientSecret}'
    password: true
    timeout: 500ms
  - { name: sms, type: sms, provider: twilio, account_sid: AC1, auth_token: ${authToken}, from: '+15550000', url: 'http://127.0.0.1:${textsPort}', timeout: 500ms }
  - { name: email, type: email, provider: smtp, host: 127.0.0.1, port: ${mailPort}, security: starttls, ca: 'file:${certificate.cert}', username: gatehouse, password: ${mailPassword}, from: a@example.com, timeout: 500ms }
`,
  );
});
afterAll(async () => {
  await gatehouse.stop();
  texts.closeAllConnections();
  texts.close();
  mail.close();
  await Promise.all([toRedis.close(), redis.stop(), ldap.stop(), provider.close(), upstream.close()]);
  await Promise.all([certificate.remove()]);
});

interface Ask {
  readonly form?: Record<string, string>;
  readonly json?: unknown;
  readonly authorization?: string;
}

/** Keeps what everybody may see of an answer: where it sends the browser, and all of it if it is a refusal. */
async function ask(path: string, { form, json, authorization }: Ask = {}): Promise<Record<string, unknown>> {
  const headers = {
    ...(authorization === undefined ? {} : { authorization }),
    ...(json === undefined ? {} : { 'content-type': 'application/json' }),
  };
  const body = form ? new URLSearchParams(form) : json === undefined ? undefined : JSON.stringify(json);
  const init = { method: body === undefined ? 'GET' : 'POST', headers, redirect: 'manual' as const };
  const answer = await fetch(gatehouse.url + path, { ...init, ...(body === undefined ? {} : { body }) });
  const said = await answer.text();
  const location = answer.headers.get('location');
  if (location !== null) locations.push(location);
  if (answer.status >= 400) answers.push(JSON.stringify([...answer.headers]) + said);
  return answer.headers.get('content-type')?.includes('json')
    ? (JSON.parse(said) as Record<string, unknown>)
    : { location };
}

const basic = (id: string, secret: string) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
const token = (form: Record<string, string>) =>
  ask('/oauth2/token', { form, authorization: basic('app', clientSecret) });
const called = (path: string, bearer: unknown) => ask(path, { authorization: `Bearer ${String(bearer)}` });

/** Every way to get, use and lose tokens. @param phase names what is broken, if something is. */
async function everyFlow(phase: string): Promise<void> {
  const kept = (kind: string, value: unknown) => {
    if (typeof value === 'string') remember(`${kind} (${phase})`, value);
    return typeof value === 'string' ? value : `gha_${canary(`${kind} (${phase})`)}`;
  };
  for (const [username, right] of [
    ['alice', password],
    ['bob', ldapPassword],
    ['carol', PASSWORD],
  ] as const) {
    const tokens = await token({ grant_type: 'password', username, password: right, scope: 'openid read' });
    const access = kept(`access token of ${username}`, tokens['access_token']);
    const refresh = kept(`refresh token of ${username}`, tokens['refresh_token']);
    kept(`id token of ${username}`, tokens['id_token']);
    await called(`/api/${username}`, access);
    await called('/away/x', access);
    const next = await token({ grant_type: 'refresh_token', refresh_token: refresh });
    kept(`next access token of ${username}`, next['access_token']);
    kept(`next refresh token of ${username}`, next['refresh_token']);
    await ask('/oauth2/introspect', { form: { token: access }, authorization: basic('app', clientSecret) });
    await ask('/oauth2/revoke', { form: { token: access }, authorization: basic('app', clientSecret) });
    await token({ grant_type: 'password', username, password: canary(`wrong password of ${username} (${phase})`) });
  }
  await ask('/oauth2/token', {
    form: { grant_type: 'client_credentials' },
    authorization: basic('app', canary(`wrong client secret (${phase})`)),
  });
  const service = { grant_type: 'client_credentials', client_id: 'service', client_secret: otherSecret };
  kept('token of a service', (await ask('/oauth2/token', { form: service }))['access_token']);
  await otherDialects(phase, kept);
  await oneTimeCodes(phase, kept);
}

async function otherDialects(phase: string, kept: (kind: string, value: unknown) => string): Promise<void> {
  const app = { client_id: 'app', client_secret: clientSecret };
  const locus = await ask('/locus/token', { form: { ...app, grant_type: 'password', username: 'alice', password } });
  kept('access token of Locus', locus['access_token']);
  kept('refresh token of Locus', locus['refresh_token']);
  const form = { ...app, redirect_uri: CALLBACK, response_type: 'code' };
  const { location } = await ask('/1/authorize', { form, authorization: basic('alice', password) });
  const code = typeof location === 'string' ? new URL(location).searchParams.get('code') : null;
  const redeem = { ...app, redirect_uri: CALLBACK, code: kept('code of Roambi', code) };
  const roambi = await ask('/1/token', { form: redeem });
  kept('access token of Roambi', roambi['access_token']);
  kept('refresh token of Roambi', roambi['refresh_token']);
  await ask('/1/authorize', { form, authorization: basic('alice', canary(`wrong password of Roambi (${phase})`)) });
}

async function oneTimeCodes(phase: string, kept: (kind: string, value: unknown) => string): Promise<void> {
  for (const [connection, members, username] of [
    ['sms', { phone_number: '+15550100' }, '+15550100'],
    ['email', { email: 'alice@example.com', send: 'code' }, 'alice@example.com'],
  ] as const) {
    const before = messages.length;
    await ask('/passwordless/start', { json: { client_id: 'app', connection, ...members } });
    const [, code] = /\b(\d{6})\b/.exec(messages.slice(before).join('\n')) ?? [];
    // Six digits are found in any long text by chance, so what a code is looked for by is the message that carried it.
    if (code !== undefined) codes.push(code);
    const signIn = { client_id: 'app', connection, grant_type: 'password', username, scope: 'openid offline_access' };
    const tokens = await ask('/oauth/ro', { json: { ...signIn, password: code ?? '000000' } });
    kept(`access token by ${connection}`, tokens['access_token']);
    kept(`id token by ${connection}`, tokens['id_token']);
    await ask('/oauth/ro', {
      json: { ...signIn, password: canary(`password for a code by ${connection} (${phase})`) },
    });
  }
}
const codes: string[] = [];

async function browserFlow(): Promise<void> {
  const browser = new PageClient(gatehouse.url);
  const pkce = newPkce();
  remember('code verifier', pkce.verifier);
  const query = { response_type: 'code', client_id: 'app', redirect_uri: CALLBACK, scope: 'read', ...pkce.query };
  const page = await browser.get(`/oauth2/authorize?${new URLSearchParams(query)}`);
  remember('browser cookie', [...browser.cookies.values()][0]);
  const signedIn = await browser.submit(page, '/oauth2/sign-in', { username: 'alice', password });
  for (const [name, value] of browser.cookies) remember(`cookie ${name}`, value);
  const consent = await browser.get(signedIn.location);
  const done = await browser.submit(consent, '/oauth2/consent', { decision: 'allow' });
  locations.push(signedIn.location);
  const code = remember('code', new URL(done.location).searchParams.get('code'));
  const redeem = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: pkce.verifier };
  const tokens = await token(redeem);
  remember('access token of the code', tokens['access_token']);
  remember('refresh token of the code', tokens['refresh_token']);
  await token(redeem);
}

it('leaves no secret anywhere, whatever is broken', { timeout: 120_000 }, async () => {
  await everyFlow('all well');
  await browserFlow();
  await ldap.kill();
  provider.setDown(true);
  [textsFail, mailFails] = [true, true];
  await everyFlow('directory, provider, SMS and mail away');
  await ldap.restart();
  provider.setDown(false);
  [textsFail, mailFails] = [false, false];
  toRedis.set({ accept: 'reset' });
  toRedis.reset();
  await everyFlow('Redis away');
  toRedis.heal();
  await expect.poll(async () => (await fetch(`${gatehouse.admin}/health/ready`)).status, { timeout: 10_000 }).toBe(200);

  const metrics = await (await fetch(`${gatehouse.admin}/metrics`)).text();
  const commandLine = await readFile(`/proc/${gatehouse.pid}/cmdline`, 'latin1');
  const places = {
    log: gatehouse.output(),
    metrics,
    answers: answers.join('\n'),
    locations: locations.filter((each) => !each.startsWith(CALLBACK)).join('\n'),
    upstream: upstream.connections.map(({ bytes }) => bytes.toString('latin1')).join('\n'),
    Redis: await redisContents(redis, redisPassword),
    'command line': commandLine,
  };
  // The places are what they claim to be: each holds something that is no secret.
  expect(places.log).toContain('"user":"u-1"');
  expect(places.metrics).toContain('gatehouse_tokens_issued_total');
  expect(places.answers).toContain('error');
  expect(places.upstream).toContain('GET /api/alice');
  expect(places.upstream.toLowerCase()).toContain('x-user-id: u-1');
  expect(places.Redis).toContain('gh:');
  expect(places['command line']).toContain('start');
  expect(search.size).toBeGreaterThanOrEqual(40);
  expect(codes.length).toBeGreaterThanOrEqual(4);

  for (const [place, all] of Object.entries(places)) expect(search.in(all), `secrets in: ${place}`).toEqual([]);
  const words = places.log.split(/[^0-9A-Za-z]+/);
  expect(codes.filter((code) => words.includes(code))).toEqual([]);
  measured({
    id: 'H1',
    what: 'canary secrets found in 7 places, all well and with each dependency away',
    count: search.size,
    max: 0,
    unit: 'hits',
  });
});
