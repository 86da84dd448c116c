import { once } from 'node:events';
import { createConnection } from 'node:net';
import { connect } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createListener, type ListenerOptions } from '../../src/http/listener.ts';
import type { Exchange } from '../../src/model/exchange.ts';
import { milliseconds } from '../../src/model/units.ts';
import { type RawClient, rawClient } from '../support/raw_client.ts';
import { selfSigned } from './self_signed.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

async function bounded(
  maxConnections: number,
  tls?: { cert: string; key: string },
  more: Partial<ListenerOptions> = {},
) {
  const exchanges: Exchange[] = [];
  const listener = createListener({
    ...{ host: '127.0.0.1', port: 0, maxConnections, tls },
    ...more,
    handle: (_request, response) => response.end('ok'),
    report: (exchange) => exchanges.push(exchange),
  });
  onTestFinished(() => listener.drain(milliseconds(0)));
  return { port: Number(new URL(await listener.listen()).port), exchanges };
}

/** A connection that is kept alive after an answer. */
async function keptAlive(port: number): Promise<RawClient> {
  const client = rawClient(port);
  onTestFinished(() => client.close());
  client.send(GET);
  expect((await client.response()).status).toBe(200);
  return client;
}

describe('more connections than are allowed', () => {
  it('are told so and closed, while those that are open are served', async () => {
    const { port, exchanges } = await bounded(2);
    const [first, second] = [await keptAlive(port), await keptAlive(port)];
    const third = rawClient(port);
    const refused = await third.response();
    expect(refused.status).toBe(503);
    expect(refused.values('retry-after')).toEqual(['1']);
    expect(refused.values('connection')).toEqual(['close']);
    await third.closed();
    expect(exchanges).toMatchObject([{ status: 503, refused: 'temporarily_unavailable', method: '', path: '' }]);
    first.send(GET);
    expect((await first.response()).status).toBe(200);
    second.close();
    // The place becomes free when the listener has seen the end.
    const again = async () => {
      const client = rawClient(port);
      client.send(GET);
      const { status } = await client.response().finally(() => client.close());
      return status;
    };
    await expect.poll(again, { timeout: 5_000, interval: 10 }).toBe(200);
  });

  it('are closed before a TLS handshake', async () => {
    const { port, exchanges } = await bounded(1, await selfSigned());
    const first = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    onTestFinished(() => void first.destroy());
    await once(first, 'secureConnect');
    const second = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    const [error] = await once(second, 'error');
    expect(error).toMatchObject({ code: 'ECONNRESET' });
    expect(exchanges).toMatchObject([{ status: 503 }]);
  });
});

describe('more connections from one address than one may have', () => {
  it('are told so and closed, and leave room for others', async () => {
    const { port } = await bounded(100, undefined, { maxConnectionsPerAddress: 2 });
    const [first, second] = [await keptAlive(port), await keptAlive(port)];
    const third = rawClient(port);
    expect((await third.response()).status).toBe(503);
    await third.closed();
    const other = createConnection({ port, host: '127.0.0.1', localAddress: '127.0.0.2' });
    onTestFinished(() => void other.destroy());
    other.write(GET);
    const [answer] = await once(other, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 200 /);
    first.send(GET);
    expect((await first.response()).status).toBe(200);
    second.close();
    const again = async () => {
      const client = rawClient(port);
      client.send(GET);
      const { status } = await client.response().finally(() => client.close());
      return status;
    };
    await expect.poll(again, { timeout: 5_000, interval: 10 }).toBe(200);
  });

  it('are served if they come from a proxy that is trusted', async () => {
    const { port } = await bounded(100, undefined, {
      maxConnectionsPerAddress: 2,
      isProxy: (address) => address === '127.0.0.1',
    });
    await Promise.all(Array.from({ length: 5 }, () => keptAlive(port)));
  });
});

it('a thousand idle connections stay open and are answered', async () => {
  const { port } = await bounded(20_000);
  const clients = await Promise.all(Array.from({ length: 1_000 }, () => keptAlive(port)));
  for (const client of clients) client.send(GET);
  const answers = await Promise.all(clients.map((client) => client.response()));
  expect(answers.every(({ status }) => status === 200)).toBe(true);
});
