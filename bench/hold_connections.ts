import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Opens so many connections, makes one call on each, prints how many were answered 200, and keeps them until it is stopped. */
const [address = '', count = '0', ...headers] = process.argv.slice(2);
const url = new URL(address);
const question = [`GET ${url.pathname} HTTP/1.1`, `Host: ${url.host}`, ...headers].join('\r\n');
/** Fewer at a time than a listener's backlog has places. */
const AT_ONCE = 100;

async function call(): Promise<Socket | undefined> {
  const socket = connect(Number(url.port), url.hostname);
  socket.on('error', () => undefined);
  socket.write(`${question}\r\n\r\n`);
  const [first] = (await once(socket, 'data')) as [Buffer];
  return first.toString('latin1').startsWith('HTTP/1.1 200') ? socket : undefined;
}

process.once('SIGTERM', () => process.exit(0));
let held = 0;
for (let left = Number(count); left > 0; left -= AT_ONCE) {
  const answered = await Promise.all(Array.from({ length: Math.min(AT_ONCE, left) }, call));
  held += answered.filter((socket) => socket?.readable).length;
}
console.log(`holding ${held}`);
