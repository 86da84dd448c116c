import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { Forward } from '../../src/gateway/decide.ts';
import { createFastLane } from '../../src/gateway/fast_lane.ts';
import type { RequestHead } from '../../src/gateway/request_head.ts';
import { systemClock } from '../../src/model/clock.ts';
import { route } from './lane_server.ts';

/** A request as one of the two parsers has read it. */
export interface ReadRequest {
  readonly method: string;
  readonly target: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  /** latin1. */
  readonly body: string;
}

/** What the fast lane made of some bytes: what it carried, and what it gave away. */
export interface FastReading {
  readonly requests: readonly ReadRequest[];
  /** Every byte from the beginning of the first request that it did not take; undefined if it kept the connection. */
  readonly handedOver: Buffer | undefined;
  /** What it wrote to the caller. */
  readonly written: string;
}

/** One end of a connection without a network: what is given to it is read, what is written to it is kept. */
class Pipe extends Duplex {
  written = '';
  readonly remoteAddress = '192.0.2.1';

  constructor() {
    super({ decodeStrings: false, allowHalfOpen: true });
  }

  override _read(): void {}

  override _write(chunk: Buffer | string, encoding: BufferEncoding, done: () => void): void {
    this.written +=
      typeof chunk === 'string' ? Buffer.from(chunk, encoding).toString('latin1') : chunk.toString('latin1');
    done();
  }

  setTimeout(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/**
 * Has the fast lane read the bytes. Everything it reads is let pass and answered at once by an upstream that only takes notes: what
 * is under test is the reading alone.
 * @param pieces the bytes, cut as the network might.
 */
export async function readFast(pieces: readonly Buffer[]): Promise<FastReading> {
  const requests: { method: string; target: string; headers: readonly string[]; body: string }[] = [];
  const everywhere = route('/*', 'http://192.0.2.2', { auth: 'none' });
  const lane = createFastLane({
    clock: systemClock,
    report: () => {},
    isOwn: () => false,
    gateway: {
      decide: (head: RequestHead) => {
        const length = head.rawHeaders.findIndex((text, at) => at % 2 === 0 && text.toLowerCase() === 'content-length');
        const forward: Forward = {
          ...{ route: everywhere, target: head.target, headers: [...head.rawHeaders] },
          ...{ body: length >= 0 && Number(head.rawHeaders[length + 1]) > 0 ? 'length' : 'none' },
          ...{ scanBody: false, expectsContinue: false },
        };
        return { requestId: 'r', path: head.target, forward };
      },
      admit: () => ({ headers: [], release: () => {} }),
      judge: () => {
        throw new Error('nobody asks for a verdict here');
      },
      refuse: () => {
        throw new Error('nothing is refused here');
      },
    },
    upstreams: {
      send({ method, target, headers, body: framing }, reader) {
        let body = '';
        const end = () => {
          requests.push({ method, target, headers, body });
          reader.onWhole({ status: 204, headers: [], length: 0 }, '');
        };
        if (framing === 'none') queueMicrotask(end);
        return {
          origin: 'http://192.0.2.2',
          write(chunk) {
            body += chunk.toString('latin1');
            return true;
          },
          end,
          resume() {},
          forgetHead() {},
          abort() {},
        };
      },
    },
  });
  const pipe = new Pipe();
  const given: Buffer[] = [];
  let isHandedOver = false;
  lane.take(pipe as unknown as Socket, () => {
    isHandedOver = true;
    pipe.on('data', (chunk: Buffer) => given.push(chunk));
  });
  for (const piece of pieces) {
    pipe.push(piece);
    await turn();
  }
  await turn();
  const { written } = pipe;
  pipe.destroy();
  return { requests, handedOver: isHandedOver ? Buffer.concat(given) : undefined, written };
}

export interface FullReading {
  readonly requests: readonly ReadRequest[];
  /** What the parser complained about, if it did. */
  readonly error: string | undefined;
}

/** node:http as the listener sets it up, reading bytes instead of connections. */
export function createFullReader(): (bytes: Buffer) => Promise<FullReading> {
  const server = createServer({ maxHeaderSize: 16_384, requireHostHeader: false, insecureHTTPParser: false });
  server.maxHeadersCount = 0;
  let requests: ReadRequest[] = [];
  let error: string | undefined;
  server.on('request', (from, response) => {
    let body = '';
    from.on('data', (chunk: Buffer) => (body += chunk.toString('latin1')));
    from.on('end', () => {
      requests.push({ method: from.method ?? '', target: from.url ?? '', headers: from.rawHeaders, body });
      response.end();
    });
  });
  // Left open: what was read before the nonsense must get the time to be told.
  server.on('clientError', (problem: Error & { code?: string }) => {
    error ??= problem.code;
  });
  return async (bytes) => {
    requests = [];
    error = undefined;
    const pipe = new Pipe();
    server.emit('connection', pipe);
    pipe.push(bytes);
    await turn();
    await turn();
    pipe.destroy();
    return { requests, error };
  };
}
