import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createUpstreams } from '../../src/gateway/upstream/upstreams.ts';
import type { UpstreamTls } from '../../src/model/route.ts';
import { type Authority, type Issued, startAuthority } from '../support/authority.ts';
import { route } from '../support/lane_server.ts';
import { call } from '../support/upstream_call.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const it of open.splice(0).reverse()) await it.close();
});

async function listening(server: Server, path?: string): Promise<AddressInfo> {
  if (path !== undefined) server.listen(path);
  else server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push({
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
  return server.address() as AddressInfo;
}

describe('over TLS', () => {
  let authority: Authority;
  let strange: Authority;
  let host: Issued;
  let named: Issued;
  let client: Issued;
  beforeAll(async () => {
    [authority, strange] = await Promise.all([startAuthority(), startAuthority()]);
    host = await authority.issue('host', 'DNS:localhost', 'IP:127.0.0.1');
    named = await authority.issue('named', 'DNS:api.internal');
    client = await authority.issue('gatehouse');
  });
  afterAll(async () => {
    await authority.close();
    await strange.close();
  });

  /** What an upstream with this certificate answers: what it saw of TLS. */
  async function answerOf(own: Issued, tls: UpstreamTls | undefined, { asks = false, calledAs = '127.0.0.1' } = {}) {
    const files = { cert: readFileSync(own.cert), key: readFileSync(own.key) };
    const asking = asks ? { ca: readFileSync(authority.ca), requestCert: true, rejectUnauthorized: true } : {};
    let seen = 0;
    const server = createHttpsServer({ ...files, ...asking }, (request, response) => {
      seen++;
      const socket = request.socket as TLSSocket;
      const { subject } = socket.getPeerCertificate();
      response.end(
        JSON.stringify({
          ...{ host: request.headers.host, name: socket.servername, protocol: socket.alpnProtocol },
          client: subject?.CN,
        }),
      );
    });
    const { port } = await listening(server);
    const upstreams = createUpstreams({});
    open.push(upstreams);
    const to = route('/*', `https://${calledAs}:${port}`, { upstream: { tls } });
    const told = await call(upstreams, to);
    if (told.error !== undefined) expect(seen).toBe(0);
    return { told, port, seen: told.body === '' ? undefined : JSON.parse(told.body) };
  }

  it('an upstream is spoken to if an authority that is trusted vouches for its name', async () => {
    const { seen, port } = await answerOf(host, { ca: authority.ca }, { calledAs: 'localhost' });
    expect(seen).toEqual({ host: `localhost:${port}`, name: 'localhost', protocol: 'http/1.1' });
    expect((await answerOf(host, { ca: authority.ca })).seen).toMatchObject({ name: false });
  });

  it('an upstream that bears another name is refused, unless it is the one that is expected', async () => {
    const refused = await answerOf(named, { ca: authority.ca }, { calledAs: 'localhost' });
    expect(refused.told.error).toMatchObject({ problem: 'unreachable', code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    const terms = { ca: authority.ca, serverName: 'api.internal' };
    expect((await answerOf(named, terms)).seen).toMatchObject({ name: 'api.internal' });
    expect((await answerOf(host, terms)).told.error).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  });

  it('an upstream that nobody vouches for who is trusted is refused', async () => {
    for (const tls of [undefined, { ca: strange.ca }])
      expect((await answerOf(host, tls)).told.error).toMatchObject({ problem: 'unreachable' });
  });

  it('an upstream that asks for it gets our certificate, and refuses us without', async () => {
    const terms = { ca: authority.ca, ...client };
    expect((await answerOf(host, terms, { asks: true })).seen).toMatchObject({ client: 'gatehouse' });
    const { told } = await answerOf(host, { ca: authority.ca }, { asks: true });
    expect(told.error?.problem).toBe('unreachable');
  });

  it('a PEM file that is not there is told when the routes are read', () => {
    const routes = [route('/*', 'https://localhost', { upstream: { tls: { ca: '/nowhere/ca.pem' } } })];
    expect(() => createUpstreams({ routes })).toThrow(/ENOENT/);
  });
});

it('over a unix socket, with a base path behind a second colon', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-socket-'));
  const path = join(folder, 'app.sock');
  const echo: RequestListener = (request, response) => response.end(`${request.headers.host} ${request.url}`);
  await listening(createHttpServer(echo), path);
  const upstreams = createUpstreams({});
  open.push(upstreams);
  for (const [target, body] of [
    [`unix:${path}`, 'localhost /x'],
    [`unix:${path}:/base`, 'localhost /base/x'],
  ] as const)
    expect(await call(upstreams, route('/*', target))).toMatchObject({ status: 200, body });
  const gone = await call(upstreams, route('/*', `unix:${path}2`));
  expect(gone.error).toMatchObject({ problem: 'unreachable', code: 'ENOENT' });
  await rm(folder, { recursive: true });
});
