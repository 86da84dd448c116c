import { afterEach, describe, expect, it } from 'vitest';
import { milliseconds } from '../../src/model/units.ts';
import { type LaneServer, route, startLaneServer } from '../support/lane_server.ts';
import { type RawClient, rawClient } from '../support/raw_client.ts';
import { type RecordingUpstream, type Script, startRecordingUpstream } from '../support/recording_upstream.ts';

const CHUNKED = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n';
const EVENTS =
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\nTransfer-Encoding: chunked\r\n\r\n';
const chunk = (bytes: Buffer | string): Buffer =>
  Buffer.concat([Buffer.from(`${Buffer.byteLength(bytes).toString(16)}\r\n`), Buffer.from(bytes), Buffer.from('\r\n')]);

let server: LaneServer | undefined;
let upstream: RecordingUpstream | undefined;
let client: RawClient | undefined;
afterEach(async () => {
  client?.close();
  await server?.close();
  await upstream?.close();
});

/** A gateway before an upstream that does this, and a client of it. @param more terms of the upstream. */
async function start(script: Script, more: { readonly idleTimeout?: number; readonly timeout?: number } = {}) {
  const there = await startRecordingUpstream(script);
  const idleTimeout = milliseconds(more.idleTimeout ?? 5_000);
  const timeout = milliseconds(more.timeout ?? 5_000);
  const here = await startLaneServer({
    routes: [route('/open/*', there.origin, { auth: 'none', upstream: { idleTimeout, timeout } })],
  });
  const caller = rawClient(here.port);
  [upstream, server, client] = [there, here, caller];
  return { here, there, caller };
}

const get = (path: string, lines: readonly string[] = []): string =>
  `${[`GET /open/${path} HTTP/1.1`, 'Host: x', ...lines].join('\r\n')}\r\n\r\n`;

/** Everything that came so far and on, as text, until it matches. */
function reader(caller: RawClient) {
  let text = '';
  caller.socket.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')));
  return async (pattern: RegExp): Promise<string> => {
    await expect.poll(() => text, { interval: 5 }).toMatch(pattern);
    return text;
  };
}

describe('trailers of an answer', () => {
  const answer = `${CHUNKED}2\r\nok\r\n0\r\nX-Checksum: abc\r\nServer-Timing: db;dur=5\r\n\r\n`;

  it('reach callers that want them', async () => {
    const { caller } = await start(() => answer);
    const seen = reader(caller);
    caller.send(get('a', ['TE: gzip;q=0.5, Trailers']));
    expect(await seen(/\r\n\r\n$/)).toMatch(/2\r\nok\r\n0\r\nX-Checksum: abc\r\nServer-Timing: db;dur=5\r\n\r\n$/);
  });

  it('do not reach others, and the answer is as whole', async () => {
    const { caller } = await start(() => answer);
    const seen = reader(caller);
    caller.send(get('a'));
    const text = await seen(/0\r\n\r\n$/);
    expect(text).toMatch(/2\r\nok\r\n0\r\n\r\n$/);
    expect(text).not.toContain('X-Checksum');
  });

  it('cannot say what belongs into the head, or speak for the gateway', async () => {
    const forbidden = [
      'Content-Length: 5',
      'Set-Cookie: a=b',
      'Location: /',
      'X-Request-Id: made-up',
      'Connection: close',
    ];
    const { caller } = await start(() => `${CHUNKED}2\r\nok\r\n0\r\n${forbidden.join('\r\n')}\r\nX-Sum: 1\r\n\r\n`);
    const seen = reader(caller);
    caller.send(get('a', ['TE: trailers']));
    expect(await seen(/0\r\n[\s\S]*\r\n\r\n$/)).toMatch(/2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n$/);
  });

  it('are not asked for in the name of the caller, and those of a request stay here', async () => {
    const { there, caller } = await start(() => 'HTTP/1.1 204 No Content\r\n\r\n');
    caller.send(
      'POST /open/a HTTP/1.1\r\nHost: x\r\nTE: trailers\r\nTrailer: X-User-Id\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-User-Id: u-admin\r\n\r\n',
    );
    expect((await caller.response()).status).toBe(204);
    const request = await there.next();
    expect([request.values('te'), request.values('trailer'), String(request.body)]).toEqual([[], [], 'hi']);
    expect(there.connections[0]?.bytes.toString('latin1')).not.toMatch(/x-user-id/i);
  });
});

describe('gRPC-Web', () => {
  /** A frame of gRPC: flags, length, message. Trailers come in a frame of their own, as part of the body. */
  const frame = (flags: number, message: Buffer | string): Buffer => {
    const head = Buffer.alloc(5);
    head.writeUInt8(flags, 0);
    head.writeUInt32BE(Buffer.byteLength(message), 1);
    return Buffer.concat([head, Buffer.from(message)]);
  };
  // A message with one field, of bytes that are no text in any encoding.
  const question = frame(0, Buffer.from([0x0a, 0x04, 0xff, 0x00, 0x0d, 0x0a]));
  const replies = [frame(0, Buffer.from([0x0a, 0x02, 0x0d, 0x0a])), frame(0, Buffer.from([0x0a, 0x02, 0xc3, 0x28]))];
  const status = frame(0x80, 'grpc-status:0\r\ngrpc-message:\r\n');

  it.each([
    ['binary', 'application/grpc-web+proto', (bytes: Buffer) => bytes],
    ['text', 'application/grpc-web-text+proto', (bytes: Buffer) => Buffer.from(bytes.toString('base64'))],
  ])('passes untouched both ways: %s', async (_form, type, coded) => {
    const { there, caller } = await start((_request, socket) => {
      socket.write(`${EVENTS.replace('text/event-stream', type)}`);
      for (const each of [...replies, status]) socket.write(chunk(coded(each)));
      return '0\r\n\r\n';
    });
    const body = coded(question);
    caller.send(
      Buffer.concat([
        Buffer.from(
          `POST /open/echo.Echo/Stream HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nX-Grpc-Web: 1\r\nGrpc-Timeout: 5S\r\nContent-Length: ${body.length}\r\n\r\n`,
        ),
        body,
      ]),
    );
    const answer = await caller.response('POST');
    expect(answer.values('content-type')).toEqual([type]);
    expect(Buffer.from(answer.body, 'latin1')).toEqual(Buffer.concat([...replies, status].map(coded)));
    const request = await there.next();
    expect(request.body).toEqual(body);
    expect(request.target).toBe('/open/echo.Echo/Stream');
    expect([request.values('x-grpc-web'), request.values('grpc-timeout'), request.values('content-type')]).toEqual([
      ['1'],
      ['5S'],
      [type],
    ]);
  });

  it('passes each message of a stream as it comes', async () => {
    let say: (bytes: Buffer | string) => void = () => {};
    const { caller } = await start((_request, socket) => {
      say = (bytes) => void socket.write(bytes);
      return EVENTS.replace('text/event-stream', 'application/grpc-web+proto');
    });
    const seen = reader(caller);
    caller.send(get('echo.Echo/Stream'));
    await seen(/\r\n\r\n/);
    for (const name of ['one', 'two', 'three']) {
      say(chunk(frame(0, name)));
      await seen(new RegExp(`${name}\\r\\n$`));
    }
  });
});

describe('server-sent events', () => {
  it('arrive one by one, the head before the first of them', async () => {
    let say: (bytes: Buffer | string) => void = () => {};
    const { caller, there } = await start((_request, socket) => {
      say = (bytes) => void socket.write(bytes);
      return EVENTS;
    });
    const seen = reader(caller);
    caller.send(get('events', ['Accept: text/event-stream', 'Last-Event-ID: 41']));
    expect(await seen(/\r\n\r\n/)).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    for (let id = 42; id < 47; id++) {
      say(chunk(`id: ${id}\ndata: é\n\n`));
      await seen(new RegExp(`id: ${id}\ndata: Ã©\n\n\r\n$`));
    }
    const request = await there.next();
    expect([request.values('last-event-id'), request.values('accept')]).toEqual([['41'], ['text/event-stream']]);
  });

  it('may be silent for as long as the upstream is allowed to, and not for longer', async () => {
    const { here, caller } = await start(() => EVENTS, { idleTimeout: 700, timeout: 200 });
    const began = performance.now();
    caller.send(get('events'));
    const rest = await caller.closed();
    expect(performance.now() - began).toBeGreaterThan(650);
    expect(rest.toString('latin1')).not.toMatch(/\r\n0\r\n/);
    expect(await here.reported()).toMatchObject({ status: 200, cut: true });
  });

  it('end the call upstream when the reader leaves', async () => {
    const { here, there, caller } = await start(() => EVENTS + chunk('data: 1\n\n').toString());
    const seen = reader(caller);
    caller.send(get('events'));
    await seen(/data: 1/);
    caller.close();
    await there.idle();
    expect(await here.reported()).toMatchObject({ status: 499 });
  });

  it('end when the upstream ends them, also without chunks: the caller sees where', async () => {
    const { caller } = await start((_request, socket) => {
      socket.end(
        'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\ndata: 1\n\ndata: 2\n\n',
      );
      return undefined;
    });
    caller.send(get('events'));
    const answer = await caller.response();
    expect([answer.body, answer.complete]).toEqual(['data: 1\n\ndata: 2\n\n', true]);
  });
});

describe('long polling', () => {
  it('waits for a head as long as it may, and the connection is good afterwards', async () => {
    const { there, caller } = await start(
      (request, socket) => {
        if (request.target.endsWith('/now')) return 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnow';
        setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnews'), 600);
        return undefined;
      },
      { timeout: 2_000, idleTimeout: 100 },
    );
    caller.send(get('poll'));
    expect((await caller.response()).body).toBe('news');
    caller.send(get('now'));
    expect((await caller.response()).body).toBe('now');
    expect(there.connections).toHaveLength(1);
  });

  it('passes hints that keep it alive on to nobody, and does not wait for ever because of them', async () => {
    const { here, caller } = await start(
      (_request, socket) => {
        const hinting = setInterval(() => socket.write('HTTP/1.1 102 Processing\r\n\r\n'), 50);
        socket.once('close', () => clearInterval(hinting));
        return undefined;
      },
      { timeout: 400 },
    );
    caller.send(get('poll'));
    expect((await caller.response()).status).toBe(504);
    expect(await here.reported()).toMatchObject({ status: 504 });
  });
});
