import { once } from 'node:events';
import { type AddressInfo, connect, createServer, Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { emitReads, lasting, READS, readInto } from '../../src/gateway/reads.ts';
import { route, startLaneServer } from '../support/lane_server.ts';
import { rawClient } from '../support/raw_client.ts';
import { startRecordingUpstream } from '../support/recording_upstream.ts';

const open: { close(): Promise<void> | void }[] = [];
afterEach(async () => {
  for (const it of open.splice(0).reverse()) await it.close();
});

/** Both ends of a connection. */
async function pair(): Promise<{ readonly accepted: Socket; readonly caller: Socket }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const caller = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [accepted] = (await once(server, 'connection')) as [Socket];
  open.push({ close: () => void server.close() }, { close: () => void caller.destroy() });
  return { accepted, caller };
}

/** Resolves with what lies there after the next read. */
function nextRead(): { readonly onRead: (length: number) => void; readonly read: () => Promise<string> } {
  let tell: (text: string) => void = () => {};
  return {
    onRead: (length) => tell(READS.toString('latin1', 0, length)),
    read: () => new Promise((resolve) => (tell = resolve)),
  };
}

it('an accepted connection of this Node is read without events, to its end', async () => {
  const { accepted, caller } = await pair();
  const { onRead, read } = nextRead();
  expect(readInto(accepted, onRead)).toBe(true);
  for (const text of ['one', 'two']) {
    const come = read();
    caller.write(text);
    expect(await come).toBe(text);
  }
  caller.end();
  await once(accepted, 'end');
});

it('a pause holds back what comes meanwhile', async () => {
  const { accepted, caller } = await pair();
  const { onRead, read } = nextRead();
  readInto(accepted, onRead);
  accepted.pause();
  let early = false;
  const come = read().then((text) => [text, early]);
  caller.write('later');
  await new Promise((resolve) => setTimeout(resolve, 50));
  early = true;
  accepted.resume();
  expect(await come).toEqual(['later', true]);
});

it('emits events again when it is asked to', async () => {
  const { accepted, caller } = await pair();
  readInto(accepted, () => {});
  emitReads(accepted);
  caller.write('once more');
  const [chunk] = (await once(accepted, 'data')) as [Buffer];
  expect(chunk.toString()).toBe('once more');
  expect(chunk.buffer).not.toBe(READS.buffer);
});

it('leaves alone what it does not know: no handle, or the option is taken', async () => {
  expect(readInto(new Socket(), () => {})).toBe(false);
  const { accepted } = await pair();
  const first = nextRead();
  expect(readInto(accepted, first.onRead)).toBe(true);
  expect(readInto(accepted, () => {})).toBe(false);
});

it('copies what is to last, and nothing that lies elsewhere', () => {
  READS.write('short');
  const kept = lasting(READS.subarray(0, 5));
  READS.write('other');
  expect(kept.toString()).toBe('short');
  const own = Buffer.from('own');
  expect(lasting(own)).toBe(own);
});

it('a connection that was handed over may be reset, and others go on', async () => {
  const upstream = await startRecordingUpstream();
  const lane = await startLaneServer({ via: 'fast', routes: [route('/*', upstream.origin, { auth: 'none' })] });
  open.push(upstream, lane);
  const CHUNKED = 'POST /x HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n';
  for (let call = 0; call < 3; call++) {
    const client = rawClient(lane.port);
    client.send(CHUNKED);
    expect((await client.response('POST')).status).toBe(200);
    const ended = once(lane.server, 'clientError');
    lane.server.once('clientError', (_error, socket) => socket.destroy());
    client.socket.resetAndDestroy();
    await ended;
  }
  expect(lane.fastLane?.stats()).toMatchObject({ handedOver: 3 });
  const client = rawClient(lane.port);
  client.send('GET /x HTTP/1.1\r\nHost: g\r\n\r\n');
  expect((await client.response()).status).toBe(200);
  client.close();
});
