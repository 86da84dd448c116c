import type { Contestant } from '../contestant.ts';
import { type Setting, startGatehouse } from '../gatehouse_process.ts';

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

export const gatehouse10Routes = variant('gatehouse, 10 routes', 'the asked-for route is the last', { routes: 10 });
export const gatehouse10000Routes = variant('gatehouse, 10,000 routes', 'the asked-for route is the last', {
  routes: 10_000,
});

function variant(name: string, about: string, setting: Setting): Contestant {
  return { name, about, start: (track) => startGatehouse(track, setting) };
}
