import { join } from 'node:path';
import type { Contestant } from '../contestant.ts';
import { type Setting, startGatehouse } from '../gatehouse_process.ts';
import { pathOf } from '../many_routes.ts';

/** The product as it ships, with one route that asks for a scope. */
export const gatehouse = variant('gatehouse', 'the fast lane: one cached token, scope check, identity headers', {});

/** What the fast lane hands over goes this way: node:http in front, the same upstream side behind it. */
export const gatehouseFullLane = variant('gatehouse, full lane', 'the same with listen.fast_lane: false', {
  listen: 'fast_lane: false',
});

/** Nothing is cached, so that every call asks Redis. */
export const gatehouseRedis: Contestant = {
  name: 'gatehouse, Redis each time',
  about: 'cache.max_tokens: 0, so that every call asks Redis',
  start: (track) => startGatehouse(track, { store: `type: redis, url: "${track.redis}"`, cache: 'max_tokens: 0' }),
};

export const gatehouse10Routes = withRoutes(10);
export const gatehouse10000Routes = withRoutes(10_000);

function withRoutes(count: number): Contestant {
  const program = [join('bench', 'many_routes.ts'), String(count)];
  const name = `gatehouse, ${count.toLocaleString('en')} routes`;
  return variant(name, 'asked for the route in the middle', { program, path: pathOf(count / 2) });
}

function variant(name: string, about: string, setting: Setting): Contestant {
  return { name, about, start: (track) => startGatehouse(track, setting) };
}
