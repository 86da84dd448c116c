import { scope } from '../model/fields.ts';
import { redirectUri } from '../model/redirect_uri.ts';
import type { Item, Notes } from './item.ts';

/** Pieces of our configuration, made of what other gateways write in much the same way. */

/** A part of our configuration; members that are undefined are left out. */
export type Part = Readonly<Record<string, unknown>>;

export function part(members: Part): Part {
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0)),
  );
}

/** Text of which the variables (`${NAME}`) are to be looked at when the file is read. */
export class WithVariables {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/**
 * What is printed: text that came from outside stays text. Our files take `${` for a variable, which can be written otherwise, and
 * `file:` for the name of a file, which cannot: such text is left out, and noted.
 */
export function asText(config: Part, notes: Notes): Part {
  const leftOut = Symbol('left out');
  const copy = (value: unknown, path: readonly (string | number)[]): unknown => {
    if (value instanceof WithVariables) return value.text;
    if (typeof value === 'string') {
      if (!value.startsWith('file:')) return value.replaceAll('${', () => '$${');
      const says = `has in ${path.join('.')} of the result a text that begins with "file:", which would name a file`;
      notes.add({ source: 0, path: [], says, change: 'It is left out: write it by hand, if it is needed.' });
      return leftOut;
    }
    if (Array.isArray(value))
      return value.map((item, at) => copy(item, [...path, at])).filter((item) => item !== leftOut);
    if (typeof value !== 'object' || value === null) return value;
    const members = Object.entries(value).map(([key, inner]) => [key, copy(inner, [...path, key])] as const);
    return Object.fromEntries(members.filter(([, inner]) => inner !== leftOut));
  };
  return copy(config, []) as Part; // a mapping goes in
}

/** What `strip_prefix` takes away of a route's path; undefined if that is nothing. */
export const prefixOf = (path: string): string | undefined => path.replace(/\/?\*?$/, '') || undefined;

/** The scopes among the entries that are any. */
export function scopesOf(item: Item): readonly string[] {
  const known = new Set<string>();
  for (const entry of item.list()) {
    for (const one of (entry.text() ?? '').split(/[\s,]+/).filter((text) => text !== '')) {
      if (scope().safeParse(one).success) known.add(one);
      else entry.note('is no scope', 'Name it with visible ASCII, without quotes.');
    }
  }
  return [...known];
}

/** The redirect URIs that we take; the others are noted. */
export function redirectUrisOf(item: Item): readonly string[] {
  const known = new Set<string>();
  for (const entry of item.list()) {
    const uri = entry.text() ?? '';
    const { success, error } = redirectUri().safeParse(uri);
    if (success) known.add(uri);
    else entry.note('cannot be a redirect URI here', `It ${error.issues[0]?.message ?? 'is none'}.`);
  }
  return [...known];
}

const METHOD = /^[A-Z][A-Z-]{0,31}$/;

/** @returns undefined for any. */
export function methodsOf(item: Item): readonly string[] | undefined {
  const known = new Set<string>();
  const written = item.list().flatMap((entry) => (entry.text() ?? '').split(','));
  if (written.length === 0 || written.includes('*')) return undefined;
  for (const one of written.map((text) => text.trim().toUpperCase())) {
    if (METHOD.test(one) && one !== 'CONNECT' && one !== 'TRACE') known.add(one);
    else if (one !== '')
      item.note(`names the method ${one}, which is never forwarded`, 'Nothing: such calls are refused.');
  }
  return [...known];
}

const HOST = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

/** A whole host name, lower case; undefined for patterns and everything else. */
export function hostFrom(text: string): string | undefined {
  const host = text.toLowerCase().replace(/:\d+$/, '');
  return HOST.test(host) ? host : undefined;
}

/** Milliseconds as a duration of ours, within bounds. */
export function durationOf(item: Item, least: number, most: number): string | undefined {
  const time = item.number();
  if (time === undefined) return undefined;
  const within = Math.min(most, Math.max(least, Math.round(time)));
  if (within !== Math.round(time))
    item.note(`is out of bounds here, and became ${durationText(within)}`, 'See whether that will do.');
  return durationText(within);
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

export function durationText(time: number): string {
  const unit = UNITS.find(([, length]) => time >= length && time % length === 0);
  return unit ? `${time / unit[1]}${unit[0]}` : `${time}ms`;
}

/** As `durationOf`, in whole seconds: what lives of tokens are counted in. */
export function lifeOf(item: Item, milliseconds: number, most: number): string {
  const within = Math.min(most, Math.max(1_000, Math.floor(milliseconds / 1000) * 1000));
  if (within !== milliseconds) item.note(`became ${durationText(within)}`, 'See whether that will do.');
  return durationText(within);
}

const TAKEN =
  /^(host|content-length|transfer-encoding|connection|keep-alive|te|trailers?|upgrade|http2-settings|proxy|proxy-.*|expect|forwarded|x-forwarded-.*|x-real-ip|x-original-.*|x-rewrite-.*|x-http-method(-override)?|x-method-override|content-type|authorization)$/i;
const OURS =
  /^(x-user-(id|name|email)|x-client-id|x-token-scopes|x-auth-connection|x-request-id|ratelimit.*|date|access-control-.*)$/i;

/** Rules for headers: `set` by name, and names to `remove`. */
export class HeaderRulesMade {
  readonly #set = new Map<string, readonly [name: string, value: string]>();
  readonly #remove = new Map<string, string>();

  set(item: Item, name: string, value: string): void {
    if (!isFree(item, name)) return;
    if (!/^[\x21-\x7e]([\x20-\x7e]{0,2046}[\x21-\x7e])?$/.test(value)) {
      item.note(
        `sets ${name} to what is not carried`,
        'Set it under request_headers or response_headers, in visible ASCII.',
      );
      return;
    }
    this.#remove.delete(name.toLowerCase());
    this.#set.set(name.toLowerCase(), [name, value]);
  }

  remove(item: Item, name: string): void {
    if (isFree(item, name) && !this.#set.has(name.toLowerCase())) this.#remove.set(name.toLowerCase(), name);
  }

  get part(): Part | undefined {
    if (this.#set.size + this.#remove.size === 0) return undefined;
    const set = this.#set.size > 0 ? Object.fromEntries(this.#set.values()) : undefined;
    return part({ set, remove: [...this.#remove.values()] });
  }
}

function isFree(item: Item, name: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9-]{0,63}$/.test(name))
    item.note(`changes the header ${name}, whose name is not carried`, 'Use letters, digits and hyphens.');
  else if (TAKEN.test(name))
    item.note(`changes the header ${name}`, 'Nothing, or change the upstream: Gatehouse keeps this header to itself.');
  else if (OURS.test(name))
    item.note(`changes the header ${name}, which Gatehouse sets itself`, 'See identity_headers, limits and cors.');
  else return true;
  return false;
}

/** @param maxAge in seconds. @returns undefined if no origin is left. */
export function corsPart(
  item: Item,
  origins: Item,
  more: { methods: Item; headers: Item; expose: Item; credentials: boolean; maxAge: number | undefined },
): Part | undefined {
  const words = (list: Item) => list.texts().flatMap((text) => text.split(',').map((word) => word.trim()));
  const anywhere = !origins.isThere || origins.texts().includes('*') || origins.isTrue();
  const known = words(origins).filter((origin) => isOrigin(origin));
  for (const origin of anywhere ? [] : words(origins).filter((one) => !isOrigin(one)))
    origins.note(
      `names the origin ${origin}, which is not carried`,
      'Write each origin out, as browsers do: https://app.example.com.',
    );
  if (!anywhere && known.length === 0) return undefined;
  if (anywhere && more.credentials)
    item.note('allows credentials for any origin', 'List the origins, then write credentials: true.');
  const headers = words(more.headers).filter((name) => name !== '*' && /^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(name));
  const expose = words(more.expose).filter((name) => /^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(name));
  return part({
    origins: anywhere ? '*' : [...new Set(known)],
    methods: methodsOf(more.methods),
    headers: [...new Set(headers)],
    expose: [...new Set(expose)],
    credentials: more.credentials && !anywhere ? true : undefined,
    max_age:
      more.maxAge === undefined
        ? undefined
        : durationText(Math.min(86_400, Math.max(1, Math.round(more.maxAge))) * 1000),
  });
}

function isOrigin(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.origin === text;
}

/** A target of ours; undefined, and a note, for what is none. */
export function targetFrom(item: Item, text: string): string | undefined {
  const url = URL.parse(text);
  if (url && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '' && url.username === '')
    return text.replace(/\/$/, '');
  item.note('is no http or https URL without user and query', 'Write it as upstream of the route.');
  return undefined;
}

/** Whether a path is written in the one way that routes are. */
export function isPlainPath(path: string): boolean {
  return /^(\/[A-Za-z0-9._~!$&'()+,=:@-]+)*\/?$/.test(path) && path.startsWith('/') && !/\/\.{1,2}(\/|$)/.test(path);
}
