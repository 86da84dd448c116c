import { isIP } from 'node:net';
import { z } from 'zod';
import { text } from '../../model/text.ts';

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

/** The address a listener binds to: an IP address or a name of this machine. */
export const bindAddress = () =>
  text((value) =>
    isIP(value) !== 0 || (HOST_NAME.test(value.toLowerCase()) && !looksLikeIp(value))
      ? undefined
      : 'must be an IP address or a host name of this machine, such as 127.0.0.1, ::1 or 0.0.0.0, without a port',
  );

export const port = () => z.int().min(0).max(65_535);

/** The host of a request, as in the `Host` header, without the port. Becomes lower case. */
export const requestHost = () =>
  text((value) => {
    const name = value.toLowerCase();
    if (/:\d+$/.test(name) && isIP(name) === 0)
      return 'must be a host without a port: remove the colon and what follows it';
    const bracketed = name.startsWith('[') && name.endsWith(']') && isIP(name.slice(1, -1)) === 6;
    if (bracketed || isIP(name) === 4 || (HOST_NAME.test(name) && !looksLikeIp(name))) return undefined;
    return 'must be a host name such as api.example.com (no scheme, no path, no wildcard)';
  }).transform((value) => value.toLowerCase());

/** A range of addresses, `10.0.0.0/8`; a single address is the range of itself. */
export const addressRange = () =>
  text((value) => {
    const [address = '', bits, ...more] = value.split('/');
    const version = isIP(address);
    const right = 'must be an address or a range of addresses such as 10.0.0.0/8 or fd00::/8';
    if (version === 0 || more.length > 0 || address.includes('%')) return right;
    if (bits === undefined) return undefined;
    if (!/^\d{1,3}$/.test(bits) || Number(bits) > widthOf(version)) return right;
    // Everyone's X-Forwarded-For would be believed.
    if (Number(bits) === 0) return 'must not cover all addresses: name the ranges of your own proxies';
    return undefined;
  }).transform((value) => (value.includes('/') ? value : `${value}/${widthOf(isIP(value))}`));

const widthOf = (version: number): number => (version === 4 ? 32 : 128);

/** `256.1.1.1` and `10.0.0` are mistyped addresses, not names: no top-level domain is a number. */
const looksLikeIp = (name: string): boolean => /(^|\.)\d+$/.test(name);
