import { connect } from 'node:net';

/**
 * Asks a server for many targets over few connections, each answered in order.
 * @returns for each target, what the server says in `X-Path`; undefined if it refused to say.
 */
export async function askPaths(
  port: number,
  targets: readonly string[],
  base64: boolean,
): Promise<(string | undefined)[]> {
  const told: (string | undefined)[] = [];
  for (let from = 0; from < targets.length; from += BATCH) {
    told.push(...(await askBatch(port, targets.slice(from, from + BATCH), base64)));
  }
  return told;
}

const BATCH = 500;

function askBatch(port: number, targets: readonly string[], base64: boolean): Promise<(string | undefined)[]> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const parts: Buffer[] = [];
    socket.on('data', (part: Buffer) => parts.push(part));
    socket.on('error', reject);
    socket.on('close', () => {
      const text = Buffer.concat(parts).toString('latin1');
      // One line in each answer, in order; an answer without it ends the connection and leaves the rest unanswered.
      const paths = [...text.matchAll(/\r\n[Xx]-[Pp]ath: ([^\r]*)\r\n/g)].map(([, path = '']) =>
        base64 ? Buffer.from(path, 'base64').toString('latin1') : path,
      );
      resolve(targets.map((_, at) => paths[at]));
    });
    const last = targets.length - 1;
    socket.write(
      targets
        .map((target, at) => `GET ${target} HTTP/1.1\r\nHost: g\r\n${at === last ? 'Connection: close\r\n' : ''}\r\n`)
        .join(''),
      'latin1',
    );
  });
}
