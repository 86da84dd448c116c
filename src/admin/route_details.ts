import { z } from 'zod';
import type { HeaderRules, Route, Upstream } from '../model/route.ts';
import type { Milliseconds } from '../model/units.ts';
import { routeView } from './route_view.ts';

/** What is configured of a route beyond what a list of them shows. */

const rules = z.object({ set: z.array(z.string()), remove: z.array(z.string()) }).describe('Names of headers.');

const inSeconds = () => z.number().describe('Seconds.');

export const routeDetailsView = routeView
  .extend({
    timeouts: z
      .object({ connect: inSeconds(), answer: inSeconds(), idle: inSeconds(), total: inSeconds().optional() })
      .describe('To connect, until the head of an answer, of a pause in a body, and of the whole call.'),
    retries: z.int(),
    max_connections: z.int().optional(),
    queue: z.int().optional(),
    health: z
      .object({
        ...{ path: z.string(), interval: inSeconds(), timeout: inSeconds() },
        ...{ healthy_after: z.int(), unhealthy_after: z.int(), expect: z.array(z.int()) },
      })
      .optional(),
    breaker: z.object({ max_failures: z.int(), retry_after: inSeconds(), statuses: z.array(z.int()) }).optional(),
    tls: z
      .object({ own_authority: z.boolean(), own_certificate: z.boolean(), server_name: z.string().optional() })
      .optional(),
    serve_cached: inSeconds().describe('How old a cached token may be while the store is away; 0 means deny.'),
    max_body: z.int().optional().describe('Bytes.'),
    limit_status: z.int().optional(),
    counted_as: z.string().optional().describe('Routes with the same word here count calls together.'),
    request_headers: rules.optional(),
    response_headers: rules.optional(),
    cors: z
      .object({
        ...{ origins: z.array(z.string()), methods: z.array(z.string()), headers: z.array(z.string()) },
        ...{ expose: z.array(z.string()), credentials: z.boolean(), max_age: inSeconds() },
      })
      .optional(),
  })
  .meta({ id: 'RouteDetails' });
export type RouteDetails = z.output<typeof routeDetailsView>;

const seconds = (time: Milliseconds): number => time / 1000;

/** @returns everything that `routeView` leaves out. */
export function restOf(route: Route): Omit<RouteDetails, keyof z.output<typeof routeView>> {
  const { upstream, limits, cors, requestHeaders, responseHeaders, maxBody } = route;
  return {
    ...ofUpstream(upstream),
    serve_cached: seconds(route.serveCached),
    ...(maxBody !== undefined && { max_body: maxBody }),
    ...(limits?.status !== undefined && { limit_status: limits.status }),
    ...(limits?.countedAs !== undefined && { counted_as: limits.countedAs }),
    ...(requestHeaders && { request_headers: namesOf(requestHeaders) }),
    ...(responseHeaders && { response_headers: namesOf(responseHeaders) }),
    ...(cors && {
      cors: {
        origins: cors.origins === '*' ? ['*'] : [...cors.origins],
        ...{ methods: [...cors.methods], headers: [...cors.headers], expose: [...cors.expose] },
        ...{ credentials: cors.credentials, max_age: cors.maxAge },
      },
    }),
  };
}

function ofUpstream({ health, breaker, tls, ...upstream }: Upstream) {
  const { connectTimeout, timeout, idleTimeout, totalTimeout, retries = 1, maxConnections, queue } = upstream;
  return {
    timeouts: {
      ...{ connect: seconds(connectTimeout), answer: seconds(timeout), idle: seconds(idleTimeout) },
      ...(totalTimeout !== undefined && { total: seconds(totalTimeout) }),
    },
    retries,
    ...(maxConnections !== undefined && { max_connections: maxConnections }),
    ...(queue !== undefined && { queue }),
    ...(health && {
      health: {
        ...{ path: health.path, interval: seconds(health.interval), timeout: seconds(health.timeout) },
        ...{ healthy_after: health.healthyAfter, unhealthy_after: health.unhealthyAfter, expect: [...health.expect] },
      },
    }),
    ...(breaker && {
      breaker: {
        ...{ max_failures: breaker.maxFailures, retry_after: seconds(breaker.retryAfter) },
        statuses: [...breaker.statuses],
      },
    }),
    ...(tls && {
      tls: {
        ...{ own_authority: tls.ca !== undefined, own_certificate: tls.cert !== undefined },
        ...(tls.serverName !== undefined && { server_name: tls.serverName }),
      },
    }),
  };
}

const namesOf = ({ set, remove }: HeaderRules) => ({ set: Object.keys(set), remove: [...remove] });
