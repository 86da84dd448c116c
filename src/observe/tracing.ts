/**
 * Calls as spans (OpenTelemetry's conventions for HTTP): one for each call, and one inside it for what the upstream did. It is told
 * of calls by `gateway/noting_gateway.ts` and by the report, and changes nothing of what becomes of them. A span holds no query, no
 * token and no user.
 */
import {
  type Attributes,
  context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer as SpanTracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api';
import type { Exchange, Trace, TracedCall, Tracer } from '../model/exchange.ts';
import { readTraceContext, traceHeaders } from './trace_context.ts';

/** The provider that the app has registered itself; undefined if it has not. */
export function registeredProvider(): TracerProvider | undefined {
  const provider = trace.getTracerProvider();
  // A proxy stands in until somebody registers: it has tracers of others, or none.
  const delegate = 'getDelegateTracer' in provider ? Reflect.get(provider, 'getDelegateTracer') : undefined;
  if (typeof delegate !== 'function') return provider;
  return delegate.call(provider, NAME) === undefined ? undefined : provider;
}

const NAME = 'gatehouse';
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT']);
/** What the exchange says of a caller who left. */
const CALLER_LEFT = 499;

export function createTracer(provider: TracerProvider): Tracer {
  const tracer = provider.getTracer(NAME);
  return { begin: (call, address) => new CallTrace(tracer, call, address) };
}

class CallTrace implements Trace {
  readonly #tracer: SpanTracer;
  readonly #call: TracedCall;
  readonly #span: Span;
  #upstream: Span | undefined;

  constructor(tracer: SpanTracer, call: TracedCall, address: () => string) {
    this.#tracer = tracer;
    this.#call = call;
    const { method, secure } = call;
    // In an app that traces its own requests, this is a part of one of them.
    const around = context.active();
    const remote = trace.getSpan(around) ? undefined : readTraceContext(call.rawHeaders);
    const attributes: Attributes = { ...methodOf(method), 'url.scheme': secure ? 'https' : 'http' };
    this.#span = tracer.startSpan(
      nameOf(method),
      { kind: SpanKind.SERVER, attributes },
      remote ? trace.setSpanContext(around, remote) : around,
    );
    if (!this.#span.isRecording()) return;
    this.#span.setAttribute('network.protocol.version', call.httpVersion);
    const from = address();
    if (from !== '') this.#span.setAttribute('client.address', from);
  }

  get id(): string {
    return this.#span.spanContext().traceId;
  }

  get sampled(): boolean {
    return this.#span.isRecording();
  }

  forwarded(): readonly string[] {
    if (this.#span.isRecording()) {
      const { method } = this.#call;
      const parent = trace.setSpan(ROOT_CONTEXT, this.#span);
      const options = { kind: SpanKind.CLIENT, attributes: methodOf(method) };
      this.#upstream = this.#tracer.startSpan(nameOf(method), options, parent);
    }
    return traceHeaders((this.#upstream ?? this.#span).spanContext());
  }

  end(exchange: Exchange): void {
    if (!this.#span.isRecording()) return;
    // Without a target nothing was sent: then its span is none.
    if (exchange.upstream !== undefined) this.#endUpstream(exchange, exchange.upstream);
    const { method, route, path, status, requestId, client, refused, cache } = exchange;
    const error = errorOf(exchange);
    this.#span.updateName(route === undefined ? nameOf(method) : `${nameOf(method)} ${route}`).setAttributes({
      'url.path': path,
      'http.response.status_code': status,
      'gatehouse.request_id': requestId,
      ...(route !== undefined && { 'http.route': route }),
      ...(client !== undefined && { 'gatehouse.client': client }),
      ...(refused !== undefined && { 'gatehouse.refused': refused }),
      ...(cache !== undefined && { 'gatehouse.cache': cache }),
      ...(error !== undefined && { 'error.type': error }),
    });
    if (error !== undefined) this.#span.setStatus({ code: SpanStatusCode.ERROR });
    this.#span.end();
  }

  #endUpstream(exchange: Exchange, origin: string): void {
    const span = this.#upstream;
    if (span === undefined) return;
    const { refused, fault, cut, status } = exchange;
    span.setAttributes(serverOf(origin));
    // What the gateway answered itself is not what the upstream said.
    if (refused === undefined && status !== CALLER_LEFT) span.setAttribute('http.response.status_code', status);
    const failed = refused === undefined && status >= 400 && status !== CALLER_LEFT ? String(status) : undefined;
    const error = fault ?? (cut ? 'cut' : undefined) ?? failed ?? refused;
    if (error !== undefined) span.setAttribute('error.type', error).setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  }
}

/** To a server, a caller's mistake is no error. */
function errorOf({ status, fault, cut, refused }: Exchange): string | undefined {
  if (cut) return fault ?? 'cut';
  return status >= 500 ? (fault ?? refused ?? String(status)) : undefined;
}

/** Callers can invent methods; names and attributes of spans must stay few. */
function methodOf(method: string): Attributes {
  return { 'http.request.method': METHODS.has(method) ? method : '_OTHER' };
}

const nameOf = (method: string): string => (METHODS.has(method) ? method : 'HTTP');

function serverOf(origin: string): Attributes {
  if (origin.startsWith('unix:'))
    return { 'server.address': origin.slice('unix:'.length), 'network.transport': 'unix' };
  const { hostname, port, protocol } = new URL(origin);
  return { 'server.address': hostname, 'server.port': Number(port) || (protocol === 'https:' ? 443 : 80) };
}
