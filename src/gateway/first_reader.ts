import type { Socket } from 'node:net';

/** Who reads a caller's connection first: before the HTTP server that owns the port has seen a byte of it. */
export interface FirstReader {
  /**
   * Takes a connection that nobody has read from: plain, or TLS after its handshake with HTTP/1.1 agreed on.
   * @param handOver gives the connection to the HTTP server, for good. Everything that was read and not answered must have been
   *   unshifted before, and no listener of the first reader may be left on the socket. To be called once at most.
   */
  take(socket: Socket, handOver: () => void): void;
  /**
   * No further request on any connection after the one under way, whose answer says `Connection: close`. Idle connections are
   * closed by the rules of `http/drain.ts`: who has not said anything yet has a moment for it, who was kept alive a shorter one.
   * Connections taken after this are treated alike. What is still open when the time is up is cut by the listener.
   */
  drain(): void;
}
