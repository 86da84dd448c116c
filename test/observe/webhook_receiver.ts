import { Buffer } from 'node:buffer';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { until } from './until.ts';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: { readonly type: string; readonly timestamp: string; readonly data: Record<string, unknown> };
}

/** The other server: takes what a webhook sends. */
export interface WebhookReceiver {
  readonly url: string;
  readonly received: readonly Received[];
  /** Resolves when so many have come. */
  count(many: number): Promise<readonly Received[]>;
  close(): Promise<void>;
}

/** @param answer says for each, by its place, which status and headers it gets; `hang`: none ever. */
export async function startWebhookReceiver(
  answer: (at: number) => number | 'hang' | readonly [number, Record<string, string>] = () => 204,
): Promise<WebhookReceiver> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const { method = '', url: path = '', headers } = request;
    received.push({
      method,
      path,
      headers,
      text: body,
      body: JSON.parse(body === '' ? '{}' : body) as Received['body'],
    });
    const said = answer(received.length - 1);
    if (said === 'hang') return;
    const [status, more] = typeof said === 'number' ? [said, {}] : said;
    response.writeHead(status, more).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    count: (many) => until(() => (received.length >= many ? received : undefined)),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** What Standard Webhooks says must stand in `Webhook-Signature`. */
export function signatureOf({ headers, text: body }: Received, secret: string): string {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  return `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
}
