import { isIPv6 } from 'node:net';

/** The value of a `Host` header that names one host in one way. */
export interface Host {
  /** Lower case, without the port: what routes are matched on. An IPv6 address keeps its brackets. */
  readonly name: string;
  /** As sent, but in lower case: what `X-Forwarded-Host` says. */
  readonly authority: string;
}

const NAME = 1;
const UPPER = 2;
const CHARACTERS = new Uint8Array(128);
for (const character of 'abcdefghijklmnopqrstuvwxyz0123456789-_') CHARACTERS[character.charCodeAt(0)] = NAME;
for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZ') CHARACTERS[character.charCodeAt(0)] = UPPER;

const DOT = 0x2e;
const COLON = 0x3a;
const BRACKET = 0x5b;

/**
 * Reads `host[:port]` (RFC 9112 §3.2): a name of letters, digits, `-`, `_` and single inner dots, or an IPv6 literal.
 * @returns undefined for anything else: user info, lists, trailing dots, empty labels, ports that are none.
 */
export function readHost(value: string): Host | undefined {
  if (value.length > 261) return undefined;
  if (value.charCodeAt(0) === BRACKET) return readIPv6(value);
  let upper = false;
  let end = value.length;
  let previous = DOT;
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if (code === COLON) {
      end = at;
      break;
    }
    const kind = code < 128 ? CHARACTERS[code] : 0;
    if (kind === UPPER) upper = true;
    else if (kind !== NAME && (code !== DOT || previous === DOT)) return undefined;
    previous = code;
  }
  if (previous === DOT || !isPort(value, end)) return undefined;
  const authority = upper ? value.toLowerCase() : value;
  return { name: end === value.length ? authority : authority.slice(0, end), authority };
}

function readIPv6(value: string): Host | undefined {
  const close = value.indexOf(']');
  const address = value.slice(1, close);
  // A zone (`%eth0`) means nothing to another machine.
  if (close < 0 || address.includes('%') || !isIPv6(address) || !isPort(value, close + 1)) return undefined;
  const authority = value.toLowerCase();
  return { name: authority.slice(0, close + 1), authority };
}

/** Whether nothing, or `:` and a port from 1 to 65535, follows. */
function isPort(value: string, from: number): boolean {
  if (from === value.length) return true;
  if (value.charCodeAt(from) !== COLON || value.length - from < 2 || value.length - from > 6) return false;
  let port = 0;
  for (let at = from + 1; at < value.length; at++) {
    const digit = value.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return false;
    port = port * 10 + digit;
  }
  return port > 0 && port <= 65_535;
}
