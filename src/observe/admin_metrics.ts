import { Counter, type Registry } from 'prom-client';
import type { Exchange } from '../model/exchange.ts';

/** @returns counts one request to the console or the admin API. They are no calls: the other metrics know nothing of them. */
export function countAdminRequests(registry: Registry): (exchange: Exchange) => void {
  const requests = new Counter({
    name: 'gatehouse_admin_requests_total',
    help: 'Requests to the console and the admin API, by operation (console for its pages, none if nothing was reached) and status.',
    labelNames: ['operation', 'status'],
    registers: [registry],
  });
  return ({ route = 'none', status }) => requests.inc({ operation: route, status: String(status) });
}
