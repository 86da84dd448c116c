import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { createListener } from '../../src/http/listener.ts';
import { milliseconds } from '../../src/model/units.ts';
import { rawClient } from '../support/raw_client.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

/** A listener whose requests wait to be answered by the test. */
async function heldListener() {
  const waiting: ((response: ServerResponse) => void)[] = [];
  const arrived: ServerResponse[] = [];
  const handle = (_request: IncomingMessage, response: ServerResponse) => {
    const next = waiting.shift();
    if (next) next(response);
    else arrived.push(response);
  };
  const listener = createListener({ host: '127.0.0.1', port: 0, handle });
  onTestFinished(() => listener.drain(milliseconds(0)));
  const port = Number(new URL(await listener.listen()).port);
  const next = () => {
    const past = arrived.shift();
    return past ? Promise.resolve(past) : new Promise<ServerResponse>((resolve) => waiting.push(resolve));
  };
  return { listener, port, next };
}

it('lets a request in flight finish and then closes its connection', async () => {
  const { listener, port, next } = await heldListener();
  const client = rawClient(port);
  client.send(GET);
  const response = await next();
  const drained = listener.drain(milliseconds(5_000));
  response.writeHead(200, ['Content-Length', '4']).end('done');
  const answer = await client.response();
  expect(answer).toMatchObject({ status: 200, body: 'done', complete: true });
  expect(answer.values('connection')).toEqual(['close']);
  await client.closed();
  await drained;
});

it('closes idle connections and the door at once', async () => {
  const { listener, port, next } = await heldListener();
  const idle = rawClient(port);
  idle.send(GET);
  (await next()).end('ok');
  await idle.response();
  const began = performance.now();
  await Promise.all([listener.drain(milliseconds(5_000)), idle.closed()]);
  expect(performance.now() - began).toBeLessThan(500);
  const late = rawClient(port);
  const [error] = await once(late.socket, 'error');
  expect(error).toMatchObject({ code: 'ECONNREFUSED' });
});

it('answers a request that was already on the way when it began', async () => {
  const { listener, port, next } = await heldListener();
  const client = rawClient(port);
  await once(client.socket, 'connect');
  const other = rawClient(port);
  other.send(GET);
  const held = await next();
  const drained = listener.drain(milliseconds(5_000));
  client.send(GET);
  (await next()).end('late');
  expect((await client.response()).values('connection')).toEqual(['close']);
  held.end('held');
  await drained;
});

it('answers the next request of a connection that was kept alive, if it was already on the way', async () => {
  const { listener, port, next } = await heldListener();
  const client = rawClient(port);
  client.send(GET);
  (await next()).end('first');
  await client.response();
  client.send(GET);
  const drained = listener.drain(milliseconds(5_000));
  (await next()).end('second');
  const answer = await client.response();
  expect(answer).toMatchObject({ status: 200, complete: true });
  expect(answer.values('connection')).toEqual(['close']);
  await drained;
});

it('does not wait for a connection that says nothing', async () => {
  const { listener, port } = await heldListener();
  const silent = rawClient(port);
  await once(silent.socket, 'connect');
  const began = performance.now();
  await listener.drain(milliseconds(30_000));
  expect(performance.now() - began).toBeLessThan(3_000);
  await silent.closed();
});

it('closes a connection whose answer had promised to keep it open', async () => {
  const { listener, port, next } = await heldListener();
  const client = rawClient(port);
  client.send(GET);
  const response = await next();
  response.writeHead(200, { 'Content-Length': '8' }).write('half');
  while (client.socket.bytesRead === 0) await once(client.socket, 'data');
  const drained = listener.drain(milliseconds(5_000));
  const began = performance.now();
  response.end('half');
  expect(await client.response()).toMatchObject({ body: 'halfhalf', complete: true });
  await client.closed();
  await drained;
  expect(performance.now() - began).toBeLessThan(700);
});

it('cuts what has not finished when the time is up', async () => {
  const { listener, port, next } = await heldListener();
  const client = rawClient(port);
  client.send(GET);
  await next();
  const began = performance.now();
  await listener.drain(milliseconds(300));
  expect(performance.now() - began).toBeGreaterThan(250);
  expect(await client.closed()).toHaveLength(0);
});

it('may be asked twice, and before it ever listened', async () => {
  const { listener } = await heldListener();
  await Promise.all([listener.drain(milliseconds(1_000)), listener.drain(milliseconds(1_000))]);
  const never = createListener({ host: '127.0.0.1', port: 0, handle: () => {} });
  await never.drain(milliseconds(1_000));
});
