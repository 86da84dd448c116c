import type { IncomingMessage, ServerResponse } from 'node:http';
import { endsSoon, finish, isTooLate, takeNoMore } from '../gateway/answer.ts';
import { CALLER_LEFT } from '../gateway/exchange_course.ts';
import type { ForwardAuth, Verdict } from '../gateway/forward_auth.ts';
import { headOf } from '../gateway/full_lane.ts';
import type { Clock } from '../model/clock.ts';
import type { Exchange } from '../model/exchange.ts';
import { milliseconds } from '../model/units.ts';
import type { OwnEndpoint } from './own_endpoints.ts';

export interface ForwardAuthEndpointDependencies {
  readonly forwardAuth: ForwardAuth;
  readonly clock: Clock;
  readonly report: (exchange: Exchange) => void;
}

/** Carries verdicts between node:http and the gateway, without a framework: one is asked for with every call of another proxy. */
export function createForwardAuthEndpoint({
  forwardAuth,
  clock,
  report,
}: ForwardAuthEndpointDependencies): OwnEndpoint {
  return {
    handle(request, response) {
      if (isTooLate(request)) return;
      const started = clock.monotonic();
      // A body would be one that nobody asked for; what stands behind it is then no request any more.
      if (!endsSoon(request)) takeNoMore(request);
      const answer = (verdict: Verdict) => {
        const { status, headers, body } = verdict.response;
        response.once('close', () => {
          const answered = response.writableFinished ? status : CALLER_LEFT;
          report(verdict.exchange(answered, milliseconds(clock.monotonic() - started)));
        });
        write(request, response, status, headers.flat(), body);
      };
      const asked = forwardAuth(headOf(request));
      if (asked instanceof Promise) void asked.then(answer);
      else answer(asked);
    },
  };
}

function write(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  headers: readonly string[],
  body: string,
): void {
  const framing = ['Content-Length', String(Buffer.byteLength(body))];
  const ending = endsSoon(request) ? [] : ['Connection', 'close'];
  response.writeHead(status, [...headers, ...framing, ...ending]);
  if (request.method !== 'HEAD') response.write(body);
  finish(request, response);
}
