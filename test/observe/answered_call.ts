import type { Exchange } from '../../src/model/exchange.ts';
import { milliseconds } from '../../src/model/units.ts';

/** A call that was answered. */
export const exchange: Exchange = {
  requestId: 'r-1',
  method: 'GET',
  path: '/orders/7',
  route: 'orders',
  status: 200,
  duration: milliseconds(20),
};
