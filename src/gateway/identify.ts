import { Buffer } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { PERSONAL_TOKENS_CLIENT } from '../model/client.ts';
import { networkOf } from '../model/networks.ts';
import type { IdentityHeaders, Route } from '../model/route.ts';
import type { AccessToken, Identity } from '../model/token.ts';
import { callerAddress, forwardedLines, type Hearsay, type IsTrusted } from './forwarded.ts';
import { type HeaderKinds, plainSpelling } from './header_kinds.ts';
import { type CompiledRules, compileRequestRules } from './header_rules.ts';
import { IdentityNote } from './identity_note.ts';
import { withoutOwnCookies } from './own_cookies.ts';
import type { Caller } from './rates.ts';
import type { HeadFacts, RequestHead } from './request_head.ts';
import type { WrittenLines } from './upstream/exchange.ts';
import { type HeaderLines, lastingLines } from './upstream/outgoing_head.ts';

export interface IdentifyDependencies {
  readonly names: IdentityHeaders;
  readonly kindOf: HeaderKinds;
  readonly isTrusted: IsTrusted;
}

export interface Headers {
  readonly headers: string[];
  /** What stands in them at the end, if it can be sent: of the lines that a token, or a connection, always has nothing is built anew. */
  readonly ours: WrittenLines | undefined;
}

export interface Identify {
  /** The id of this request: an incoming one only from a trusted proxy and only if it is harmless, otherwise a fresh one. */
  requestId(head: RequestHead, incoming: string | undefined): string;
  /**
   * Builds the header list that goes upstream: what the caller sent, minus everything that is ours or between neighbours, plus the
   * identity of `record` (none: no identity) exactly once. `Host` and the body's framing are left to whoever sends it.
   */
  headers(
    head: RequestHead,
    facts: HeadFacts,
    route: Route,
    record: AccessToken | undefined,
    requestId: string,
  ): Headers;
  /** The same text for all calls of one user, else of one client, else from one address. */
  affinity(head: RequestHead, record: AccessToken | undefined): string;
  /** Whose calls a `per_client` limit counts together. */
  caller(head: RequestHead, record: AccessToken | undefined): Caller;
}

/** Owns step 5: which headers the upstream sees. It must not decide whether it sees the call at all. */
export function createIdentify({ names, kindOf, isTrusted }: IdentifyDependencies): Identify {
  // Built once per token: the cache in front of the store gives the same record each time, and drops it with the token.
  function identityOf(record: AccessToken): HeaderLines {
    let lines = IdentityNote.on(record, names);
    if (lines === undefined) {
      lines = lastingLines(identityLines(record, names));
      IdentityNote.put(record, names, lines);
    }
    return lines;
  }

  const compiled = new WeakMap<Route, CompiledRules>();
  function rulesOf(route: Route): CompiledRules | undefined {
    const rules = compiled.get(route) ?? compileRequestRules(route, kindOf);
    if (rules !== undefined) compiled.set(route, rules);
    return rules;
  }

  function addressOf(head: RequestHead): string {
    const said = head.rawHeaders.filter((_, at, all) => at % 2 === 1 && kindOf(all[at - 1] ?? '') === 'forwarded-for');
    return callerAddress(head, said, isTrusted);
  }

  return {
    requestId(head, incoming) {
      const believed = incoming !== undefined && isRequestId(incoming) && isTrusted(head.remoteAddress);
      return believed ? incoming : randomUUID();
    },

    headers(head, facts, route, record, requestId) {
      const sent = head.rawHeaders;
      const headers: string[] = [];
      const said: Hearsay = {};
      const rules = route.requestHeaders && rulesOf(route);
      for (let at = 0; at + 1 < sent.length; at += 2) {
        const name = sent[at] ?? '';
        const value = sent[at + 1] ?? '';
        // A name given away in `Connection` stops here; ours are added below, where nobody can name them away.
        if (facts.connectionNames !== undefined && isNamed(facts.connectionNames, name)) continue;
        if (rules?.drops(name)) continue;
        switch (kindOf(name)) {
          case 'forward':
          case 'content-type':
          case 'content-length':
          case 'origin':
          case 'requested-method':
            headers.push(name, value);
            break;
          case 'cookie': {
            const others = withoutOwnCookies(value);
            if (others !== '') headers.push(name, others);
            break;
          }
          case 'authorization':
            if (route.forwardAuthorization) headers.push(name, value);
            break;
          case 'forwarded':
            if (isTrusted(head.remoteAddress)) headers.push(name, value);
            break;
          case 'forwarded-for':
            if (isTrusted(head.remoteAddress)) said.for = said.for === undefined ? value : `${said.for}, ${value}`;
            break;
          case 'forwarded-host':
            if (isTrusted(head.remoteAddress)) said.host = value;
            break;
          case 'forwarded-proto':
            if (isTrusted(head.remoteAddress)) said.proto = value.toLowerCase();
            break;
        }
      }
      if (rules !== undefined) {
        for (const line of rules.lines) headers.push(line);
      }
      const from = headers.length;
      const identity = record === undefined ? NO_LINES : identityOf(record);
      for (const line of identity.list) headers.push(line);
      if (names.requestId !== null) headers.push(names.requestId, requestId);
      const forwarded = forwardedLines(head, facts, said);
      for (const line of forwarded.list) headers.push(line);
      if (identity.text === undefined || forwarded.text === undefined) return { headers, ours: undefined };
      // The id can be sent: it is a fresh one, or was looked at before it was believed.
      const id = names.requestId === null ? '' : `${names.requestId}: ${requestId}\r\n`;
      const text = identity.text + id + forwarded.text;
      return { headers, ours: { from, text } };
    },

    affinity(head, record) {
      if (record?.user !== undefined) return `user ${record.user.subject}`;
      if (record !== undefined) return `client ${record.client}`;
      return `address ${addressOf(head)}`;
    },

    caller(head, record) {
      // A counter outlives its call, and a part of a string keeps the whole head alive, and with it the token: hence the copy.
      if (record === undefined)
        return { kind: 'address', id: Buffer.from(networkOf(addressOf(head)), 'latin1').toString('latin1') };
      const { client, user } = record;
      // All personal tokens have one client. Nobody's may use up what everybody has.
      const isPersonal = client === PERSONAL_TOKENS_CLIENT && user !== undefined;
      return isPersonal ? { kind: 'user', id: user.subject } : { kind: 'client', id: client };
    },
  };
}

const NO_LINES: HeaderLines = { list: [], text: '' };

/** Names and values in turn, of everything that is known about the token and not switched off. */
function identityLines(record: AccessToken, names: IdentityHeaders): readonly string[] {
  const user = record.user;
  const values: readonly (readonly [string | null, string | undefined])[] = [
    [names.userId, user?.subject],
    [names.userName, user && (user.name ?? user.username)],
    [names.userEmail, user?.email],
    [names.clientId, record.client],
    [names.scopes, record.scopes.join(' ')],
    [names.connection, user?.connection],
    ...Object.entries(names.attributes ?? {}).map(([attribute, name]) => [name, known(user, attribute)] as const),
  ];
  const lines: string[] = [];
  for (const [name, value] of values) {
    if (name !== null && value !== undefined) lines.push(name, headerValue(value));
  }
  return lines;
}

/** An attribute of the user's own: `toString` is one that every object has. */
function known(user: Identity | undefined, attribute: string): string | undefined {
  return user?.attributes && Object.hasOwn(user.attributes, attribute) ? user.attributes[attribute] : undefined;
}

/**
 * Percent-encodes (UTF-8) what is not visible ASCII, spaces at either end, and `%` itself: otherwise the users `é` and `%C3%A9`
 * would look the same to the upstream.
 */
export function headerValue(text: string): string {
  return text.toWellFormed().replace(/[^\x20-\x24\x26-\x7e]+|^ +| +$/gu, encodeURIComponent);
}

/** 8 to 128 letters, digits, `.`, `_` or `-`: what may stand in a log line. */
function isRequestId(text: string): boolean {
  return /^[A-Za-z0-9._-]{8,128}$/.test(text);
}

function isNamed(names: ReadonlySet<string>, header: string): boolean {
  return names.has(header.toLowerCase()) || names.has(plainSpelling(header));
}
