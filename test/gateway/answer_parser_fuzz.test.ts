import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AnswerParser } from '../../src/gateway/upstream/answer_parser.ts';
import { damagedAnswers } from '../support/answer_mutations.ts';

/*
 * Two programs that read an answer in two ways are how one caller gets another's: whatever our reader of answers accepts, node:http
 * (llhttp) must have read as the same status, headers and body. It may accept less, and does.
 */

interface Read {
  readonly status: number;
  /** Lower-case names and values in turn, without those that end here. */
  readonly headers: readonly string[];
  readonly body: string;
  /** Whether nothing came behind it. */
  readonly clean: boolean;
}

/** What we make of the bytes, if the connection ends behind them; undefined if it is no whole answer. */
function ours(pieces: readonly string[], method: string): Read | undefined {
  let read: { status: number; headers: readonly string[]; body: string } | undefined;
  let clean: boolean | undefined;
  const parser = new AnswerParser({
    onWhole({ status, headers }, body, nothingBehind) {
      read = { status, headers, body };
      clean = nothingBehind;
    },
    onHead({ status, headers }) {
      read = { status, headers, body: '' };
    },
    onData(chunk) {
      if (read !== undefined) read.body += chunk.toString('latin1');
    },
    onEnd(_trailers, nothingBehind) {
      clean = nothingBehind;
    },
    onSwitch() {},
    onProgress() {},
    onFault() {},
  });
  parser.begin(method, undefined);
  for (const piece of pieces) parser.take(Buffer.from(piece, 'latin1'), piece.length);
  if (parser.end()) clean = true;
  if (clean === undefined || read === undefined) return undefined;
  return { ...read, clean, headers: endToEnd(read.headers, read.headers) };
}

/** The bytes of the answer alone, without what came behind it. */
function withoutRest(whole: string, method: string): string {
  let [short, enough] = [0, whole.length];
  while (enough - short > 1) {
    const middle = (short + enough) >> 1;
    if (ours([whole.slice(0, middle)], method) === undefined) short = middle;
    else enough = middle;
  }
  return whole.slice(0, enough);
}

/** What node:http makes of them. */
function theirs(whole: string, method: string): Promise<Read | undefined> {
  return new Promise((resolve) => {
    const connection = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
    const asking: ClientRequest = request({ method, createConnection: () => connection });
    asking.on('error', () => resolve(undefined));
    asking.on('response', (answer: IncomingMessage) => {
      let body = '';
      answer.on('data', (chunk: Buffer) => {
        body += chunk.toString('latin1');
      });
      answer.on('error', () => resolve(undefined));
      answer.on('close', () => {
        const headers = endToEnd(answer.rawHeaders, answer.rawHeaders);
        resolve(answer.complete ? { status: answer.statusCode ?? 0, headers, body, clean: true } : undefined);
        connection.destroy();
      });
    });
    asking.end();
    connection.push(Buffer.from(whole, 'latin1'));
    connection.push(null);
  });
}

const HERE = /^(connection|keep-alive|transfer-encoding|upgrade|trailer|te|proxy-.*|x-request-id|content-length)$/;

/** Without what concerns one connection; the length, whose place in the list may differ, comes last. */
function endToEnd(raw: readonly string[], all: readonly string[]): string[] {
  const named = new Set<string>();
  let length: string | undefined;
  for (let at = 0; at < all.length; at += 2) {
    if (all[at]?.toLowerCase() === 'connection')
      for (const name of (all[at + 1] ?? '').toLowerCase().split(',')) named.add(name.trim());
    if (all[at]?.toLowerCase() === 'content-length') length = all[at + 1];
  }
  const left: string[] = [];
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at]?.toLowerCase() ?? '';
    if (!HERE.test(name) && !named.has(name)) left.push(name, raw[at + 1] ?? '');
  }
  return length === undefined ? left : [...left, 'content-length', length];
}

describe('whatever we take for an answer, node:http takes for the same one', () => {
  it('of 10,000 damaged ones', { timeout: 60_000 }, async () => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(
        damagedAnswers,
        fc.constantFrom('GET', 'GET', 'GET', 'HEAD'),
        async ({ whole, pieces }, method) => {
          const mine = ours([whole], method);
          // What comes behind it later finds the connection idle, and ends it then.
          const inPieces = ours(pieces, method);
          expect(inPieces && { ...inPieces, clean: true }).toEqual(mine && { ...mine, clean: true });
          if (mine === undefined) return;
          accepted++;
          const other = await theirs(mine.clean ? whole : withoutRest(whole, method), method);
          // We say no length on a 204 (RFC 9110 §8.6) and read no body there; llhttp reads one if a length says so.
          if (mine.status === 204 && /\r\ncontent-length:/i.test(whole)) return;
          // Nor on a 304, whatever its framing says of the answer that it stands for (RFC 9112 §6.3).
          if (mine.status === 304 && /\r\n(content-length|transfer-encoding):/i.test(whole)) return;
          expect({ ...mine, clean: true }, JSON.stringify(whole)).toEqual(other);
        },
      ),
      { numRuns: 10_000 },
    );
    // Otherwise nothing was compared.
    expect(accepted).toBeGreaterThan(2_000);
  });
});
