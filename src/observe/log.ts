/**
 * The structured log: one line per request, as JSON or in the combined log format, and one in JSON per event that an operator should
 * know of.
 *
 * This room only ever sees an `Exchange` and plain details, so nothing secret can reach a line: there is nothing to redact.
 * It must never be handed a request, a header list, a query, a body or an error object.
 */
import { pino } from 'pino';
import type { LogSettings } from '../model/config.ts';
import type { Exchange } from '../model/exchange.ts';
import { combinedLine } from './combined_log.ts';

export type EventLevel = 'debug' | 'info' | 'warn' | 'error';
export type EventDetail = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export interface Log {
  /** Writes the line of one request that has ended, however it ended. */
  request(exchange: Exchange): void;
  /** Writes a line about anything else. @param name snake_case, the same for every occurrence. */
  event(level: EventLevel, name: string, detail?: EventDetail): void;
  /** Nothing less important than this is written from now on. */
  setLevel(level: LogSettings['level']): void;
  /** How requests are written from now on. */
  setAccess(access: LogSettings['access']): void;
  /** Hands everything that is still waiting to the destination. */
  flush(): void;
}

export interface LogOptions {
  readonly level: LogSettings['level'];
  readonly access?: LogSettings['access'];
  readonly destination: { write(text: string): unknown };
}

/** Characters that may wait for the end of the event-loop turn before they are written. */
const BATCH_LIMIT = 65_536;

export function createLog({ level, access = 'json', destination }: LogOptions): Log {
  const lines = batched(destination);
  const now = timestamps();
  const logger = pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${now()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    lines,
  );
  let form = access;
  return {
    request(exchange) {
      const level = exchange.status >= 500 ? 'error' : 'info';
      if (form === 'none' || !logger.isLevelEnabled(level)) return;
      if (form === 'combined') {
        lines.write(combinedLine(exchange, Date.now()));
        return;
      }
      // Not through pino: its walk over the members takes four times as long as V8's own, once per proxied call.
      const line = {
        level,
        time: now(),
        request_id: exchange.requestId,
        method: exchange.method,
        path: exchange.path,
        route: exchange.route,
        client: exchange.client,
        user: exchange.user,
        status: exchange.status,
        latency_ms: Math.round(exchange.duration * 100) / 100,
        refused: exchange.refused,
        fault: exchange.fault,
        upstream: exchange.upstream,
        cache: exchange.cache,
        bytes_in: exchange.bytesIn,
        bytes_out: exchange.bytesOut,
        cut: exchange.cut,
        trace_id: exchange.notes?.trace?.id,
      };
      lines.write(`${JSON.stringify(line)}\n`);
    },
    event(at, name, detail) {
      logger[at]({ event: name, ...detail });
    },
    setLevel(next) {
      logger.level = next;
    },
    setAccess(next = 'json') {
      form = next;
    },
    flush: () => lines.flush(),
  };
}

/** Writing a date costs more than the rest of a line; under load many lines share their millisecond. */
function timestamps(): () => string {
  let last = 0;
  let text = '';
  return () => {
    const now = Date.now();
    if (now !== last) {
      last = now;
      text = new Date(now).toISOString();
    }
    return text;
  };
}

/** Joins the lines of one event-loop turn into one write: under load, a system call for many requests instead of one for each. */
function batched(destination: LogOptions['destination']) {
  let waiting = '';
  const flush = (): void => {
    if (waiting === '') return;
    const text = waiting;
    waiting = '';
    destination.write(text);
  };
  return {
    write(line: string): void {
      if (waiting === '') setImmediate(flush);
      waiting += line;
      if (waiting.length > BATCH_LIMIT) flush();
    },
    flush,
  };
}
