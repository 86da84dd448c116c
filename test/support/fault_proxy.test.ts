import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FaultProxy, startFaultProxy } from './fault_proxy.ts';

/** The proxy that other tests break things with must itself do what it says. */

const echo = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
  socket.on('error', () => {});
  socket.pipe(socket);
});
let proxy: FaultProxy;

beforeEach(async () => {
  if (!echo.listening) await once(echo.listen(0, '127.0.0.1'), 'listening');
  proxy = await startFaultProxy({ host: '127.0.0.1', port: (echo.address() as AddressInfo).port });
});
afterEach(() => proxy.close());

async function dial(): Promise<Socket> {
  const socket = connect({ host: proxy.host, port: proxy.port, noDelay: true });
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Sends a text and collects what comes back until it is as long, or the time is over. */
async function echoed(
  socket: Socket,
  text: string,
  within = 2_000,
): Promise<{ text: string; pieces: number; ms: number }> {
  const began = performance.now();
  let [back, pieces] = ['', 0];
  const whole = new Promise<void>((resolve) => {
    const take = (bytes: Buffer): void => {
      back += String(bytes);
      pieces += 1;
      if (back.length < text.length) return;
      socket.off('data', take);
      resolve();
    };
    socket.on('data', take);
  });
  socket.write(text);
  await Promise.race([whole, delay(within)]);
  return { text: back, pieces, ms: performance.now() - began };
}

describe('a fault proxy', () => {
  it('passes bytes and ends as they come while it is sound', async () => {
    const socket = await dial();
    expect((await echoed(socket, 'hello')).text).toBe('hello');
    socket.end();
    await once(socket, 'close');
    await expect.poll(() => proxy.connections()).toEqual({ open: 0, total: 1 });
  });

  it('delays open connections, and keeps the order', async () => {
    const socket = await dial();
    await echoed(socket, 'before');
    proxy.set({ latency: 60 });
    const late = await echoed(socket, 'late');
    expect(late).toMatchObject({ text: 'late' });
    expect(late.ms).toBeGreaterThan(115);
    socket.write('one');
    proxy.heal();
    // What is held goes out in its time, and nothing overtakes it.
    expect((await echoed(socket, 'two', 500)).text).toMatch(/^one/);
  });

  it('never lets a byte overtake another, however the delay changes', async () => {
    const socket = await dial();
    let back = '';
    socket.on('data', (bytes) => (back += String(bytes)));
    let sent = '';
    for (let round = 0; round < 300; round += 1) {
      proxy.set({ latency: (300 - round) / 10 });
      const piece = `${round} `;
      sent += piece;
      socket.write(piece);
      if (round % 3 === 0) await delay(0);
    }
    await expect.poll(() => back).toBe(sent);
  });

  it('limits the bandwidth and slices', async () => {
    const socket = await dial();
    proxy.set({ bandwidth: 10_000 });
    expect((await echoed(socket, 'x'.repeat(1_000))).ms).toBeGreaterThan(95);
    proxy.set({ bandwidth: 0, slice: 1, latency: 1 });
    expect((await echoed(socket, 'abcdef')).text).toBe('abcdef');
  });

  it('swallows requests, answers or everything', async () => {
    for (const swallow of ['requests', 'answers', 'everything'] as const) {
      proxy.heal();
      const socket = await dial();
      await echoed(socket, 'a');
      proxy.set({ swallow });
      expect((await echoed(socket, 'b', 50)).text).toBe('');
      expect(socket.destroyed).toBe(false);
      proxy.heal();
      expect((await echoed(socket, 'c')).text).toBe('c');
    }
  });

  it('cuts and resets only the connections that are meant, by what they said first', async () => {
    const [one, other] = [await dial(), await dial()];
    await echoed(one, 'I am one');
    await echoed(other, 'I am the other');
    const error = once(one, 'error');
    proxy.reset((opening) => opening.includes('one'));
    expect(String(await error)).toContain('ECONNRESET');
    expect((await echoed(other, 'still here')).text).toBe('still here');
    const end = once(other, 'end');
    proxy.cut();
    await end;
  });

  it('resets or hangs new connections', async () => {
    proxy.set({ accept: 'reset' });
    const refused = connect({ host: proxy.host, port: proxy.port });
    refused.on('error', () => {});
    await new Promise((resolve) => refused.once('close', resolve));
    proxy.set({ accept: 'hang' });
    expect((await echoed(await dial(), 'anyone?', 50)).text).toBe('');
  });

  it('leaves the other side half-open', async () => {
    const socket = await dial();
    await echoed(socket, 'a');
    const closings = new Promise((resolve) => echo.once('connection', (peer) => peer.once('close', resolve)));
    proxy.set({ halfOpen: true });
    const second = await dial();
    await echoed(second, 'a');
    second.resetAndDestroy();
    expect(await Promise.race([closings.then(() => 'told'), delay(60, 'not told')])).toBe('not told');
  });
});
