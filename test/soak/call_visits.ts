import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { exchange } from '../support/raw_client.ts';
import type { Caller } from './caller.ts';
import type { Holding, Holdings } from './holdings.ts';
import { expectStatus, never, type Visit } from './visit.ts';

/** Milliseconds after which no node may let a revoked token in, whatever is broken. */
const REVOKED_EVERYWHERE = 5_000;
const SHORTEST_STREAM = 3_000;
const LONGEST_STREAM = 12_000;

const streamTime = () => SHORTEST_STREAM + Math.random() * (LONGEST_STREAM - SHORTEST_STREAM);

/** A good token must never be refused for being bad. One that is being revoked or refreshed meanwhile may be. */
function expectLetIn(status: number, held: Holding): 'in' | 'out' {
  if (status !== 401 && status !== 403) {
    expectStatus({ status }, 200);
    return 'in';
  }
  if (held.state === 'live') never(`a good token answered ${status}`);
  return 'out';
}

/** What apps, and others, do at the routes. */
export function callVisits(caller: Caller, holdings: Holdings): Readonly<Record<string, Visit>> {
  const withToken =
    (visit: (node: Parameters<Visit>[0], held: Holding) => Promise<void>): Visit =>
    async (node) => {
      const held = holdings.pick();
      if (held) await visit(node, held);
    };

  return {
    get: withToken(async (node, held) => {
      const { status } = await caller.ask(node, { path: '/api/things?page=2', token: held.access });
      expectLetIn(status, held);
    }),

    upload: withToken(async (node, held) => {
      const body = Buffer.alloc(65_536 * (1 + Math.floor(Math.random() * 15)));
      const answer = await caller.ask(node, { method: 'POST', path: '/api/upload', token: held.access, body });
      if (expectLetIn(answer.status, held) === 'in' && answer.body !== JSON.stringify({ received: body.length }))
        never('an upload arrived in part');
    }),

    open: async (node) => expectStatus(await caller.ask(node, { path: '/open/page' }), 200),

    async revoked(node) {
      const token = holdings.pickRevoked(REVOKED_EVERYWHERE);
      if (token === undefined) return;
      const { status } = await caller.ask(node, { path: '/api/things', token });
      if (status === 200) never('a revoked token was let in');
      expectStatus({ status }, 401);
    },

    async unknown_token(node) {
      const token = `gha_${randomBytes(30).toString('base64url')}`;
      const { status } = await caller.ask(node, { path: '/api/things', token });
      if (status === 200) never('an invented token was let in');
      expectStatus({ status }, 401);
    },

    no_token: async (node) => expectStatus(await caller.ask(node, { path: '/api/things' }), 401),
    wrong_scope: withToken(async (node, held) => {
      const answer = await caller.ask(node, { path: '/rare/things', token: held.access });
      expectStatus(answer, 403, ...(held.state === 'live' ? [] : [401]));
    }),

    async nonsense(node) {
      const bytes = [
        'GET /api/..%2fopen HTTP/1.1\r\nHost: a\r\n\r\n',
        'GET /api/x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
        'POST /api/x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
        'what is this\r\n\r\n',
      ];
      const one = bytes[Math.floor(Math.random() * bytes.length)] ?? '';
      expectStatus(await exchange(Number(new URL(node.gatehouse.url).port), one), 400);
    },

    leave: withToken(async (node, held) => {
      // Errors are what the caller wants here.
      await caller.ask(node, { path: '/api/slow', token: held.access, leaveAfter: 50 }).catch(() => {});
      const body = Buffer.alloc(2_000_000);
      const upload = { method: 'POST', path: '/api/upload', token: held.access, body, leaveAfter: 3 };
      await caller.ask(node, upload).catch(() => {});
    }),

    events: withToken(async (node, held) => {
      const time = streamTime();
      const answer = await caller.begin(node.gatehouse.url, { path: '/api/events', token: held.access });
      let ticks = 0;
      answer.on('data', () => (ticks += 1));
      answer.on('error', () => {});
      if (answer.statusCode !== 200) answer.resume();
      if (expectLetIn(answer.statusCode ?? 0, held) === 'out') return;
      // Not `once`, which rejects when the stream is cut: that is right as soon as its token is dead.
      const ended = new Promise((resolve) => answer.once('close', () => resolve('ended')));
      const outcome = await Promise.race([ended, delay(time, 'went on')]);
      answer.destroy();
      // Five a second; a tenth of them, because the machine may be busy.
      if (outcome === 'went on' && ticks < time / 2_000) throw new Error('events did not come');
      if (outcome === 'ended' && held.state === 'live') throw new Error('a stream was cut');
    }),

    socket: withToken(async (node, held) => {
      const until = performance.now() + streamTime();
      const headers = { authorization: `Bearer ${held.access}` };
      const socket = new WebSocket(`${node.gatehouse.url.replace('http', 'ws')}/api/socket`, { headers });
      socket.on('error', () => {});
      let refused = 0;
      socket.on('unexpected-response', (_, answer) => {
        refused = answer.statusCode ?? 0;
        answer.destroy();
      });
      const closed = new Promise((resolve) => socket.once('close', () => resolve('closed')));
      const opened = await Promise.race([once(socket, 'open').catch(() => 'closed'), closed, delay(10_000, 'closed')]);
      if (opened === 'closed') {
        socket.terminate();
        if (refused !== 0 && expectLetIn(refused, held) === 'out') return;
        throw new Error(`a WebSocket was not opened: ${refused}`);
      }
      while (performance.now() < until) {
        const echoed = new Promise((resolve) => socket.once('message', () => resolve('echoed')));
        if (socket.readyState === WebSocket.OPEN) socket.send('hello');
        const outcome = await Promise.race([echoed, closed, delay(10_000, 'silent')]);
        if (outcome !== 'echoed') {
          socket.terminate();
          if (held.state === 'live') throw new Error(`a WebSocket is ${String(outcome)}`);
          return;
        }
        await delay(1_000);
      }
      socket.close();
      await Promise.race([closed, delay(5_000)]);
      socket.terminate();
    }),
  };
}
