/** Reads HTTP/1.1 messages out of bytes without any library, for the two ends of a test that must not share a parser with us. */

export interface Head {
  /** `GET /path HTTP/1.1`, or `HTTP/1.1 200 OK`. */
  readonly startLine: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Bytes up to and including the empty line. */
  readonly length: number;
}

/** The head at the start of `bytes`, once its empty line has come. */
export function readHeadBytes(bytes: Buffer): Head | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [startLine = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
  });
  return { startLine, headers, length: end + 4 };
}

/** Every value of a header, in order. */
export function valuesOf(headers: Head['headers'], name: string): string[] {
  return headers.filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
}

export type Framing = 'none' | 'length' | 'chunked';

export interface Body {
  readonly framing: Framing;
  readonly content: Buffer;
  /** Bytes it took on the wire. */
  readonly length: number;
}

/** The body behind a head, once it is complete; by what the head says, strictly. @throws Error when the framing is contradictory. */
export function readBodyBytes(headers: Head['headers'], bytes: Buffer): Body | undefined {
  const lengths = valuesOf(headers, 'content-length');
  const codings = valuesOf(headers, 'transfer-encoding');
  if (lengths.length + codings.length > 1) throw new Error(`contradictory framing: ${JSON.stringify(headers)}`);
  if (codings.length === 1) return readChunks(bytes);
  if (lengths.length === 0) return { framing: 'none', content: Buffer.alloc(0), length: 0 };
  const length = Number(lengths[0]);
  return bytes.length < length ? undefined : { framing: 'length', content: bytes.subarray(0, length), length };
}

function readChunks(bytes: Buffer): Body | undefined {
  const parts: Buffer[] = [];
  let at = 0;
  while (true) {
    const line = bytes.indexOf('\r\n', at);
    if (line < 0) return undefined;
    const size = Number.parseInt(bytes.subarray(at, line).toString('latin1'), 16);
    if (Number.isNaN(size)) throw new Error('a chunk without a size');
    at = line + 2;
    if (size === 0) {
      // Trailers, if any, up to an empty line.
      const end = bytes.indexOf('\r\n', at) === at ? at + 2 : bytes.indexOf('\r\n\r\n', at) + 4;
      return end < at + 2 || end > bytes.length
        ? undefined
        : { framing: 'chunked', content: Buffer.concat(parts), length: end };
    }
    if (bytes.length < at + size + 2) return undefined;
    parts.push(bytes.subarray(at, at + size));
    at += size + 2;
  }
}
