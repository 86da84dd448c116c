import type { RouterContext } from '@koa/router';
import type { Middleware } from 'koa';
import { endsSoon, finish } from '../gateway/answer.ts';
import type { ErrorCode } from '../model/failure.ts';
import type { WireResponse } from '../model/wire.ts';
import type { OwnRequest } from './own_request.ts';

/** What the steps of `app.ts` tell each other about one request. */
export interface EndpointState {
  own: OwnRequest;
  /** The operation or page that was reached: the route in the log and the metrics. */
  endpoint?: string;
  /** Whether a person looks at the answer, so that a failure needs a page. */
  page?: boolean;
  /** The page of ours where they may start again. */
  home?: string | undefined;
  /** Whom the request turned out to be for; a name that was only claimed does not count. */
  client?: string | undefined;
  user?: string | undefined;
  refused?: ErrorCode | undefined;
}
export type EndpointContext = RouterContext<EndpointState>;
export type Step = Middleware<EndpointState>;

/** Headers of which an answer may have more than one. */
const SEVERAL = ['set-cookie', 'www-authenticate'];

/** Makes this the answer. Behind a long body that was not read the connection ends. */
export function send(ctx: Parameters<Step>[0], { status, headers, body }: WireResponse, close = false): void {
  ctx.status = status;
  for (const [name, value] of headers) {
    if (SEVERAL.includes(name.toLowerCase())) ctx.append(name, value);
    else ctx.set(name, value);
  }
  ctx.body = body;
  const unread = !ctx.req.complete && !endsSoon(ctx.req);
  if (close || unread) ctx.set('Connection', 'close');
  if (unread) {
    ctx.respond = false;
    ctx.res.write(body);
    finish(ctx.req, ctx.res);
  }
}
