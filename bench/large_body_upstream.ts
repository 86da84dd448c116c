import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { LOAD_CORE, serve, startProgram } from './contestant.ts';

/** An upstream that answers a GET with 1 GiB of zeros, and reads whatever it is sent before it answers anything else. */
export async function startLargeBodies(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const program = startProgram(LOAD_CORE, process.execPath, [import.meta.filename]);
  const [, port] = await program.line(/^listening on (\d+)$/);
  return { url: `http://127.0.0.1:${port}`, stop: program.stop };
}

const GIB = 1024 ** 3;
const ZEROS = Buffer.alloc(256 * 1024);

function give(response: ServerResponse): void {
  let left = GIB;
  const more = (): void => {
    while (left > 0) {
      left -= ZEROS.length;
      if (!response.write(ZEROS)) return void response.once('drain', more);
    }
    response.end();
  };
  response.writeHead(200, { 'content-length': GIB });
  more();
}

function take(request: IncomingMessage, response: ServerResponse): void {
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  request.on('end', () => response.end(String(bytes)));
}

if (import.meta.main) {
  serve(createServer((request, response) => (request.method === 'GET' ? give(response) : take(request, response))));
}
