import type { Socket } from 'node:net';

/** Node's parser as it hangs on a connection. What a head is answered with says how it goes on, and 2 that what follows is no HTTP. */
interface Parsed {
  readonly parser?: { onIncoming?: (request: { upgrade?: boolean }) => number } | null;
}

/**
 * Has Node's parser drop what it reads on a connection from now on, behind the request that it is reading. It would make a request of
 * each line, and keep it for as long as the one before is not answered, in a hundred times as much memory as it has bytes.
 */
export function skipRequests(socket: Socket): void {
  // The type leaves out what is not documented.
  const { parser } = socket as unknown as Parsed;
  if (!parser) return;
  parser.onIncoming = (request) => {
    request.upgrade = false;
    return 2;
  };
}
