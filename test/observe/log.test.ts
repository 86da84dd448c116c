import { describe, expect, it } from 'vitest';
import type { Exchange } from '../../src/model/exchange.ts';
import { milliseconds } from '../../src/model/units.ts';
import { createLog, type LogOptions } from '../../src/observe/log.ts';

function logInto(level: LogOptions['level'] = 'info') {
  const writes: string[] = [];
  const log = createLog({ level, destination: { write: (text: string) => writes.push(text) } });
  const lines = (): Record<string, unknown>[] => {
    log.flush();
    return writes
      .join('')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  };
  return { log, lines, writes };
}

const exchange: Exchange = {
  requestId: 'r-1',
  method: 'GET',
  path: '/orders/7',
  route: 'orders',
  client: 'demo-app',
  user: 'u-alice',
  status: 200,
  duration: milliseconds(12.3456),
  upstream: 'http://127.0.0.1:9000',
};

describe('the log', () => {
  it('writes one JSON line per request with everything an operator asks for', () => {
    const { log, lines } = logInto();
    log.request(exchange);
    expect(lines()).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        request_id: 'r-1',
        method: 'GET',
        path: '/orders/7',
        route: 'orders',
        client: 'demo-app',
        user: 'u-alice',
        status: 200,
        latency_ms: 12.35,
        upstream: 'http://127.0.0.1:9000',
      },
    ]);
  });

  it('says why a request was refused, and raises the level for faults of ours', () => {
    const { log, lines } = logInto();
    log.request({ ...exchange, status: 401, refused: 'invalid_token' });
    log.request({ ...exchange, status: 503, refused: 'temporarily_unavailable' });
    expect(lines()).toMatchObject([
      { level: 'info', status: 401, refused: 'invalid_token' },
      { level: 'error', status: 503, refused: 'temporarily_unavailable' },
    ]);
  });

  it('keeps one line per request whatever a path or a name contains', () => {
    const { log, lines, writes } = logInto();
    log.request({ ...exchange, path: '/a"\n{"level":"error"}', user: 'u\u2028\r\nadmin' });
    expect(lines()).toHaveLength(1);
    expect(writes.join('').trimEnd()).not.toMatch(/[\r\n]/);
  });

  it('writes events with their details', () => {
    const { log, lines } = logInto();
    log.event('warn', 'store_lost', { store: 'redis', attempt: 3 });
    expect(lines()).toMatchObject([{ level: 'warn', event: 'store_lost', store: 'redis', attempt: 3 }]);
  });

  it('obeys the level, and silent says nothing', () => {
    const quiet = logInto('warn');
    quiet.log.request(exchange);
    quiet.log.event('debug', 'detail');
    quiet.log.event('error', 'broken');
    expect(quiet.lines()).toMatchObject([{ event: 'broken' }]);
    const silent = logInto('silent');
    silent.log.event('error', 'broken');
    expect(silent.lines()).toEqual([]);
  });

  it('joins the lines of one turn of the event loop into one write, without being asked to flush', async () => {
    const { log, writes } = logInto();
    for (let count = 0; count < 50; count++) log.request(exchange);
    expect(writes).toEqual([]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(writes).toHaveLength(1);
    expect(writes.join('').trimEnd().split('\n')).toHaveLength(50);
  });
});
