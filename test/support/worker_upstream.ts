import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

/**
 * An upstream in a thread of its own, which can act while this thread stands still. When this one goes on, it finds several things
 * at once in its sockets: what the upstream did to its idle connection, and before that the moment to send the next call.
 */
export interface WorkerUpstream {
  readonly origin: string;
  /**
   * Stands still until the upstream has given the sign and then done this to its connections; `onSign` runs with the sign, among
   * the first of all that had happened meanwhile.
   */
  meanwhile(deed: 'close' | 'reset' | 'answer', onSign: () => void): Promise<void>;
  /** How many requests, and connections, the upstream has seen. */
  seen(): Promise<{ readonly requests: number; readonly connections: number }>;
  close(): Promise<void>;
}

const SOURCE = `
const { parentPort, workerData } = require('node:worker_threads');
const net = require('node:net');
const flag = new Int32Array(workerData.flag);
const answer = 'HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok';
const sockets = new Set();
let requests = 0, connections = 0;
const sign = net.connect(workerData.port, '127.0.0.1').setNoDelay(true);
const server = net.createServer((socket) => {
  connections++;
  sockets.add(socket.setNoDelay(true));
  socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  socket.on('data', () => { requests++; socket.write(answer); });
}).listen(0, '127.0.0.1', () => sign.once('connect', () => parentPort.postMessage({ port: server.address().port })));
parentPort.on('message', (deed) => {
  if (deed === 'seen') return parentPort.postMessage({ requests, connections });
  // The sign first: what is readable first is handled first.
  sign.write('now', () => setTimeout(() => {
    for (const socket of sockets) {
      if (deed === 'close') socket.end();
      if (deed === 'reset') socket.resetAndDestroy();
      if (deed === 'answer') socket.write(answer);
    }
    setTimeout(() => { Atomics.store(flag, 0, 1); Atomics.notify(flag, 0); }, 20);
  }, 20));
});
`;

export async function startWorkerUpstream(): Promise<WorkerUpstream> {
  const flag = new Int32Array(new SharedArrayBuffer(4));
  const signs = createServer().listen(0, '127.0.0.1');
  await once(signs, 'listening');
  const worker = new Worker(SOURCE, {
    eval: true,
    workerData: { flag: flag.buffer, port: (signs.address() as AddressInfo).port },
  });
  const [[{ port }], [sign]] = (await Promise.all([once(worker, 'message'), once(signs, 'connection')])) as [
    [{ port: number }],
    [Socket],
  ];
  // Listened to from now on: a socket that is listened to later is looked at later, too.
  let signed = () => {};
  sign.on('data', () => signed());
  async function seen() {
    worker.postMessage('seen');
    const [counts] = await once(worker, 'message');
    return counts;
  }

  return {
    origin: `http://127.0.0.1:${port}`,
    async meanwhile(deed, onSign) {
      // Once around the event loop: what was readable a moment ago still stands in front of what will be.
      await seen();
      signed = onSign;
      Atomics.store(flag, 0, 0);
      worker.postMessage(deed);
      if (Atomics.wait(flag, 0, 0, 5_000) === 'timed-out') throw new Error('the upstream did nothing');
    },
    seen,
    async close() {
      await worker.terminate();
      sign.destroy();
      signs.close();
    },
  };
}
