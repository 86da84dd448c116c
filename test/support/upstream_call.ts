import type {
  AnswerHead,
  AnswerReader,
  Outgoing,
  Sending,
  UpstreamError,
  Upstreams,
} from '../../src/gateway/upstream/exchange.ts';
import type { Route } from '../../src/model/route.ts';

/** What was told of one call, up to its end. */
export interface Told {
  readonly status: number | undefined;
  readonly headers: readonly string[];
  /** latin1. */
  readonly body: string;
  readonly trailers: readonly string[] | undefined;
  /** Why there is no whole answer; undefined if there is one. */
  readonly error: UpstreamError | undefined;
}

/** A lane without a caller: sends calls to upstreams and collects what it is told. */
export class CollectingReader implements AnswerReader {
  readonly told: Promise<Told>;
  status: number | undefined;
  headers: readonly string[] = [];
  body = '';
  drains = 0;
  #settle: (told: Told) => void;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<Told>();
    this.told = promise;
    this.#settle = resolve;
  }

  onWhole(head: AnswerHead, body: string): void {
    this.onHead(head);
    this.body = body;
    this.onEnd(undefined);
  }
  onHead({ status, headers }: AnswerHead): void {
    this.status = status;
    this.headers = headers;
  }
  onData(chunk: Buffer): boolean {
    this.body += chunk.toString('latin1');
    return true;
  }
  onEnd(trailers: readonly string[] | undefined): void {
    this.#done(trailers, undefined);
  }
  onError(error: UpstreamError): void {
    this.#done(undefined, error);
  }
  onDrain(): void {
    this.drains++;
  }
  #done(trailers: readonly string[] | undefined, error: UpstreamError | undefined): void {
    const { status, headers, body } = this;
    this.#settle({ status, headers, body, trailers, error });
  }
}

export interface Begun {
  readonly sending: Sending;
  readonly reader: CollectingReader;
  readonly told: Promise<Told>;
}

/** Begins a call. @param more what differs from a GET of `/x` without headers. */
export function begin(upstreams: Upstreams, route: Route, more: Partial<Outgoing> = {}): Begun {
  const reader = new CollectingReader();
  const outgoing: Outgoing = { route, method: 'GET', target: '/x', headers: [], body: 'none', ...more };
  return { sending: upstreams.send(outgoing, reader), reader, told: reader.told };
}

/** Makes a call without a body and waits for all of its answer. */
export function call(upstreams: Upstreams, route: Route, more: Partial<Outgoing> = {}): Promise<Told> {
  return begin(upstreams, route, more).told;
}
