/**
 * The threat: a core, a heap snapshot or a swapped page of the gateway is full of tokens that can still be used. Tokens are got and
 * used in every way that keeps a connection, and all connections stay open.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type CertificateFiles, makeSelfSigned } from '../http/self_signed.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { heapOf, snapshotsInto } from '../support/heap_snapshot.ts';
import { isLong, measured } from '../support/measured.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording_upstream.ts';
import { type RedisServer, startRedis } from '../support/redis_server.ts';

let certificate: CertificateFiles & { remove(): Promise<void> };
let ca: string;
let folder: string;
let redis: RedisServer;
let upstream: RecordingUpstream;
let gatehouse: GatehouseProcess;

beforeAll(async () => {
  [certificate, redis, upstream, folder] = await Promise.all([
    makeSelfSigned(),
    startRedis(),
    startRecordingUpstream(),
    mkdtemp(join(tmpdir(), 'gatehouse-memory-')),
  ]);
  ca = await readFile(certificate.cert, 'utf8');
  setDefaultCACertificates([...getCACertificates(), ca]);
  gatehouse = await startGatehouse(
    `
listen: { host: 127.0.0.1, port: 0, max_delay: 1m, tls: { cert: ${certificate.cert}, key: ${certificate.key} } }
admin: { host: 127.0.0.1, port: 0 }
store: { type: redis, url: '${redis.url}' }
log: { level: debug }
routes:
  - { name: api, path: /api/*, upstream: '${upstream.origin}' }
  - { name: demo, path: /demo/*, upstream: demo, strip_prefix: /demo }
clients: [{ id: service, secret: of-the-service, grants: [client_credentials], scopes: [read] }]
`,
    snapshotsInto(folder),
  );
});
afterAll(async () => {
  for (const agent of Object.values(agents)) agent.destroy();
  for (const socket of sockets) socket.terminate();
  leaving.abort();
  await gatehouse.stop();
  await Promise.all([redis.stop(), upstream.close(), certificate.remove(), rm(folder, { recursive: true })]);
});

const agents = { fast: agent(), full: agent(), chunked: agent(), events: agent() };
const sockets: WebSocket[] = [];
const ongoing: Promise<void>[] = [];
const leaving = new AbortController();
/** So long that a part of a text would be kept as one. */
const EVENTS = '/demo/a/path/that/is/told/in/the/log/events';
const SECOND = 'id: 2\n';

function agent(): Agent {
  return new Agent({ keepAlive: true, maxFreeSockets: 200 });
}
/** A call over HTTP/1.1 on a connection that is kept. */
function kept(over: Agent, token: string | undefined, headers: Record<string, string>, body?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const method = body === undefined ? 'GET' : 'POST';
    const options = { agent: over, ca, method, headers: { ...authorization, ...headers } };
    request(`${gatehouse.url}/api/x`, options, (answer) => {
      answer
        .on('end', () => resolve(answer.statusCode ?? 0))
        .on('error', reject)
        .resume();
    })
      .on('error', reject)
      .end(body);
  });
}
const header = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

async function overHttp2(path: string, token?: string): Promise<number> {
  const answer = await fetch(gatehouse.url + path, token === undefined ? {} : header(token));
  await answer.bytes();
  return answer.status;
}

/** An answer that goes on. @returns its status as soon as its head is there; `ongoing` has when it is known to go on. */
function eventsOver(over: Agent, token: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = { agent: over, ca, headers: { authorization: `Bearer ${token}`, ...headers } };
    request(gatehouse.url + EVENTS, options, (answer) => {
      resolve(answer.statusCode ?? 0);
      ongoing.push(until(answer, SECOND));
    })
      .on('error', reject)
      .end();
  });
}

async function eventsOverHttp2(token: string): Promise<number> {
  const answer = await fetch(gatehouse.url + EVENTS, { ...header(token), signal: leaving.signal });
  if (answer.body !== null) ongoing.push(until(answer.body, SECOND));
  return answer.status;
}

/** Reads until this was read, and then goes on; or until the stream is cut, as where a busy machine's Redis gives no answer. */
function until(bytes: AsyncIterable<Uint8Array>, wanted: string): Promise<void> {
  return new Promise((resolve) => {
    const read = async () => {
      let text = '';
      for await (const chunk of bytes) {
        text += Buffer.from(chunk).toString('latin1');
        if (text.includes(wanted)) resolve();
      }
    };
    read().then(resolve, () => resolve());
  });
}

function tunnel(token: string): Promise<number> {
  const socket = new WebSocket(`${gatehouse.url.replace('https', 'wss')}/demo/socket`, { ca, ...header(token) });
  sockets.push(socket);
  return new Promise((resolve, reject) => {
    socket
      .on('open', () => resolve(200))
      .on('unexpected-response', (_asked, answer) => resolve(answer.resume().statusCode ?? 0))
      .on('error', reject);
  });
}

async function issue(): Promise<string> {
  const form = { grant_type: 'client_credentials', client_id: 'service', client_secret: 'of-the-service' };
  let token = '';
  await served(async () => {
    const answer = await fetch(`${gatehouse.url}/oauth2/token`, { method: 'POST', body: new URLSearchParams(form) });
    token = ((await answer.json()) as { access_token: string }).access_token;
    return answer.status;
  });
  return token;
}

/** On a busy machine some are told to come again. */
async function served(ask: () => Promise<number>): Promise<number> {
  for (let left = 20; ; left--) {
    const status = await ask();
    if (status !== 503 || left === 0) return status;
  }
}

const MANY = isLong() ? 200 : 40;
/** How a token is used, and how many are. */
const WAYS: Readonly<Record<string, readonly [number, (token: string) => Promise<number>]>> = {
  'over HTTP/2': [MANY * 2, (token) => overHttp2('/api/x', token)],
  'on the fast lane': [MANY, (token) => kept(agents.fast, token, {})],
  'on the full lane': [MANY, (token) => kept(agents.full, token, { te: 'trailers' })],
  'on the full lane with a body in chunks': [
    MANY,
    (token) => kept(agents.chunked, token, { 'transfer-encoding': 'chunked' }, 'body'),
  ],
  'for a WebSocket that is open': [10, tunnel],
  'for events over HTTP/2': [10, eventsOverHttp2],
  'for events on the fast lane': [10, (token) => eventsOver(agents.events, token, {})],
  'for events on the full lane': [10, (token) => eventsOver(agents.events, token, { te: 'trailers' })],
};
const AT_ONCE = 20;

it('holds no raw token that was used, whatever stays open', { timeout: 120_000 }, async () => {
  const used = new Map<string, string>();
  for (const [way, [count, use]] of Object.entries(WAYS)) {
    for (let done = 0; done < count; done += AT_ONCE) {
      const fresh = await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - done) }, issue));
      for (const status of await Promise.all(fresh.map((token) => served(() => use(token)))))
        expect(status, way).toBe(200);
      for (const token of fresh) used.set(token, way);
    }
  }
  // An answer may be here before the turn in which it was written is over, and its request is let go of at the end of that. Whatever
  // is answered now came in a later one.
  expect(await served(() => overHttp2('/api/x'))).toBe(401);
  for (const over of Object.values(agents)) expect(await served(() => kept(over, undefined, {}))).toBe(401);

  // Of what goes on for longer than most, more is let go of; a second event comes a second later.
  await Promise.all(ongoing);

  const text = await heapOf(gatehouse, folder);
  // It holds what is kept of a token: whom it was given to.
  expect(text).toContain('service');
  const found = [...new Set(text.match(/gha_[\w-]{40}/g))].map((token) => used.get(token)).filter(Boolean);
  expect(found).toEqual([]);
  measured({
    id: 'H1',
    what: 'raw tokens left in the heap after all were used, with all connections open',
    count: used.size,
    max: found.length,
    unit: 'tokens',
  });
});
