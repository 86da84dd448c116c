/**
 * The threat: what operators and users do on pages and through the admin API, and what outside providers send back through the
 * browser, leaves a secret where others read: in logs, metrics, exports, what webhooks bring, error pages, or a stolen copy of the
 * store, of which the embedded one has a log of its own.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { hashPassword } from '../../src/connections/password_hash.ts';
import { answerSignIn } from '../account/account_under_test.ts';
import { PageClient } from '../http/page_client.ts';
import { newPkce } from '../oauth/core_under_test.ts';
import { startWebhookReceiver } from '../observe/webhook_receiver.ts';
import { AUDIENCE, fault, startAdfs, USER } from '../support/adfs_server.ts';
import { startGatehouse } from '../support/gatehouse_process.ts';
import { heapOf, snapshotsInto } from '../support/heap_snapshot.ts';
import { measured } from '../support/measured.ts';
import { startOutsideProvider, visitProvider } from '../support/outside_provider.ts';
import { filesIn, redisContents } from '../support/redis_contents.ts';
import { startRedis } from '../support/redis_server.ts';
import { SecretSearch } from '../support/secret_search.ts';

const CALLBACK = 'http://127.0.0.1:9/callback';

const newFolder = () => mkdtemp(join(tmpdir(), 'gatehouse-operators-'));

/** A gateway with all that is around it, and what is known of its secrets. */
async function start(kind: 'embedded' | 'redis') {
  const search = new SecretSearch();
  const [folder, heaps] = await Promise.all([newFolder(), newFolder()]);
  const [provider, adfs, receiver, redis] = await Promise.all([
    startOutsideProvider(),
    startAdfs(),
    // The first is refused, and told of in the log.
    startWebhookReceiver((at) => (at === 0 ? 500 : 204)),
    startRedis(['--rdbcompression', 'no']),
  ]);
  const operator = search.canary('password of the operator');
  const appSecret = search.canary('client secret');
  const webhookSecret = `whsec_${search.remember('webhook secret', randomBytes(32).toString('base64'))}`;
  search.remember('client secret at the provider', provider.clientSecret);
  search.remember('password at AD FS', USER.password);
  const store =
    kind === 'embedded' ? `{ type: embedded, path: ${folder}/g.db }` : `{ type: redis, url: '${redis.url}' }`;
  const gatehouse = await startGatehouse(
    `
listen: { host: 127.0.0.1, port: 0, max_delay: 1m }
admin: { host: 127.0.0.1, port: 0 }
store: ${store}
server_secret: ${search.canary('server secret')}
log: { level: debug }
audit: { log: true, webhook: { url: '${receiver.url}', secret: '${webhookSecret}' } }
account: { personal_tokens: { scopes: [read] } }
routes: [{ name: demo, path: /demo/*, upstream: demo, strip_prefix: /demo }]
clients:
  - id: app
    secret: ${appSecret}
    grants: [authorization_code, refresh_token, password]
    redirect_uris: ['${CALLBACK}']
    scopes: [openid, read]
connections:
  - name: users
    type: database
    users: [{ id: u-root, username: root, roles: [admin], password_hash: '${await hashPassword(operator)}' }]
  - name: outside
    type: oidc
    issuer: ${provider.issuer}
    allow_insecure: true
    client_id: ${provider.clientId}
    client_secret: '${provider.clientSecret}'
  - { name: corp, type: adfs, server: '${adfs.origin}', audience: '${AUDIENCE}', allow_insecure: true }
`,
    snapshotsInto(heaps),
  );
  onTestFinished(async () => {
    await gatehouse.stop();
    await Promise.all([
      provider.close(),
      adfs.close(),
      receiver.close(),
      redis.stop(),
      rm(folder, { recursive: true }),
    ]);
  });
  const stored = () => (kind === 'embedded' ? filesIn(folder) : redisContents(redis));
  const known = { operator, appSecret };
  return { search, folder, heaps, provider, adfs, receiver, gatehouse, known, stored, answers: [] as string[] };
}
type Stage = Awaited<ReturnType<typeof start>>;

const basic = (name: string, secret: string) => `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`;

/** On a busy machine the store now and then misses its time: then one is told to come again. */
async function served(ask: () => Promise<Response>): Promise<Response> {
  for (let left = 5; ; left--) {
    const answer = await ask();
    if (answer.status !== 503 || left === 0) return answer;
    await answer.text();
  }
}

/** One operation of the admin API. Refusals are kept. */
async function operate(stage: Stage, path: string, body?: object, more: Record<string, string> = {}) {
  const headers = { authorization: basic('root', stage.known.operator), ...more };
  const json = { ...headers, 'content-type': 'application/json' };
  const init = body === undefined ? { headers } : { method: 'POST', body: JSON.stringify(body), headers: json };
  const answer = await served(() => fetch(`${stage.gatehouse.admin}/api/v1${path}`, init));
  const text = await answer.text();
  if (answer.status >= 400) stage.answers.push(JSON.stringify([...answer.headers]) + text);
  return { status: answer.status, text, headers: answer.headers };
}

async function tokensOf({ gatehouse, known, search, answers }: Stage, username: string, password: string) {
  const form = { grant_type: 'password', username, password, scope: 'openid read' };
  const headers = { authorization: basic('app', known.appSecret) };
  const init = { method: 'POST', body: new URLSearchParams(form), headers };
  const answer = await served(() => fetch(`${gatehouse.url}/oauth2/token`, init));
  const text = await answer.text();
  if (answer.status >= 400) {
    answers.push(JSON.stringify([...answer.headers]) + text);
    return undefined;
  }
  const tokens = JSON.parse(text) as Record<string, string>;
  for (const name of ['access_token', 'refresh_token', 'id_token']) {
    search.remember(`${name} of ${username}, ${search.size}`, tokens[name]);
  }
  return tokens['access_token'] ?? '';
}

/** Clients, users, tokens, tried calls and exports, by the admin API. @returns the new user's password. */
async function administer(stage: Stage): Promise<string> {
  const { search, answers } = stage;
  const key = search.canary('idempotency key');
  const wish = { id: 'shop', name: 'Shop', grants: ['client_credentials'], scopes: ['read'] };
  const created = await operate(stage, '/clients', wish, { 'idempotency-key': key });
  const secret = search.remember('secret of a new client', JSON.parse(created.text)['client_secret']);
  const again = await operate(stage, '/clients', wish, { 'idempotency-key': key });
  expect([again.headers.get('idempotency-replayed'), JSON.parse(again.text)['client_secret']]).toEqual([
    'true',
    secret,
  ]);
  await operate(
    stage,
    '/clients',
    { ...wish, name: search.canary('name under a used key') },
    { 'idempotency-key': key },
  );
  const rotated = await operate(stage, '/clients/shop/secret', { overlap: '1h' });
  search.remember('secret that was rotated', JSON.parse(rotated.text)['client_secret']);

  const [first, second] = [search.canary('password of a new user'), search.canary('password that was set')];
  expect((await operate(stage, '/users', { id: 'u-eve', username: 'eve', password: first })).status).toBe(201);
  expect((await operate(stage, '/users/u-eve/password', { password: second })).status).toBe(200);
  await operate(stage, '/users', { id: 'u-eve', username: 'eve', password: search.canary('password in vain') });
  await operate(stage, '/users', { username: ['x'], password: search.canary('password in a broken wish') });

  const token = await tokensOf(stage, 'eve', second);
  expect((await operate(stage, '/tokens/inspect', { token })).status).toBe(200);
  const call = { method: 'GET', target: '/demo/hello', token };
  expect((await operate(stage, '/routes/explain', call)).status).toBe(200);
  expect((await operate(stage, '/routes/try', call)).status).toBe(200);
  await operate(stage, '/routes/explain', { ...call, token: `gha_${search.canary('made-up token')}` });
  expect((await operate(stage, '/tokens/revoke', { token })).status).toBe(200);
  await operate(stage, '/me', undefined, { authorization: basic('root', search.canary('wrong password of root')) });
  await operate(stage, '/me', undefined, { authorization: `Bearer gha_${search.canary('made-up bearer')}` });
  answers.push((await operate(stage, '/users?limit=50')).text, (await operate(stage, '/clients/shop')).text);
  return second;
}

/** What operators do on pages. */
async function useConsole({ gatehouse, search, known, answers }: Stage): Promise<void> {
  const browser = new PageClient(gatehouse.admin);
  const page = await browser.get('/sign-in');
  const wrong = search.canary('wrong password at the console');
  answers.push((await browser.submit(page, '/sign-in', { username: 'root', password: wrong })).text);
  const form = await browser.get('/sign-in');
  const signedIn = await browser.submit(form, '/sign-in', { username: 'root', password: known.operator });
  expect(signedIn.status).toBe(303);
  for (const [name, value] of browser.cookies) search.remember(`cookie ${name} of the console`, value);
  const typed = { name: 'Made here', grants: 'client_credentials', scopes: 'read', terms: 'yes' };
  const made = await browser.submit(await browser.get('/clients/create'), '/clients/create', typed);
  search.remember('secret on a page', /data-copy="[^"]*secret">([^<]+)</.exec(made.text)?.[1]);
  const password = search.canary('password set at the console');
  const user = { username: 'gus', password };
  expect((await browser.submit(await browser.get('/users/create'), '/users/create', user)).status).toBeLessThan(400);
  answers.push((await browser.get('/clients')).text, (await browser.get('/audit')).text);
}

/** What users do on their own pages. */
async function useAccount({ gatehouse, search, answers }: Stage, password: string): Promise<void> {
  const browser = new PageClient(gatehouse.url);
  const wrong = search.canary('wrong password at the account');
  answers.push((await answerSignIn(browser, await browser.get('/account'), 'eve', wrong)).text);
  const page = await answerSignIn(browser, await browser.get('/account'), 'eve', password);
  expect(page.text).toContain('Hello');
  for (const [name, value] of browser.cookies) search.remember(`cookie ${name} of the account`, value);
  const wish = { name: 'script', scope: 'read', lifetime: String(7 * 86_400) };
  const made = await browser.submit(await browser.get('/account/tokens/new'), '/account/tokens/new', wish);
  const token = search.remember('personal token', /gha_[\w-]{40}/.exec(made.text)?.[0]);
  const used = await fetch(`${gatehouse.url}/demo/hello`, { headers: { authorization: `Bearer ${token}` } });
  expect(used.status).toBe(200);
  answers.push((await browser.get('/account/tokens')).text);
  const next = search.canary('password that the user chose');
  const form = { current: password, next, repeated: next, others: 'yes' };
  const page2 = await browser.get('/account/password');
  expect((await browser.submit(page2, '/account/password', form)).status).toBe(303);
  const inVain = { ...form, next: search.canary('password chosen in vain'), repeated: 'another' };
  answers.push((await browser.submit(await browser.get('/account/password'), '/account/password', inVain)).text);
}

/** Through the pages of an outside provider and back, as it should be and not; then AD FS. */
async function comeFromOutside(stage: Stage): Promise<void> {
  const { gatehouse, search, provider, adfs, answers } = stage;
  for (const how of ['well', 'changed', 'twice', 'in vain']) {
    const browser = new PageClient(gatehouse.url);
    const pkce = newPkce();
    const query = { response_type: 'code', client_id: 'app', redirect_uri: CALLBACK, scope: 'read', ...pkce.query };
    const page = await browser.get(`/oauth2/authorize?${new URLSearchParams(query)}`);
    const away = await browser.submit(page, '/oauth2/provider', { connection: 'outside' });
    if (how === 'in vain') provider.failTokens(true);
    const back = await visitProvider(away.location, 'bob');
    search.remember(`code of the provider (${how})`, back.searchParams.get('code'));
    search.remember(`state for the provider (${how})`, back.searchParams.get('state'));
    for (const [name, value] of browser.cookies) search.remember(`cookie ${name} on the way (${how})`, value);
    if (how === 'changed') back.searchParams.set('code', search.canary('changed code'));
    const returned = await browser.get(back.pathname + back.search);
    if (how === 'twice') answers.push((await browser.get(back.pathname + back.search)).text);
    if (returned.status >= 400) answers.push(returned.text);
    provider.failTokens(false);
    if (how !== 'well') continue;
    const consent = await browser.get(returned.location);
    const done = await browser.submit(consent, '/oauth2/consent', { decision: 'allow' });
    search.remember('code for the app', new URL(done.location).searchParams.get('code'));
    for (const [name, value] of browser.cookies) search.remember(`cookie ${name} after the provider`, value);
  }
  for (const [at, said] of provider.tokenAnswers.entries()) {
    if (!said.includes('id_token')) continue;
    const { access_token: access, id_token: id } = JSON.parse(said) as Record<string, string>;
    search.remember(`access token of the provider, ${at}`, access);
    search.remember(`id_token of the provider, ${at}`, id);
  }
  expect(provider.tokenAnswers.filter((said) => said.includes('id_token')).length).toBeGreaterThan(0);

  expect(await tokensOf(stage, USER.username, USER.password)).toBeDefined();
  await tokensOf(stage, USER.username, search.canary('wrong password at AD FS'));
  // As servers do, the fault repeats what was sent.
  adfs.answer = { raw: { status: 500, body: fault(`a:${USER.password}`) } };
  expect(await tokensOf(stage, USER.username, USER.password)).toBeUndefined();
}

describe.each(['embedded', 'redis'] as const)('with the %s store', (kind) => {
  it('no secret of operators, users and providers is left anywhere', { timeout: 120_000 }, async () => {
    const stage = await start(kind);
    const { search, gatehouse, receiver, answers, folder, heaps } = stage;
    const password = await administer(stage);
    await useConsole(stage);
    await useAccount(stage, password);
    await comeFromOutside(stage);

    await receiver.count(5);
    const exports = [await operate(stage, '/audit/export'), await operate(stage, '/audit/export?format=csv')];
    if (kind === 'embedded') expect(await readdir(folder)).toContain('g.db-wal');
    const places: Record<string, string> = {
      metrics: await (await fetch(`${gatehouse.admin}/metrics`)).text(),
      exports: exports.map(({ text }) => text).join('\n'),
      webhook: receiver.received.map(({ text, headers }) => JSON.stringify(headers) + text).join('\n'),
      answers: answers.join('\n'),
      store: await stage.stored(),
      'command line': await readFile(`/proc/${gatehouse.pid}/cmdline`, 'latin1'),
      environment: await readFile(`/proc/${gatehouse.pid}/environ`, 'latin1'),
    };
    const heap = await heapOf(gatehouse, heaps);
    expect(await gatehouse.stop()).toBe(0);
    places['store afterwards'] = await stage.stored();
    places['log'] = gatehouse.output();
    // The places are what they claim to be: each holds something that is no secret.
    expect(places['log']).toContain('"actor":"u-root"');
    expect(places['exports']).toContain('clients.rotate_secret');
    expect(places['webhook']).toContain('clients.create');
    expect(places['answers']).toContain('eve');
    expect(places['store']).toContain('u-eve');
    expect(search.size).toBeGreaterThanOrEqual(40);
    for (const [place, text] of Object.entries(places)) {
      expect(search.in(text), `secrets in: ${place}`).toEqual([]);
    }
    // Its own secrets it must know; of tokens, codes and cookies it knows hashes.
    expect(heap).toContain('u-eve');
    expect(search.asTheyAreIn(heap, /gh[a-z]_[\w-]{40}/g)).toEqual([]);
    measured({
      id: 'H1',
      what: `canary secrets of operators, users and providers found in 10 places, ${kind} store`,
      count: search.size,
      max: 0,
      unit: 'hits',
    });
  });
});
