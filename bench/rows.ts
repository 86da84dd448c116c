import { bareHttpProxy } from './contestants/bare_http_proxy.ts';
import { bareUndici } from './contestants/bare_undici.ts';
import { expressGateway } from './contestants/express_gateway.ts';
import { fastifyHttpProxy } from './contestants/fastify_http_proxy.ts';
import {
  gatehouse,
  gatehouse10Routes,
  gatehouse10000Routes,
  gatehouseFullLane,
  gatehouseRedis,
} from './contestants/gatehouse.ts';
import { gatehouseOneOfMany, gatehouseZipf } from './contestants/gatehouse_circulation.ts';
import { gatehouseIntrospection, gatehouseTokens } from './contestants/gatehouse_tokens.ts';
import { haproxy } from './contestants/haproxy.ts';
import { nginx } from './contestants/nginx.ts';
import { nginxLuaCached, nginxLuaRedis } from './contestants/nginx_lua.ts';
import { oidcProviderIntrospection, oidcProviderTokens } from './contestants/oidc_provider.ts';
import { chunked } from './contestants/uploads.ts';
import type { Measurement } from './figures.ts';
import { addedLatency } from './measure/added_latency.ts';
import { idleConnections } from './measure/idle_connections.ts';
import { largeBodies } from './measure/large_bodies.ts';
import { memoryOfTokens } from './measure/memory_of_tokens.ts';
import { startUp } from './measure/start_up.ts';
import type { Race } from './race.ts';

const chunkedGatehouse = chunked(gatehouse);
const chunkedUndici = chunked(bareUndici);

/** Who runs against whom, and what is to come of it. */
export const RACES: readonly Race[] = [
  {
    name: 'cached token, small GET',
    about: 'one token that everybody who checks tokens has cached; 135 bytes come back',
    contestants: [
      gatehouse,
      nginxLuaCached,
      nginx,
      haproxy,
      gatehouseFullLane,
      bareUndici,
      bareHttpProxy,
      fastifyHttpProxy,
      expressGateway,
    ],
    goals: [
      { contestant: gatehouse.name, over: nginxLuaCached.name, atLeast: 0.85 },
      { contestant: gatehouse.name, over: bareUndici.name, atLeast: 2 },
      { contestant: gatehouse.name, over: bareHttpProxy.name, atLeast: 4.5 },
      { contestant: gatehouse.name, over: expressGateway.name, atLeast: 20 },
      { contestant: gatehouseFullLane.name, over: bareUndici.name, atLeast: 0.95 },
    ],
  },
  {
    name: 'every token asked of Redis',
    about: 'no cache: each call costs a look-up over loopback',
    contestants: [gatehouseRedis, nginxLuaRedis],
    goals: [{ contestant: gatehouseRedis.name, over: nginxLuaRedis.name, atLeast: 1.2 }],
  },
  {
    name: 'chunked uploads',
    about: 'POST of 1 KiB in two chunks, which the fast lane hands over to node:http',
    contestants: [chunkedGatehouse, chunkedUndici],
    goals: [{ contestant: chunkedGatehouse.name, over: chunkedUndici.name, atLeast: 0.95 }],
  },
  {
    name: 'tokens issued',
    about: 'client credentials, each a new token in Redis',
    contestants: [gatehouseTokens, oidcProviderTokens],
    goals: [{ contestant: gatehouseTokens.name, over: oidcProviderTokens.name, atLeast: 2 }],
  },
  {
    name: 'introspection',
    about: 'one client asks about one token, which is in Redis',
    contestants: [gatehouseIntrospection, oidcProviderIntrospection],
    goals: [{ contestant: gatehouseIntrospection.name, over: oidcProviderIntrospection.name, atLeast: 3 }],
  },
  {
    name: '10,000 routes',
    about: 'the routes differ in their paths; a small GET of one of them with a cached token',
    contestants: [gatehouse10000Routes, gatehouse10Routes],
    goals: [{ contestant: gatehouse10000Routes.name, over: gatehouse10Routes.name, atLeast: 0.97 }],
  },
  {
    name: '1,000,000 tokens',
    about: 'ten times as many in circulation as the cache holds, in Redis behind it',
    contestants: [gatehouseZipf, gatehouseOneOfMany],
    goals: [{ contestant: gatehouseZipf.name, over: gatehouseOneOfMany.name, atLeast: 0.9 }],
    // Until the cache is full.
    warmup: 12,
    // To issue a million tokens.
    preparation: 120,
  },
];

/** What is no race. */
export const MEASUREMENTS: readonly Measurement[] = [
  addedLatency,
  largeBodies,
  idleConnections,
  memoryOfTokens,
  startUp,
];
