import { once } from 'node:events';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { deadlines } from '../../src/gateway/upstream/deadlines.ts';
import { milliseconds } from '../../src/model/units.ts';
import { type LaneName, route, startLaneServer } from '../support/lane_server.ts';
import { rawClient } from '../support/raw_client.ts';
import { startRecordingUpstream } from '../support/recording_upstream.ts';

/** Callers that read their answers late, or never: the first get all of it, of the others nothing stays behind. */

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const it of open.splice(0).reverse()) await it.close();
});

/** Far more than what systems hold between two ends of a connection. */
const LONG = 24 * 1024 * 1024;
/** More than a connection holds, and little enough to be read in one go. */
const SHORT = 50_000;
const answerOf = (size: number) =>
  Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`), Buffer.alloc(size, 'x')]);

async function start(via: LaneName, idleTimeout = 5_000, size = SHORT) {
  const upstream = await startRecordingUpstream(() => answerOf(size));
  const terms = { idleTimeout: milliseconds(idleTimeout) };
  const lane = await startLaneServer({
    via,
    routes: [route('/*', upstream.origin, { auth: 'none', upstream: terms })],
  });
  open.push(upstream, lane);
  return lane;
}

describe.each(['full', 'fast'] as const)('through the %s lane', (via) => {
  it('nothing is left of a caller who never reads', async () => {
    const watched = new Set<object>();
    const { watch, forget } = deadlines;
    vi.spyOn(deadlines, 'watch').mockImplementation((each) => {
      watched.add(each);
      watch.call(deadlines, each);
    });
    vi.spyOn(deadlines, 'forget').mockImplementation((each) => {
      watched.delete(each);
      forget.call(deadlines, each);
    });
    const lane = await start(via, 300, LONG);
    const client = rawClient(lane.port);
    client.socket.pause();
    client.send('GET /x HTTP/1.1\r\nHost: g\r\n\r\n');
    await lane.reported();
    client.close();
    await expect.poll(() => watched.size).toBe(0);
  });
});

/** A connection whose other end takes nothing until it is told to. */
function slowConnection() {
  let take = () => {};
  const taken: Buffer[] = [];
  const connection = new Duplex({
    highWaterMark: 16_384,
    read() {},
    write(chunk: Buffer, _encoding, done) {
      taken.push(chunk);
      take = done;
    },
  });
  return { connection, taken, take: () => take() };
}

describe('in the fast lane, an answer that is written and not yet taken', () => {
  const ask = async (more: string) => {
    const lane = await start('fast');
    const { connection, taken, take } = slowConnection();
    lane.fastLane?.take(connection as Socket, () => {});
    connection.push(`GET /x HTTP/1.1\r\nHost: g\r\n${more}\r\n`);
    await lane.reported();
    return { lane, connection, taken, take };
  };

  it('waits for its caller when it is the last one of its connection', async () => {
    const { connection, taken, take } = await ask('Connection: close\r\n');
    await new Promise((resolve) => setTimeout(resolve, 1_800));
    expect(connection.destroyed).toBe(false);
    while (!connection.writableFinished) {
      take();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(Buffer.concat(taken).length).toBeGreaterThan(SHORT);
  });

  it('waits for its caller when the listener drains', async () => {
    const { lane, connection, taken, take } = await ask('');
    lane.fastLane?.drain();
    await new Promise((resolve) => setTimeout(resolve, 900));
    expect(connection.destroyed).toBe(false);
    while (connection.writableLength > 0) {
      take();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(Buffer.concat(taken).length).toBeGreaterThan(SHORT);
    await once(connection, 'close');
  });
});
