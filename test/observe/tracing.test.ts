import { trace } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { exchange } from '../support/raw_client.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording_upstream.ts';
import { type ObservedHouse, observedHouse, PEOPLE } from './observed_house.ts';
import { type CollectedSpan, startTraceCollector, type TraceCollector } from './trace_collector.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const SERVER = 2;
const CLIENT = 3;

let upstream: RecordingUpstream;
let sockets: WebSocketServer;
beforeAll(async () => {
  upstream = await startRecordingUpstream(({ target }) =>
    target.startsWith('/broken')
      ? 'HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n'
      : 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  );
  sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' });
});
afterAll(async () => {
  await upstream.close();
  sockets.close();
});

const config = (tracing: string, lane = true) =>
  `${PEOPLE}
listen_: unused
`
    .replace('listen_: unused\n', tracing)
    .replace('port: 0 }', `port: 0, fast_lane: ${lane} }`)
    .concat(`
forward_auth: true
routes:
  - { name: orders, path: /orders/*, upstream: '${upstream.origin}' }
  - { name: open, path: /open/*, auth: none, upstream: '${upstream.origin}' }
  - { name: broken, path: /broken, auth: none, upstream: '${upstream.origin}' }
  - { name: away, path: /away, auth: none, upstream: 'http://127.0.0.1:1' }
  - { name: sockets, path: /socket, auth: none, upstream: 'http://127.0.0.1:${portOf(sockets)}' }
`);
const portOf = (server: WebSocketServer): number => {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
};
const otlp = (url: string, sample = 1) => `tracing: { otlp: '${url}', sample: ${sample}, service_name: front }`;

describe('calls as spans, sent to a collector', () => {
  let collector: TraceCollector;
  let house: ObservedHouse | undefined;
  beforeAll(async () => {
    collector = await startTraceCollector();
  });
  afterEach(async () => {
    await house?.close();
    house = undefined;
  });
  afterAll(() => collector.close());

  /** The spans of what was done meanwhile: a gateway that closes sends all that it has. */
  async function spansOf(act: (at: ObservedHouse) => Promise<void>, yaml = config(otlp(collector.url))) {
    const before = collector.spans.length;
    house = await observedHouse(yaml);
    await act(house);
    await house.close();
    house = undefined;
    return collector.spans.slice(before);
  }
  const one = (spans: readonly CollectedSpan[], kind: number) => {
    const found = spans.filter((span) => span.kind === kind);
    expect(found).toHaveLength(1);
    return found[0] as CollectedSpan;
  };

  it.each([
    ['fast', true],
    ['full', false],
  ])('follow the call through the %s lane: the caller, us, the upstream', async (_lane, fast) => {
    const spans = await spansOf(
      async ({ url }) => {
        const headers = { traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: 'vendor=1' };
        await (await fetch(`${url}/open/a%20b?token=secret-query`, { headers })).text();
      },
      config(otlp(collector.url), fast),
    );
    const server = one(spans, SERVER);
    const client = one(spans, CLIENT);
    expect(server).toMatchObject({ name: 'GET open', traceId: TRACE, parentSpanId: PARENT, status: 0 });
    expect(server.attributes).toMatchObject({
      'http.request.method': 'GET',
      'url.scheme': 'http',
      'url.path': '/open/a%20b',
      'http.route': 'open',
      'http.response.status_code': 200,
      'client.address': '127.0.0.1',
      'network.protocol.version': '1.1',
      'gatehouse.request_id': expect.any(String),
    });
    expect(client).toMatchObject({ name: 'GET', traceId: TRACE, parentSpanId: server.spanId, status: 0 });
    expect(client.attributes).toMatchObject({
      'server.address': '127.0.0.1',
      'server.port': upstream.port,
      'http.response.status_code': 200,
    });
    // The upstream hears of our span, and of nobody else's.
    const sent = upstream.requests.at(-1);
    expect(sent?.values('traceparent')).toEqual([`00-${TRACE}-${client.spanId}-01`]);
    expect(sent?.values('tracestate')).toEqual(['vendor=1']);
    expect(collector.services).toContain('front');
    expect(collector.text).not.toContain('secret-query');
  });

  it('tell of the token endpoint, of what was refused and of what broke', async () => {
    const spans = await spansOf(async ({ url, token }) => {
      const { access_token: good } = (await (await token({ grant_type: 'client_credentials' })).json()) as Record<
        string,
        string
      >;
      await fetch(`${url}/orders/1`, { headers: { Authorization: `Bearer ${good}` } });
      await fetch(`${url}/orders/1`, { headers: { Authorization: 'Bearer not-one-of-ours' } });
      await fetch(`${url}/broken`);
      await fetch(`${url}/away`);
      await fetch(`${url}/nowhere`);
      expect(collector.text).not.toContain(good);
    });
    const servers = spans.filter(({ kind }) => kind === SERVER);
    const about = ({ name, status, attributes }: CollectedSpan) => [
      name,
      attributes['http.response.status_code'],
      attributes['gatehouse.refused'],
      attributes['error.type'],
      status,
    ];
    expect(servers.map(about)).toEqual([
      ['POST token', 200, undefined, undefined, 0],
      ['GET orders', 200, undefined, undefined, 0],
      ['GET orders', 401, 'invalid_token', undefined, 0],
      ['GET broken', 500, undefined, '500', 2],
      ['GET away', 502, 'upstream_unreachable', 'ECONNREFUSED', 2],
      ['GET', 404, 'not_found', undefined, 0],
    ]);
    expect(servers[1]?.attributes).toMatchObject({ 'gatehouse.client': 'demo-app', 'gatehouse.cache': 'hit' });
    expect(spans.filter(({ kind }) => kind === CLIENT).map(about)).toEqual([
      ['GET', 200, undefined, undefined, 0],
      ['GET', 500, undefined, '500', 2],
      ['GET', undefined, undefined, 'ECONNREFUSED', 2],
    ]);
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(servers.length);
    expect(collector.text).not.toContain('demo-secret');
    expect(collector.text).not.toContain('not-one-of-ours');
  });

  it('tell of verdicts, and of a WebSocket when it is over', async () => {
    const spans = await spansOf(async ({ url }) => {
      const asked = {
        'X-Original-Method': 'GET',
        'X-Original-URI': '/open/1',
        traceparent: `00-${TRACE}-${PARENT}-01`,
      };
      expect((await fetch(`${url}/auth`, { headers: asked })).status).toBe(200);
      const socket = new WebSocket(`${url.replace('http', 'ws')}/socket`);
      await new Promise((resolve) => socket.once('open', resolve));
      socket.close();
      await new Promise((resolve) => socket.once('close', resolve));
    });
    const [verdict, ...others] = spans;
    expect(verdict).toMatchObject({ name: 'GET open', kind: SERVER, traceId: TRACE, parentSpanId: PARENT });
    const tunnel = one(others, SERVER);
    expect(tunnel).toMatchObject({ name: 'GET sockets', attributes: { 'http.response.status_code': 101 } });
    expect(one(others, CLIENT).parentSpanId).toBe(tunnel.spanId);
  });

  it('are left out by the wish of the caller, or by chance, and the upstream is told', async () => {
    const spans = await spansOf(
      async ({ url }) => {
        await fetch(`${url}/open/1`);
        await fetch(`${url}/open/2`, { headers: { traceparent: `00-${TRACE}-${PARENT}-00` } });
      },
      config(otlp(collector.url, 0)),
    );
    expect(spans).toEqual([]);
    const sent = upstream.requests.slice(-2).map((request) => request.values('traceparent'));
    expect(sent[0]?.[0]).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
    expect(sent[1]?.[0]).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
  });

  it.each([
    ['of another form', [['traceparent', 'nonsense']]],
    ['that is all zero', [['traceparent', `00-${'0'.repeat(32)}-${PARENT}-01`]]],
    ['of a forbidden version', [['traceparent', `ff-${TRACE}-${PARENT}-01`]]],
    ['that comes twice', [...Array(2)].map(() => ['traceparent', `00-${TRACE}-${PARENT}-01`])],
  ])('begin a trace of their own for a context %s', async (_what, headers) => {
    const spans = await spansOf(async ({ url }) => {
      // As two lines: fetch would make one of them.
      const lines = headers.map((pair) => `${pair.join(': ')}\r\n`).join('');
      await exchange(Number(new URL(url).port), `GET /open/1 HTTP/1.1\r\nHost: a\r\n${lines}\r\n`);
    });
    const server = one(spans, SERVER);
    expect(server.traceId).not.toBe(TRACE);
    expect(server.parentSpanId ?? '').toBe('');
    expect(upstream.requests.at(-1)?.values('traceparent')).toEqual([
      `00-${server.traceId}-${one(spans, CLIENT).spanId}-01`,
    ]);
  });

  it('are named by the log and by exemplars', async () => {
    house = await observedHouse(config(otlp(collector.url)));
    const metrics = async () =>
      (await fetch(`${house?.admin}/metrics`, { headers: { Accept: 'application/openmetrics-text' } })).text();
    await metrics();
    await fetch(`${house.url}/open/1`, { headers: { traceparent: `00-${TRACE}-${PARENT}-01` } });
    expect(house.lines().find((line) => line.includes('/open/1'))).toContain(`"trace_id":"${TRACE}"`);
    expect(await metrics()).toContain(`# {trace_id="${TRACE}"}`);
  });

  it('are counted and told of when no collector takes them', async () => {
    const refusing = await startTraceCollector(400);
    house = await observedHouse(config(otlp(refusing.url)));
    await fetch(`${house.url}/open/1`);
    const lines = house.lines;
    await house.close();
    house = undefined;
    expect(lines().some((line) => line.includes('"event":"traces_lost"'))).toBe(true);
    await refusing.close();
  });
});

describe('without tracing', () => {
  it('the context of the caller goes upstream as it came', async () => {
    const house = await observedHouse(config(''));
    const headers = { traceparent: 'whatever-it-says', tracestate: 'a=b' };
    await fetch(`${house.url}/open/1`, { headers });
    await house.close();
    const sent = upstream.requests.at(-1);
    expect(sent?.values('traceparent')).toEqual(['whatever-it-says']);
    expect(sent?.values('tracestate')).toEqual(['a=b']);
  });
});

describe('in an app that has a provider of its own', () => {
  it('spans go there', async () => {
    const exporter = new InMemorySpanExporter();
    trace.setGlobalTracerProvider(new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
    try {
      const house = await observedHouse(config(''));
      await fetch(`${house.url}/open/1`);
      await house.close();
      expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(['GET', 'GET open']);
    } finally {
      trace.disable();
    }
  });
});
