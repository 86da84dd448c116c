import type { IdentityHeaders } from '../model/route.ts';
import { NameMemory } from './name_memory.ts';

/** What a request header is to the gateway. `forward` means nothing: it goes upstream as it came. */
export type HeaderKind =
  | 'forward'
  | 'drop'
  | 'authorization'
  | 'connection'
  | 'content-length'
  | 'content-type'
  | 'cookie'
  | 'expect'
  | 'forwarded'
  | 'forwarded-for'
  | 'forwarded-host'
  | 'forwarded-proto'
  | 'host'
  | 'origin'
  | 'request-id'
  | 'requested-method'
  | 'transfer-encoding';

/** Tells the kind of a header from its name as sent. */
export type HeaderKinds = (name: string) => HeaderKind;

/** The names the contract gives the identity headers. They stay ours when renamed or switched off. */
export const DEFAULT_IDENTITY_HEADERS: { readonly [K in Exclude<keyof IdentityHeaders, 'attributes'>]: string } = {
  userId: 'X-User-Id',
  userName: 'X-User-Name',
  userEmail: 'X-User-Email',
  clientId: 'X-Client-Id',
  scopes: 'X-Token-Scopes',
  connection: 'X-Auth-Connection',
  requestId: 'X-Request-Id',
};

const SPECIAL: readonly (readonly [string, HeaderKind])[] = [
  // Between two neighbours only (RFC 9110 §7.6.1), or answered by us.
  ...['keep-alive', 'te', 'trailer', 'trailers', 'upgrade', 'http2-settings'].map((name) => [name, 'drop'] as const),
  // Frameworks take the method from these, after it was checked.
  ...['x-http-method-override', 'x-http-method', 'x-method-override'].map((name) => [name, 'drop'] as const),
  // CGI turns it into the variable that names the proxy for outgoing calls (httpoxy).
  ['proxy', 'drop'],
  ['authorization', 'authorization'],
  ['connection', 'connection'],
  ['content-length', 'content-length'],
  ['content-type', 'content-type'],
  ['cookie', 'cookie'],
  ['expect', 'expect'],
  ['forwarded', 'forwarded'],
  ['x-real-ip', 'forwarded'],
  ['x-forwarded-for', 'forwarded-for'],
  ['x-forwarded-host', 'forwarded-host'],
  ['x-forwarded-proto', 'forwarded-proto'],
  ['host', 'host'],
  ['origin', 'origin'],
  ['access-control-request-method', 'requested-method'],
  ['x-request-id', 'request-id'],
  ['transfer-encoding', 'transfer-encoding'],
];

/** `x-original-url` and its like make frameworks serve another path than the one that was checked. */
const DROPPED_PREFIXES = ['proxy-', 'x-original-', 'x-rewrite-'];

/**
 * Compiles the table of header names. Every spelling that some server reads as one of ours or as a framing header (other case,
 * `_` or another sign for `-`) and that is not exactly that header is dropped.
 */
export function headerKinds(identityHeaders: IdentityHeaders): HeaderKinds {
  const special = new Map(SPECIAL);
  if (identityHeaders.requestId !== null) special.set(plainSpelling(identityHeaders.requestId), 'request-id');
  const { attributes = {}, ...named } = identityHeaders;
  for (const name of [named, attributes, DEFAULT_IDENTITY_HEADERS].flatMap((names) => Object.values(names))) {
    const plain = name === null ? '' : plainSpelling(name);
    if (name !== null && !special.has(plain)) special.set(plain, 'drop');
  }

  function kindOf(name: string): HeaderKind {
    const plain = plainSpelling(name);
    if (DROPPED_PREFIXES.some((prefix) => plain.startsWith(prefix))) return 'drop';
    const kind = special.get(plain) ?? (plain.startsWith('x-forwarded-') ? 'forwarded' : 'forward');
    return kind !== 'forward' && plain !== name.toLowerCase() ? 'drop' : kind;
  }

  const remembered = new NameMemory<HeaderKind>();
  return (name) => {
    const known = remembered.find(name);
    if (known !== undefined) return known;
    const kind = kindOf(name);
    remembered.keep(name, kind);
    return kind;
  };
}

/** How CGI, WSGI and their descendants see a name: letters and digits, and one sign for everything else. */
export function plainSpelling(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-');
}
