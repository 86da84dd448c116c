import { Buffer } from 'node:buffer';
import { BlockList, isIP } from 'node:net';
import { readHost } from './host.ts';
import type { HeadFacts, RequestHead } from './request_head.ts';
import { type HeaderLines, lastingLines, linesOf } from './upstream/outgoing_head.ts';

/** Whether the other end of a connection is a proxy whose word about its own caller is believed. */
export type IsTrusted = (address: string | undefined) => boolean;

/**
 * @param ranges CIDR ranges (`10.0.0.0/8`, `fd00::/8`) or single addresses.
 * @throws Error when a range is none.
 */
export function trustedProxies(ranges: readonly string[]): IsTrusted {
  if (ranges.length === 0) return () => false;
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits] = range.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return (address) => {
    if (address === undefined) return false;
    const plain = plainAddress(address);
    return list.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4');
  };
}

/** An IPv4 caller of a dual-stack listener appears as `::ffff:10.0.0.1`. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address;
}

/**
 * Who is calling: the other end of the connection or, behind trusted proxies, the last address in `X-Forwarded-For` that is not
 * one of theirs. Further left stands what the caller may have made up.
 */
export function callerAddress(
  { remoteAddress = '' }: RequestHead,
  forwardedFor: string | readonly string[] | undefined,
  isTrusted: IsTrusted,
): string {
  const chain = [forwardedFor ?? []].flat().join(',').split(',');
  let address = plainAddress(remoteAddress);
  while (isTrusted(address) && chain.length > 0) {
    const before = plainAddress(chain.pop()?.trim() ?? '');
    if (isIP(before) === 0) break;
    address = before;
  }
  return address;
}

/** What a trusted proxy said about its own caller. Empty for everyone else. */
export interface Hearsay {
  for?: string;
  host?: string;
  proto?: string;
}

/**
 * Makes `X-Forwarded-For`, `-Host` and `-Proto`: the facts of this connection, and before them what a trusted proxy said. Each
 * appears once. Where the next request of the connection is read into the same head, they are noted there.
 */
export function forwardedLines(head: RequestHead, { host }: HeadFacts, said: Hearsay): HeaderLines {
  const isHearsay = said.for !== undefined || said.host !== undefined || said.proto !== undefined;
  if (isHearsay || !('forwarded' in head)) {
    const list = forwardedList(head, host.authority, said);
    return { list, text: linesOf(list) };
  }
  if (head.forwarded?.authority === host.authority) return head.forwarded.lines;
  // A copy: a part of a string keeps the whole head alive, and with it the token.
  const authority = Buffer.from(host.authority, 'latin1').toString('latin1');
  const lines = lastingLines(forwardedList(head, authority, said));
  head.forwarded = { authority, lines };
  return lines;
}

function forwardedList(head: RequestHead, authority: string, said: Hearsay): string[] {
  const list: string[] = [];
  const address = head.remoteAddress === undefined ? undefined : plainAddress(head.remoteAddress);
  const chain = said.for === undefined ? address : address === undefined ? said.for : `${said.for}, ${address}`;
  if (chain !== undefined) list.push('x-forwarded-for', chain);
  const host = said.host === undefined ? undefined : readHost(said.host)?.authority;
  list.push('x-forwarded-host', host ?? authority);
  const proto = said.proto === 'https' || said.proto === 'http' ? said.proto : undefined;
  list.push('x-forwarded-proto', proto ?? (head.secure ? 'https' : 'http'));
  return list;
}
