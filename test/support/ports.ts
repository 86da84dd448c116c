import { connect, createServer } from 'node:net';

const HOST = '127.0.0.1';
/** Below the range the system takes for outgoing connections, so that a port stays free while its server is down. */
const PORTS = { first: 20_000, count: 12_000 };

/** A port on which nothing listens now. Another process may take it before we do; callers try again then. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = PORTS.first + Math.floor(Math.random() * PORTS.count);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, HOST, () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
}

/** Whether something takes connections there now. */
export async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, HOST);
  const there = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
  });
  socket.destroy();
  return there;
}
