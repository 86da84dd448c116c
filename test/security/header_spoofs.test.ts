import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoConfig } from '../support/demo_config.ts';
import { type FrontProxy, startNginx } from '../support/front_proxy.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { type LaneServer, route, startLaneServer } from '../support/lane_server.ts';
import { measured } from '../support/measured.ts';
import { exchange } from '../support/raw_client.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording_upstream.ts';
import { type ScgiApp, startScgiApp } from '../support/scgi_app.ts';
import { aliceTokens } from '../support/token_client.ts';
import { HEADER_SPOOFS, type HeaderSpoof, IDENTITY_NAMES } from '../support/vectors/header_spoofs.ts';
import { startWebServer, type WebServer } from '../support/web_server.ts';

/*
 * A caller says who it is by itself: the identity headers in another spelling, repeated, in trailers, or given away in `Connection`
 * so that ours disappear (oauth2-proxy CVE-2025-64484, Traefik CVE-2024-45410). nginx and apache2 make CGI variables of headers, and
 * then `X_User_Id` is `X-User-Id`. Each attempt is made on a protected and on a public path, and judged where it would do harm: at
 * the bytes that went out, at an app behind either web server, and behind a real nginx that asks for verdicts (forward auth).
 */

const OURS: Readonly<Record<string, string>> = {
  'X-User-Id': 'u-alice',
  'X-User-Name': 'Alice Liddell',
  'X-User-Email': 'alice@example.com',
  'X-Client-Id': 'demo-app',
  'X-Token-Scopes': 'demo:read',
  'X-Auth-Connection': 'users',
};

/** The name that CGI gives a header. */
const variable = (name: string) => `HTTP_${name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`;

/** What is planted stands on both sides of the token, so that neither the first nor the last one wins; the framing stands once. */
function bytesOf(path: string, { lines, trailers }: HeaderSpoof, token: string | undefined): string {
  const authorization = token === undefined ? [] : [`Authorization: Bearer ${token}`];
  const head = [
    `${trailers ? 'POST' : 'GET'} ${path} HTTP/1.1`,
    'Host: g',
    ...lines,
    ...authorization,
    ...lines.filter((line) => !line.startsWith('T')),
  ];
  const body = trailers === undefined ? '' : `1\r\na\r\n0\r\n${trailers.map((line) => `${line}\r\n`).join('')}\r\n`;
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

/** Every identity header exactly once and ours with a token, none without. */
function judge(
  seen: readonly (readonly [name: string, value: string])[],
  token: boolean,
  ours: typeof OURS,
  about: string,
) {
  for (const name of IDENTITY_NAMES) {
    const values = seen.filter(([it]) => variable(it) === variable(name)).map(([, value]) => value);
    if (name === 'X-Request-Id')
      expect(values, `${about}: ${name}`).toEqual(values.slice(0, 1).filter((id) => !id.includes('root')));
    else expect(values, `${about}: ${name}`).toEqual(token ? [ours[name]] : []);
  }
}

/** What the gateway itself forwards has nothing that the caller planted, under any name. */
function judgePlanted(seen: readonly (readonly [name: string, value: string])[], about: string) {
  const planted = seen.filter(([name, value]) => /root/.test(value) && !/^(Trailer|Connection)$/i.test(name));
  expect(planted, about).toEqual([]);
}

it('there are at least 120 of them', () => {
  expect(
    new Set(HEADER_SPOOFS.map(({ lines, trailers }) => JSON.stringify([lines, trailers]))).size,
  ).toBeGreaterThanOrEqual(120);
});

describe.each(['full', 'fast'] as const)('through the %s lane', (via) => {
  let upstream: RecordingUpstream;
  let app: ScgiApp;
  let lane: LaneServer;
  let token: string;
  const servers: WebServer[] = [];
  beforeAll(async () => {
    [upstream, app] = await Promise.all([startRecordingUpstream(), startScgiApp()]);
    const role = { does: 'scgi', port: app.port } as const;
    servers.push(...(await Promise.all([startWebServer('nginx', role), startWebServer('apache2', role)])));
    const at = (name: string) => servers.find((server) => server.name === name)?.origin ?? upstream.origin;
    lane = await startLaneServer({
      via,
      routes: ['recording', 'nginx', 'apache2'].flatMap((name) => [
        route(`/${name}/*`, at(name)),
        route(`/${name}/public`, at(name), { auth: 'none' }),
        route(`/${name}/optional`, at(name), { auth: 'optional' }),
      ]),
    });
    token = await lane.token();
  });
  afterAll(async () => {
    await lane?.close();
    await Promise.all([...servers.map((server) => server.stop()), app?.close(), upstream?.close()]);
  });

  const places = [
    ['x', true],
    ['public', true],
    ['public', false],
    ['optional', false],
  ] as const;

  it('the upstream sees ours and nothing else', async () => {
    for (const spoof of HEADER_SPOOFS) {
      for (const [place, withToken] of places) {
        const before = upstream.requests.length;
        const about = `${spoof.title} at ${place}`;
        const { status } = await exchange(
          lane.port,
          bytesOf(`/recording/${place}`, spoof, withToken ? token : undefined),
        );
        expect(status, about).toBe(200);
        const [request] = upstream.requests.slice(before);
        judge(request?.headers ?? [], withToken && place === 'x', OURS, about);
        judgePlanted(request?.headers ?? [], about);
      }
    }
    // Trailers are no headers: they must not be anywhere in what went out.
    for (const { bytes } of upstream.connections) expect(bytes.includes('root')).toBe(false);
    measured({
      id: 'C1',
      what: `header spoofs × 4 kinds of route (${via} lane)`,
      count: HEADER_SPOOFS.length * 4,
      max: 0,
      unit: 'seen',
    });
  });

  it.each(['nginx', 'apache2'])('an app behind %s sees ours and nothing else', async (name) => {
    for (const spoof of HEADER_SPOOFS) {
      for (const [place, withToken] of places.slice(0, 2)) {
        const before = app.calls.length;
        const about = `${spoof.title} at ${place} of ${name}`;
        const { status } = await exchange(
          lane.port,
          bytesOf(`/${name}/${place}`, spoof, withToken ? token : undefined),
        );
        // mod_proxy_scgi takes no chunks.
        if (name === 'apache2' && spoof.trailers) {
          expect([status, app.calls.length], about).toEqual([411, before]);
          continue;
        }
        expect(status, about).toBe(200);
        const variables = (app.calls[before] ?? []).filter(([it]) => it.startsWith('HTTP_'));
        judge(
          variables.map(([it, value]) => [it.slice('HTTP_'.length), value] as const),
          place === 'x',
          OURS,
          about,
        );
      }
    }
    measured({
      id: 'C1',
      what: `header spoofs, as an app behind ${name} sees them (${via} lane)`,
      count: HEADER_SPOOFS.length * 2,
      max: 0,
      unit: 'seen',
    });
  });
});

describe('behind an nginx that asks for verdicts', () => {
  let upstream: RecordingUpstream;
  let gateway: GatehouseProcess;
  let proxy: FrontProxy;
  let token: string;
  beforeAll(async () => {
    upstream = await startRecordingUpstream();
    const listen = 'listen: { host: 127.0.0.1, port: 0, trusted_proxies: [127.0.0.1] }\n';
    gateway = await startGatehouse(await demoConfig('{ type: memory }', listen, 'config/behind/gatehouse.yaml'));
    proxy = await startNginx({ gateway: gateway.url, app: upstream.origin });
    token = (await aliceTokens(proxy.origin)).access_token;
  });
  afterAll(async () => {
    await proxy?.stop();
    await gateway?.stop('SIGKILL');
    await upstream?.close();
  });

  it('the app sees ours and nothing else, or the call is refused', async () => {
    const ours = { ...OURS, 'X-User-Name': 'alice', 'X-Token-Scopes': 'demo:read demo:write' };
    let passed = 0;
    for (const spoof of HEADER_SPOOFS) {
      for (const path of ['/orders/7', '/status']) {
        const before = upstream.requests.length;
        const { status } = await exchange(proxy.port, bytesOf(path, spoof, path === '/status' ? undefined : token));
        expect([200, 400, 403], `${spoof.title} at ${path}`).toContain(status);
        const arrived = upstream.requests.slice(before);
        expect(arrived.length).toBe(status === 200 ? 1 : 0);
        if (arrived[0] === undefined) continue;
        passed++;
        const withoutEmpty = arrived[0].headers.filter(([, value]) => value !== '');
        judge(withoutEmpty, path !== '/status', ours, `${spoof.title} at ${path}`);
      }
    }
    expect(passed).toBeGreaterThan(HEADER_SPOOFS.length);
    measured({
      id: 'C1',
      what: 'header spoofs behind nginx with forward auth',
      count: HEADER_SPOOFS.length * 2,
      max: 0,
      unit: 'seen',
    });
  });
});
