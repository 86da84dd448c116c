import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import { type Contestant, serve, startProxyFile } from '../contestant.ts';

/** The least a correct pass-through on node:http and undici can do: what the gateway's own work is measured against. */
export const bareUndici: Contestant = {
  name: 'bare undici',
  about: 'node:http and an undici pool, streaming both ways, no authentication',
  start: (track) => startProxyFile(import.meta.filename, track),
};

const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'expect', 'te', 'trailer']);

function passThrough(pool: Dispatcher, request: IncomingMessage, response: ServerResponse): void {
  const hasBody = 'content-length' in request.headers || 'transfer-encoding' in request.headers;
  pool.dispatch(
    {
      path: request.url ?? '/',
      // undici's type lists the usual methods only, and takes any token.
      method: request.method as Dispatcher.HttpMethod,
      headers: endToEnd(request.rawHeaders),
      body: hasBody ? request : null,
    },
    new Answer(response),
  );
}

/** Streams the upstream's answer to the caller, at the caller's pace. */
class Answer implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse;
  #left = Number.NaN;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#response.once('close', () => {
      if (!this.#response.writableFinished) controller.abort(new Error('the caller went away'));
    });
    this.#response.on('drain', () => controller.resume());
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    if (status < 200) return;
    // Over HTTP/1.1 the raw headers are names and values in turn, as bytes.
    const raw = (controller.rawHeaders as Buffer[]).map((bytes) => bytes.toString('latin1'));
    const length = raw.findIndex((text, i) => i % 2 === 0 && text.toLowerCase() === 'content-length');
    if (length >= 0) this.#left = Number(raw[length + 1]);
    this.#response.writeHead(status, endToEnd(raw));
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#left -= chunk.length;
    // Ending with the last chunk saves a write: head and body of a small answer leave in one packet.
    if (this.#left === 0) this.#response.end(chunk);
    else if (!this.#response.write(chunk)) controller.pause();
  }

  onResponseEnd(): void {
    if (!this.#response.writableEnded) this.#response.end();
  }

  onResponseError(): void {
    if (this.#response.headersSent) this.#response.destroy();
    else this.#response.writeHead(502).end();
  }
}

/** The header list without the lines that belong to one connection. */
function endToEnd(raw: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? '';
    if (!HOP_BY_HOP.has(name.toLowerCase())) kept.push(name, raw[i + 1] ?? '');
  }
  return kept;
}

if (import.meta.main) {
  const { Pool } = await import('undici');
  const pool = new Pool(process.argv[2] ?? '');
  serve(createServer((request, response) => passThrough(pool, request, response)));
}
