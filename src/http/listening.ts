import { once } from 'node:events';
import { lstat, unlink } from 'node:fs/promises';
import { type AddressInfo, connect, isIPv6, type Server } from 'node:net';

/** A TCP address, or a unix socket instead of it. */
export interface Address {
  readonly host: string;
  /** 0 asks the system for a free one. */
  readonly port: number;
  readonly path?: string | undefined;
}

/**
 * Connections that wait to be taken: as many as the system allows (Linux 4096, `net.core.somaxconn`). Node's own 511 are few when all
 * callers come back at once: whoever finds no room tries again a second later, and then less and less often.
 */
const BACKLOG = 65_535;

/** @returns the URL it can be reached at, `unix:` and the path for a socket. Throws what the system says when it cannot listen there. */
export async function listenOn(
  server: Server,
  { host, port, path }: Address,
  scheme: 'http' | 'https',
): Promise<string> {
  if (path === undefined) {
    server.listen({ host, port, backlog: BACKLOG });
    await once(server, 'listening');
    // A TCP listener that is listening has an address.
    const address = server.address() as AddressInfo;
    return `${scheme}://${isIPv6(host) ? `[${host}]` : host}:${address.port}`;
  }
  try {
    await listenOnSocket(server, path);
  } catch (error) {
    if (!(await isLeftBehind(path))) throw error;
    await unlink(path);
    await listenOnSocket(server, path);
  }
  return `unix:${path}`;
}

/** As with a port of this machine, every user of it may connect; who may not is kept out by the folder. */
async function listenOnSocket(server: Server, path: string): Promise<void> {
  server.listen({ path, backlog: BACKLOG, readableAll: true, writableAll: true });
  await once(server, 'listening');
}

/** Whether there is a socket that nobody listens on: of a process that was killed. */
async function isLeftBehind(path: string): Promise<boolean> {
  const facts = await lstat(path).catch(() => undefined);
  if (facts?.isSocket() !== true) return false;
  const probe = connect({ path });
  try {
    await once(probe, 'connect');
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED';
  } finally {
    probe.destroy();
  }
}
