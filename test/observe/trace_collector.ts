import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** A span as it came. */
export interface CollectedSpan {
  readonly name: string;
  /** OTLP: 2 is a server, 3 is a client. */
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly status: number;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
}

/** Takes traces as a collector does: OTLP over HTTP, in JSON. */
export interface TraceCollector {
  readonly url: string;
  readonly spans: readonly CollectedSpan[];
  /** Everything that came, as text. */
  readonly text: string;
  readonly services: ReadonlySet<string>;
  close(): Promise<void>;
}

interface Value {
  readonly stringValue?: string;
  readonly intValue?: number | string;
  readonly boolValue?: boolean;
}
type Attributes = readonly { readonly key: string; readonly value: Value }[];
interface Sent {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: Attributes };
    readonly scopeSpans: readonly {
      readonly spans: readonly (Omit<CollectedSpan, 'attributes' | 'status'> & {
        readonly attributes: Attributes;
        readonly status: { readonly code?: number };
      })[];
    }[];
  }[];
}

/** @param answer the status of each answer; 200 unless given. */
export async function startTraceCollector(answer = 200): Promise<TraceCollector> {
  const spans: CollectedSpan[] = [];
  const services = new Set<string>();
  let text = '';
  const server = createServer(async (request, response) => {
    if (request.url !== '/v1/traces') {
      response.writeHead(404).end();
      return;
    }
    const sent = (await json(request)) as Sent;
    text += JSON.stringify(sent);
    for (const { resource, scopeSpans } of sent.resourceSpans) {
      services.add(String(read(resource.attributes)['service.name']));
      for (const span of scopeSpans.flatMap((scope) => scope.spans))
        spans.push({ ...span, status: span.status.code ?? 0, attributes: read(span.attributes) });
    }
    response.writeHead(answer, { 'Content-Type': 'application/json' }).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    services,
    get text() {
      return text;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const read = (attributes: Attributes): Record<string, string | number | boolean> =>
  Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.intValue === undefined ? (value.stringValue ?? value.boolValue ?? '') : Number(value.intValue),
    ]),
  );
