import type { IncomingMessage, ServerResponse } from 'node:http';
import { isTooLate } from './answer.ts';
import { type Lane, Passage } from './passage.ts';
import { HAS_BODY, type RequestHead } from './request_head.ts';

/** Carries whole HTTP/1.1 exchanges between node:http and the upstreams, streaming both ways. */
export interface FullLane {
  /**
   * Takes a request from a `request` or `checkContinue` event to its end. Listen to both: otherwise Node sends `100 Continue`
   * before anything is decided.
   * @param otherwise called when no route covers the request; without it, that is a 404.
   */
  handle(request: IncomingMessage, response: ServerResponse, otherwise?: () => void): void;
  /** Resolves when the calls under way are over and every upstream connection is closed. */
  close(): Promise<void>;
}

export function createFullLane(lane: Lane): FullLane {
  return {
    handle(request, response, otherwise) {
      if (isTooLate(request)) return;
      new Passage(lane, request, response).start(headOf(request), otherwise);
    },
    close: () => lane.upstreams.close(),
  };
}

export function headOf(request: IncomingMessage & { readonly [HAS_BODY]?: boolean }): RequestHead {
  return {
    method: request.method ?? '',
    target: request.url ?? '',
    httpVersion: request.httpVersion,
    rawHeaders: request.rawHeaders,
    remoteAddress: request.socket.remoteAddress,
    secure: 'encrypted' in request.socket,
    streamHasBody: request[HAS_BODY],
  };
}
