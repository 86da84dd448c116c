import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { get as httpsGet } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { selfSigned, TOO_SHORT } from '../http/self_signed.ts';
import { type Reloadable, startReloadable } from '../support/reloadable.ts';
import { post } from '../support/token_client.ts';

// Whole processes that start and watch files: on a busy machine each step takes its time.
vi.setConfig({ testTimeout: 60_000 });

/** What the tests of this file change in the configuration. */
interface Parts {
  readonly listen?: string;
  readonly routes?: string;
  readonly scopes?: string;
  readonly clients?: string;
  readonly more?: string;
}

const HASH = '$argon2id$v=19$m=19456,t=2,p=1$UZMQjcvjY3TH5xU+hSYTTA$UgchgD28+srqpqwYgL2JQ3tu3uM+EM49+WjZaWkEgyY';
const user = (name: string) => `      - { id: u-${name}, username: ${name}, password_hash: "${HASH}" }\n`;

const yaml = (upstream: string, { listen = '', routes = '', scopes = '[a]', clients = '', more }: Parts = {}) => `
listen: { host: 127.0.0.1, port: 0${listen} }
admin: { host: 127.0.0.1, port: 0 }
store: { type: memory }
routes:
  - { name: api, path: /api/*, upstream: "${upstream}", scopes: ${scopes} }
${routes}
clients:
  - { id: app, secret: 'file:secret', grants: [client_credentials, password], scopes: [a, b] }
${clients}
connections:
  - name: users
    type: database
    users:
${more ?? user('alice')}`;

async function named(name: string): Promise<string> {
  const server = createServer((_request, response) => response.end(name));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function started(text: string): Promise<Reloadable> {
  const running = await startReloadable(text, { secret: 'the-first-secret-of-the-app' });
  onTestFinished(async () => void (await running.stop()));
  return running;
}

const basic = (secret: string) => `Basic ${Buffer.from(`app:${secret}`).toString('base64')}`;
async function tokenOf({ gatehouse }: Reloadable, scope = 'a', secret = 'the-first-secret-of-the-app') {
  const form = { grant_type: 'client_credentials', scope };
  const answer = await post(`${gatehouse.url}/oauth2/token`, form, basic(secret));
  return { status: answer.status, token: ((await answer.json()) as { access_token?: string }).access_token ?? '' };
}
const signIn = async ({ gatehouse }: Reloadable, username: string) => {
  const form = { grant_type: 'password', username, password: 'wonderland' };
  return (await post(`${gatehouse.url}/oauth2/token`, form, basic('the-first-secret-of-the-app'))).status;
};
async function call({ gatehouse }: Reloadable, token: string, path = '/api/x') {
  const answer = await fetch(`${gatehouse.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
  return [answer.status, answer.status === 200 ? await answer.text() : ''];
}

it('changes routes, scopes, clients and users, and keeps the tokens', async () => {
  const [one, two] = [await named('one'), await named('two')];
  const running = await started(yaml(one));
  const { token } = await tokenOf(running);
  expect(await call(running, token)).toEqual([200, 'one']);
  expect(await call(running, token, '/new')).toEqual([404, '']);

  const routes = `  - { name: new, path: /new, upstream: "${two}", scopes: [a] }`;
  const clients = '  - { id: other, secret: another-secret-altogether, grants: [client_credentials], scopes: [a] }';
  const next = yaml(two, { routes, clients, more: user('bob') });
  expect(await running.change(next)).toMatchObject({ event: 'reloaded' });
  expect(await call(running, token)).toEqual([200, 'two']);
  expect(await call(running, token, '/new')).toEqual([200, 'two']);
  expect([await signIn(running, 'alice'), await signIn(running, 'bob')]).toEqual([400, 200]);
  const other = `Basic ${Buffer.from('other:another-secret-altogether').toString('base64')}`;
  const form = { grant_type: 'client_credentials' };
  expect((await post(`${running.gatehouse.url}/oauth2/token`, form, other)).status).toBe(200);

  // A decision is never cached: the same token does not satisfy what the route wants now.
  expect(await running.change(yaml(two, { scopes: '[b]' }))).toMatchObject({ event: 'reloaded' });
  expect(await call(running, token)).toEqual([403, '']);
  expect(await call(running, token, '/new')).toEqual([404, '']);
  expect(await running.metric(/reloads_total\{outcome="applied"\} (\d+)/)).toBe(2);
  expect(await running.metric(/gatehouse_cache_entries (\d+)/)).toBe(1);
});

it('takes what a secret file holds as soon as it is another, also when a symlink above it is turned', async () => {
  const running = await started(yaml(await named('one')));
  expect((await tokenOf(running)).status).toBe(200);
  await running.put('secret', 'the-second-secret-of-the-app');
  expect(await running.outcome()).toMatchObject({ event: 'reloaded' });
  expect((await tokenOf(running)).status).toBe(401);
  expect((await tokenOf(running, 'a', 'the-second-secret-of-the-app')).status).toBe(200);

  // As Kubernetes mounts a Secret: data -> ..1 -> ..2.
  const folder = (name: string) => join(running.folder, name);
  for (const turn of ['1', '2']) {
    await mkdir(folder(`..${turn}`));
    await writeFile(folder(`..${turn}/secret`), `the-mounted-secret-number-${turn}`);
  }
  await symlink('..1', folder('data'));
  const mounted = yaml(await named('one')).replace('file:secret', 'file:data/secret');
  expect(await running.change(mounted)).toMatchObject({ event: 'reloaded' });
  expect((await tokenOf(running, 'a', 'the-mounted-secret-number-1')).status).toBe(200);
  await symlink('..2', folder('data.new'));
  await rename(folder('data.new'), folder('data'));
  expect(await running.outcome()).toMatchObject({ event: 'reloaded' });
  expect((await tokenOf(running, 'a', 'the-mounted-secret-number-2')).status).toBe(200);
});

it('changes nothing for a bad file, says where it is bad until a good one comes, and stays in service', async () => {
  const good = yaml(await named('one'));
  const running = await started(good);
  const { token } = await tokenOf(running);

  const bad = good.replace('scopes: [a]', 'scope: [a]').replace('path: /api/*', 'path: api');
  const { event, problems } = await running.change(bad);
  expect(event).toBe('reload_failed');
  expect(problems).toEqual([
    expect.stringMatching(/gatehouse\.yaml:6:\d+: routes\[0\]\.path: /),
    expect.stringMatching(/gatehouse\.yaml:6:\d+: routes\[0\]\.scope: unknown key/),
  ]);
  const { status, body } = await running.ready();
  expect([status, body.status]).toEqual([200, 'degraded']);
  expect(body.reasons?.join()).toContain('routes[0].path');
  expect(await running.metric(/reloads_total\{outcome="refused"\} (\d+)/)).toBe(1);
  expect(await call(running, token)).toEqual([200, 'one']);

  // Mended without a signal.
  await running.put('gatehouse.yaml', good);
  expect(await running.outcome()).toMatchObject({ event: 'reloaded' });
  expect((await running.ready()).body).toEqual({ status: 'ready' });
});

it('leaves streams and tunnels that are open as they are, whatever becomes of their routes', async () => {
  const streaming = Promise.withResolvers<ServerResponse>();
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: before\n\n');
    streaming.resolve(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close().closeAllConnections());
  const events = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const routes = '  - { name: sockets, path: /sockets/*, upstream: demo, strip_prefix: /sockets }';
  const running = await started(yaml(events, { routes }));
  const { token } = await tokenOf(running);
  const headers = { authorization: `Bearer ${token}` };
  const stream = await fetch(`${running.gatehouse.url}/api/events`, { headers });
  const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
  expect((await reader?.read())?.value).toBe('data: before\n\n');
  const socket = new WebSocket(`${running.gatehouse.url.replace('http', 'ws')}/sockets/socket`, { headers });
  await once(socket, 'open');

  const other = yaml(await named('one')).replace('/api/*', '/elsewhere');
  expect(await running.change(other)).toMatchObject({ event: 'reloaded' });
  expect(await call(running, token)).toEqual([404, '']);
  (await streaming.promise).end('data: after\n\n');
  expect((await reader?.read())?.value).toBe('data: after\n\n');
  expect((await reader?.read())?.done).toBe(true);
  const echoed = once(socket, 'message');
  socket.send('still there?');
  expect(String((await echoed)[0])).toContain('still there?');
  socket.close();
});

it('refuses what only a restart can change, with the place, and applies nothing else of that file', async () => {
  const [one, two] = [await named('one'), await named('two')];
  const running = await started(yaml(one));
  const { token } = await tokenOf(running);
  const refused = async (text: string) => (await running.change(text)).problems;
  const place = (key: string) => [expect.stringMatching(new RegExp(`yaml:\\d+:\\d+: ${key}: cannot be changed while`))];
  expect(await refused(yaml(two).replace('port: 0', 'port: 65000'))).toEqual(place('listen\\.port'));
  expect(await refused(yaml(two, { listen: ', max_connections: 9' }))).toEqual(place('listen\\.max_connections'));
  expect(await refused(yaml(two).replace('type: memory', 'type: embedded, path: x.db'))).toEqual(place('store'));
  expect(await refused(`${yaml(two)}\ncache: { max_tokens: 0 }\n`)).toEqual(place('cache\\.max_tokens'));
  expect(await refused(`${yaml(two)}\naudit: { keep: 30d }\n`)).toEqual(place('audit\\.keep'));
  expect(await refused(yaml(two, { listen: ', workers: 2' }).replace('type: memory', 'type: embedded'))).toEqual([
    ...place('listen\\.workers'),
    ...place('store'),
  ]);
  expect(await call(running, token)).toEqual([200, 'one']);
});

it('serves another certificate', async () => {
  const [first, second] = [await selfSigned(), await selfSigned()];
  const tls = ({ cert, key }: typeof first) => ({ listen: `, tls: { cert: ${cert}, key: ${key} }` });
  const upstream = await named('one');
  const running = await started(yaml(upstream, tls(first)));
  const serial = async () => {
    const socket = connect({ port: Number(new URL(running.gatehouse.url).port), rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const { serialNumber } = socket.getPeerCertificate();
    socket.destroy();
    return serialNumber;
  };
  const serialIn = async ({ cert }: typeof first) => new X509Certificate(await readFile(cert)).serialNumber;
  expect(await serial()).toBe(await serialIn(first));
  expect(await running.change(yaml(upstream, tls(second)))).toMatchObject({ event: 'reloaded' });
  expect(await serial()).toBe(await serialIn(second));
  const mixed = { cert: first.cert, key: second.key };
  expect(await running.change(yaml(upstream, tls(mixed)))).toMatchObject({ event: 'reload_failed' });
  expect(await serial()).toBe(await serialIn(second));
  const refused = yaml(upstream, tls(await selfSigned(TOO_SHORT))).replace('/api/*', '/elsewhere/*');
  expect(await running.change(refused)).toMatchObject({ event: 'reload_failed' });
  expect(await serial()).toBe(await serialIn(second));
  // That TLS does not take them is found last: what else was new in the configuration has not come either.
  const statusOf = async (path: string) => {
    const asked = httpsGet(`${running.gatehouse.url}${path}`, { rejectUnauthorized: false, agent: false });
    const [answer] = await once(asked, 'response');
    answer.resume();
    return answer.statusCode;
  };
  expect([await statusOf('/api/x'), await statusOf('/elsewhere/x')]).toEqual([401, 404]);
  // The watch may have seen the file before, too, and have one more outcome of it.
  let { problems } = await running.change(yaml(upstream));
  while (!problems?.[0]?.includes('listen.tls')) ({ problems } = await running.outcome());
});

it('reloads all workers or none, and gives a new worker what the others have', async () => {
  const [one, two] = [await named('one'), await named('two')];
  const shared = (text: string) => text.replace('type: memory', 'type: embedded, path: shared.db');
  const running = await started(shared(yaml(one, { listen: ', workers: 2' })));
  const { token } = await tokenOf(running);
  const seen = async () => {
    const answers = [];
    for (let turn = 0; turn < 6; turn++) {
      const headers = { authorization: `Bearer ${token}`, connection: 'close' };
      answers.push(await (await fetch(`${running.gatehouse.url}/api/x`, { headers })).text());
    }
    return [...new Set(answers)];
  };
  expect(await seen()).toEqual(['one']);
  const next = shared(yaml(two, { listen: ', workers: 2' }));
  await running.put('gatehouse.yaml', next);
  // As to a whole process group: the workers leave it to their parent.
  running.gatehouse.signal('SIGHUP');
  await expect.poll(seen, { timeout: 10_000 }).toEqual(['two']);
  await expect.poll(() => running.metric(/reloads_total\{outcome="applied"\} (\d+)/)).toBe(1);

  await running.put('gatehouse.yaml', 'routes: [');
  running.gatehouse.signal('SIGHUP');
  await expect.poll(async () => (await running.ready()).body.status, { timeout: 10_000 }).toBe('degraded');
  const worker = Number(/"event":"serving".*"pid":(\d+)/.exec(running.gatehouse.output())?.[1]);
  process.kill(worker, 'SIGHUP');
  process.kill(worker, 'SIGKILL');
  await running.gatehouse.line(/"event":"worker_died"/);
  await expect.poll(async () => (await running.ready()).status, { timeout: 15_000 }).toBe(200);
  expect(await seen()).toEqual(['two']);
});
