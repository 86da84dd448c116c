import { TRACE_HEADERS } from '../model/exchange.ts';
import type { Failure } from '../model/failure.ts';
import { isFailure } from './canonical_target.ts';
import type { HeaderKinds } from './header_kinds.ts';
import type { RequestHead } from './request_head.ts';

/** Where proxies ask for verdicts: here, or (Envoy) below it, with the path of the call behind it. */
export const FORWARD_AUTH_PATH = '/auth';

/**
 * How a proxy says which call it asks about. `original`: `X-Original-Method` and `X-Original-URI` or `-URL` (nginx, ingress-nginx).
 * `forwarded`: `X-Forwarded-Method`, `-Uri` and `-Host` (Traefik, Caddy, HAProxy). `path`: the call's own method, host and path,
 * the latter behind a prefix (Envoy).
 */
export type Way = 'original' | 'forwarded' | 'path';

/** The call that a verdict is asked about, as a request head of its own. */
export interface AskedRequest {
  readonly way: Way;
  readonly head: RequestHead;
}

/** Each of them says what is asked about, so no call may have two. */
const ORIGINAL_TARGETS = ['x-original-uri', 'x-original-url'];
const ORIGINAL = ['x-original-method', ...ORIGINAL_TARGETS];
const FORWARDED = ['x-forwarded-method', 'x-forwarded-uri'];

/** Dropped when the gateway itself forwards. Behind another proxy they are that proxy's to write or to end. */
const HARMLESS = new Set([
  ...['keep-alive', 'te', 'trailer', 'upgrade', 'http2-settings'],
  ...['x-original-host', 'x-original-for', 'x-original-proto', ...ORIGINAL],
]);

/** Whether the asking proxy is one that words its question as nginx does, whatever else is wrong with it. */
export function asksAsNginx({ rawHeaders }: RequestHead): boolean {
  return rawHeaders.some((name, at) => at % 2 === 0 && ORIGINAL.includes(name.toLowerCase()));
}

/**
 * Reads which call a trusted proxy asks about. Proxies pass the headers of their callers on, so a header that another kind of
 * proxy would use for its question, or a second one of the same kind, is the caller's attempt at it: refused, whatever it says.
 * Refused as well is what the gateway drops when it forwards a call itself, as nobody would drop it here: other spellings of
 * identity and framing headers, overrides of the method, `X-Rewrite-URL`.
 *
 * @param identityNames the names of the identity headers, lower case; the asking proxy replaces them.
 */
export function readAskedRequest(
  asking: RequestHead,
  kindOf: HeaderKinds,
  identityNames: ReadonlySet<string>,
): AskedRequest | Failure {
  const said = new Map<string, string[]>();
  const kept: string[] = [];
  for (let at = 0; at + 1 < asking.rawHeaders.length; at += 2) {
    const name = asking.rawHeaders[at] ?? '';
    const value = asking.rawHeaders[at + 1] ?? '';
    const lower = name.toLowerCase();
    const kind = kindOf(name);
    if (kind === 'drop' && !HARMLESS.has(lower) && !identityNames.has(lower) && !lower.startsWith('proxy-')) {
      return refused(`The header "${lower}" could change what the call means after it was checked.`);
    }
    if (kind === 'authorization' || kind === 'request-id' || isNoted(lower)) kept.push(name, value);
    said.set(lower, [...(said.get(lower) ?? []), value]);
  }

  const asked = question(asking, said);
  if (isFailure(asked)) return asked;
  const { way, method, target, host } = asked;
  if (!/^[A-Z][A-Z-]{0,31}$/.test(method)) return refused('The method of the call is none in upper case.');
  const secure = ['https', 'wss'].includes(said.get('x-forwarded-proto')?.at(-1)?.toLowerCase() ?? '');
  const { remoteAddress } = asking;
  // The framing of the sub-request is not that of the call, and neither are the names in its `Connection`.
  const rawHeaders = ['Host', host, ...kept];
  return { way, head: { method, target, httpVersion: '1.1', rawHeaders, remoteAddress, secure } };
}

/** Headers that decide nothing: the trace goes on, and the access log names them. */
const isNoted = (name: string): boolean => TRACE_HEADERS.has(name) || LOGGED.has(name);
const LOGGED = new Set(['referer', 'user-agent', 'x-forwarded-for']);

interface Question {
  readonly way: Way;
  readonly method: string;
  readonly target: string;
  readonly host: string;
}

type Said = ReadonlyMap<string, readonly string[]>;

function question(asking: RequestHead, said: Said): Question | Failure {
  const [path = ''] = asking.target.split('?', 1);
  if (path !== FORWARD_AUTH_PATH) return inPath(asking, said);
  const original = ORIGINAL.some((name) => said.has(name));
  const forwarded = FORWARDED.some((name) => said.has(name));
  if (original && forwarded) return refused('The call has both X-Original-* and X-Forwarded-Method or -Uri.');
  if (original) return inOriginal(said);
  if (forwarded) return inForwarded(said);
  return refused('Nothing says which call is asked about: see docs/forward_auth.md for what each proxy must send.');
}

/** Envoy writes its prefix before the path as it came; another spelling of it is not Envoy's. */
function inPath(asking: RequestHead, said: Said): Question | Failure {
  if (!asking.target.startsWith(`${FORWARD_AUTH_PATH}/`)) return refused('The path of the question is misspelled.');
  if ([...ORIGINAL, ...FORWARDED].some((name) => said.has(name)))
    return refused('The call is named by the path, and by a header as well.');
  const host = only(said, 'host');
  if (host === undefined) return refused(`${NEEDS_ONE} Host header.`);
  return { way: 'path', method: asking.method, target: asking.target.slice(FORWARD_AUTH_PATH.length), host };
}

function inOriginal(said: Said): Question | Failure {
  const method = only(said, 'x-original-method');
  const [name, other] = ORIGINAL_TARGETS.filter((each) => said.has(each));
  const value = name === undefined || other !== undefined ? undefined : only(said, name);
  if (method === undefined || value === undefined)
    return refused(`${NEEDS_ONE} X-Original-Method, and one X-Original-URI or X-Original-URL.`);
  if (name === 'x-original-url') {
    const [, host, target] = /^https?:\/\/([^/?#]+)(\/.*)$/s.exec(value) ?? [];
    if (host === undefined || target === undefined) return refused('X-Original-URL is no http URL with a path.');
    return { way: 'original', method, target, host };
  }
  const host = only(said, 'host');
  if (host === undefined) return refused(`${NEEDS_ONE} Host header.`);
  return { way: 'original', method, target: value, host };
}

function inForwarded(said: Said): Question | Failure {
  const method = only(said, 'x-forwarded-method');
  const target = only(said, 'x-forwarded-uri');
  const host = only(said, 'x-forwarded-host');
  if (method === undefined || target === undefined || host === undefined)
    return refused(`${NEEDS_ONE} X-Forwarded-Method, X-Forwarded-Uri and X-Forwarded-Host.`);
  return { way: 'forwarded', method, target, host };
}

const NEEDS_ONE = 'The question needs exactly one';

/** The value of a header that is there once; undefined otherwise. */
function only(said: Said, name: string): string | undefined {
  const values = said.get(name);
  return values?.length === 1 ? values[0] : undefined;
}

function refused(description: string): Failure {
  return { code: 'ambiguous_request', description };
}
