import type { Middleware } from 'koa';
import { isTooLate, takeNoMore } from '../gateway/answer.ts';
import type { FullLane } from '../gateway/full_lane.ts';
import type { FindEndpoint } from './own_endpoints.ts';

export type { Middleware };

export interface MiddlewareDependencies {
  readonly endpoints: FindEndpoint;
  readonly fullLane: FullLane;
}

/**
 * Gatehouse inside somebody's Koa app: answers our own endpoints and the calls that a route covers, and leaves the rest to `next`.
 * It comes before anything that reads bodies or sets response headers that every call should not have.
 * @throws Error when the body was read before: it cannot be forwarded any more.
 */
export function createMiddleware({ endpoints, fullLane }: MiddlewareDependencies): Middleware {
  return async (ctx, next) => {
    const { req, res } = ctx;
    if (isTooLate(req)) {
      ctx.respond = false;
      return;
    }
    // Node's parser skips what it has read behind such a request if nobody upgrades: where the next one begins is unknown then.
    const isLast = req.headers.upgrade !== undefined;
    if (isLast) res.shouldKeepAlive = false;
    if (req.readableDidRead)
      throw new Error('Mount the gatehouse middleware before anything that reads request bodies.');
    const closed = new Promise<void>((resolve) => res.once('close', () => resolve()));
    const own = endpoints(req.url ?? '', req.headers.host);
    if (own) {
      own.handle(req, res);
      if (isLast) takeNoMore(req);
    } else {
      const { promise: passed, resolve: pass } = Promise.withResolvers<'passed'>();
      fullLane.handle(req, res, () => pass('passed'));
      if (isLast) takeNoMore(req);
      if ((await Promise.race([passed, closed])) === 'passed') return next();
    }
    // Koa must not answer as well: its part is over when ours is.
    ctx.respond = false;
    await closed;
  };
}
