import { createHash } from 'node:crypto';
import type { Failure } from '../model/failure.ts';
import type { RequestHead } from './request_head.ts';

/** RFC 6455 §4.2.2: what proves that the other side has read the handshake, and not just happened to answer 101. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Base64 of 16 bytes (RFC 6455 §4.1). */
const KEY = /^[A-Za-z0-9+/]{21}[AQgw]==$/;

/** With one of these the request is more than a handshake: what stands behind its head could be read in two ways. */
const NEVER = ['content-length', 'transfer-encoding', 'expect', 'te', 'trailer', 'http2-settings'];

/**
 * Reads a request head as the opening handshake of a WebSocket (RFC 6455 §4.2.1), strictly: GET, HTTP/1.1, no body, one `Upgrade`
 * that says `websocket` and nothing else, version 13, one well-formed key.
 * @returns the key; undefined for everything else, which is an ordinary request whose `Upgrade` concerns nobody (RFC 9110 §7.8).
 */
export function handshakeKey({
  method,
  httpVersion,
  rawHeaders,
}: Pick<RequestHead, 'method' | 'httpVersion' | 'rawHeaders'>): string | undefined {
  if (method !== 'GET' || httpVersion !== '1.1') return undefined;
  const said = new Map<string, string>();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? '').toLowerCase();
    const value = (rawHeaders[at + 1] ?? '').trim();
    if (NEVER.includes(name)) return undefined;
    if (name === 'connection') said.set(name, said.has(name) ? `${said.get(name)},${value}` : value);
    else if (name === 'upgrade' || name === 'sec-websocket-key' || name === 'sec-websocket-version') {
      if (said.has(name)) return undefined;
      said.set(name, value);
    }
  }
  const options = said.get('connection')?.toLowerCase().split(',') ?? [];
  if (!options.some((option) => option.trim() === 'upgrade')) return undefined;
  if (said.get('upgrade')?.toLowerCase() !== 'websocket' || said.get('sec-websocket-version') !== '13')
    return undefined;
  const key = said.get('sec-websocket-key');
  return key !== undefined && KEY.test(key) ? key : undefined;
}

/**
 * Whether the head of a 101 accepts the handshake with this key.
 * @param headers names and values in turn.
 */
export function accepts(headers: readonly string[], key: string): boolean {
  const accepted: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    if (headers[at]?.toLowerCase() === 'sec-websocket-accept') accepted.push(headers[at + 1] ?? '');
  }
  return (
    accepted.length === 1 &&
    accepted[0] ===
      createHash('sha1')
        .update(key + GUID)
        .digest('base64')
  );
}

/** What the caller is told of an upstream that does not accept it. */
export const NO_HANDSHAKE: Failure = {
  code: 'upstream_unreachable',
  description: 'The API behind the gateway did not answer the WebSocket handshake as one.',
};

/** The upstream says that it switched, and does not know the key. */
export class NotAccepted extends Error {
  override readonly name = 'NotAccepted';
}

/**
 * The head that tells the caller of the switch (RFC 9110 §15.2.2). A 101 has no body, so nothing in it says how long one is.
 * @param lines names and values in turn.
 */
export function switchHead(lines: readonly string[]): string {
  let text = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';
  for (let at = 0; at + 1 < lines.length; at += 2) {
    if (lines[at]?.toLowerCase() !== 'content-length') text += `${lines[at]}: ${lines[at + 1]}\r\n`;
  }
  return `${text}\r\n`;
}
