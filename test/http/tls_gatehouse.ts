import type { ClientHttp2Session } from 'node:http2';
import { afterAll, beforeAll } from 'vitest';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { ask, http2Client } from '../support/http2_client.ts';
import { makeSelfSigned } from './self_signed.ts';

/** A whole gateway that serves TLS, as a process of its own. */
export interface TlsGatehouse {
  readonly process: GatehouseProcess;
  readonly port: number;
  /** The file of its certificate. */
  readonly cert: string;
  /** A token for `/up`, from the token endpoint over HTTP/2. */
  readonly token: string;
  /** A new connection that speaks HTTP/2. */
  client(): Promise<ClientHttp2Session>;
}

/** Routes: `/up/*` wants a token, `/open/*` none; both go to `origin`. @param listen more keys of `listen`. @param routes others. */
export async function startTlsGatehouse(
  origin: string,
  { listen = '', http2 = true, routes = '' } = {},
): Promise<TlsGatehouse & { stop(): Promise<void> }> {
  const tls = await makeSelfSigned();
  const process = await startGatehouse(`
listen: { host: 127.0.0.1, port: 0, tls: { cert: ${tls.cert}, key: ${tls.key} } ${listen} }
admin: { port: 0 }
store: { type: memory }
clients:
  - { id: app, secret: a-secret-for-the-app, grants: [client_credentials], scopes: [a] }
routes:
${
  routes ||
  `  - { name: up, path: /up/*, upstream: ${origin} }
  - { name: open, path: /open/*, upstream: ${origin}, auth: none }
`
}`);
  const port = Number(new URL(process.url).port);
  const client = () => http2Client(port, tls.cert);
  const token = http2 ? await tokenFrom(await client()) : '';
  return {
    ...{ process, port, cert: tls.cert, client, token },
    async stop() {
      await process.stop('SIGKILL');
      await tls.remove();
    },
  };
}

/** One for all tests of a file. */
export function tlsGatehouse(origin: () => Promise<string>): () => TlsGatehouse {
  let running: Awaited<ReturnType<typeof startTlsGatehouse>> | undefined;
  beforeAll(async () => {
    running = await startTlsGatehouse(await origin());
  });
  afterAll(() => running?.stop());
  return () => {
    if (running === undefined) throw new Error('not started');
    return running;
  };
}

async function tokenFrom(session: ClientHttp2Session): Promise<string> {
  const basic = Buffer.from('app:a-secret-for-the-app').toString('base64');
  const head = { ':method': 'POST', ':path': '/oauth2/token', authorization: `Basic ${basic}` };
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const { body } = await ask(session, { ...head, ...form }, ['grant_type=', 'client_credentials']);
  session.destroy();
  return JSON.parse(body).access_token;
}
