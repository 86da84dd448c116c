import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Dialect } from '../../src/dialects/dialect.ts';
import type { FullLane } from '../../src/gateway/full_lane.ts';
import type { BrowserAction } from '../../src/http/browser_action.ts';
import { createEdge, createEndpoints } from '../../src/http/edge.ts';
import type { Trouble } from '../../src/http/failure_of.ts';
import { systemClock } from '../../src/model/clock.ts';
import type { ListenSettings } from '../../src/model/config.ts';
import type { Exchange } from '../../src/model/exchange.ts';
import { milliseconds } from '../../src/model/units.ts';
import type { Operation, Protocol } from '../../src/oauth/protocol.ts';
import { type Core, type CoreOptions, startCore } from '../oauth/core_under_test.ts';

/** The main listener on a free port over the real protocol core; behind it, instead of the gateway, a lane that tests script. */
export interface EdgeUnderTest {
  readonly core: Core;
  readonly url: string;
  readonly port: number;
  /** What was reported so far, and what an operator was told. */
  readonly exchanges: readonly Exchange[];
  readonly troubles: readonly { readonly event: string; readonly detail: object }[];
  readonly issued: readonly string[];
  /** Resolves with the report of the first request that ends after the call. */
  nextExchange(): Promise<Exchange>;
  drain(limit?: number): Promise<void>;
}

export interface EdgeOptions extends CoreOptions {
  readonly listen?: Partial<Pick<ListenSettings, 'host' | 'port' | 'tls'>>;
  readonly trustedProxies?: readonly string[];
  /** What the lane does with a request that is not for us; by default it answers `lane`. */
  readonly lane?: (request: IncomingMessage, response: ServerResponse) => void;
  /** Replaces the operation behind the token endpoint. */
  readonly token?: Operation<'token'>;
  /** Milliseconds; the default of the listener otherwise. */
  readonly bodyTimeout?: number;
  /** More dialects, besides the standard one on any host. */
  readonly mounts?: readonly { readonly dialect: Dialect; readonly host?: string }[];
  /** Pages of ours beside the dialects'. */
  readonly pages?: (core: Core) => readonly BrowserAction[];
}

export function laneThat(handle: (request: IncomingMessage, response: ServerResponse) => void): FullLane {
  return { handle, close: async () => {} };
}

export async function startEdge(options: EdgeOptions = {}): Promise<EdgeUnderTest> {
  const core = await startCore(options);
  const exchanges: Exchange[] = [];
  const troubles: { event: string; detail: object }[] = [];
  const issued: string[] = [];
  const waiting: ((exchange: Exchange) => void)[] = [];
  const trouble: Trouble = (_level, event, detail) => troubles.push({ event, detail });
  const report = (exchange: Exchange): void => {
    exchanges.push(exchange);
    for (const resolve of waiting.splice(0)) resolve(exchange);
  };
  const { operations } = core.protocol;
  const protocol: Protocol = options.token
    ? { ...core.protocol, operations: { ...operations, token: options.token } }
    : core.protocol;
  const endpoints = createEndpoints({
    dialects: [{ dialect: core.dialect }, ...(options.mounts ?? [])],
    pages: options.pages && { actions: options.pages(core), words: core.dialect },
    protocol,
    clock: systemClock,
    trustedProxies: options.trustedProxies ?? [],
    report,
    tokenIssued: (grant) => issued.push(grant),
    trouble,
    ...(options.bodyTimeout === undefined ? {} : { bodyTimeout: milliseconds(options.bodyTimeout) }),
  });
  const listener = createEdge({
    listen: { host: '127.0.0.1', port: 0, ...options.listen },
    endpoints,
    report,
    fullLane: laneThat(options.lane ?? ((_request, response) => response.end('lane'))),
  });
  const url = await listener.listen();
  return {
    core,
    url,
    port: Number(new URL(url).port),
    exchanges,
    troubles,
    issued,
    nextExchange: () => new Promise((resolve) => waiting.push(resolve)),
    drain: (limit = 0) => listener.drain(milliseconds(limit)),
  };
}

/** The head and body of a `POST` as bytes. */
export function postBytes(path: string, body: string, headers: readonly string[] = []): string {
  const lines = [`POST ${path} HTTP/1.1`, 'Host: localhost', `Content-Length: ${Buffer.byteLength(body)}`, ...headers];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}
