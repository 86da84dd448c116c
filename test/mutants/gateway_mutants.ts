import type { Mutant } from './mutant.ts';

/** Who gets past the gate, and what the upstream is told of them. */
export const GATEWAY_MUTANTS: readonly Mutant[] = [
  {
    bug: 'that a token may call one route is remembered for all of them',
    breaks: 'G1',
    file: 'src/gateway/decide.ts',
    is: 'const failure = authorize(record, route, head.method, clock.now());',
    becomes: `const passed: WeakSet<AccessToken> = (Reflect.get(globalThis, 'passed') ?? new WeakSet());
      Reflect.set(globalThis, 'passed', passed);
      const failure = passed.has(record) ? undefined : authorize(record, route, head.method, clock.now());
      if (failure === undefined) passed.add(record);`,
    tests: ['test/security/cache_confusion.test.ts'],
  },
  {
    bug: 'a method that the scopes of a route forget needs none',
    breaks: 'G1',
    file: 'src/gateway/authorize.ts',
    is: 'return needed ?? [...new Set(Object.values(scopes).flat())];',
    becomes: 'return needed ?? [];',
    tests: ['test/security/decision_oracle.test.ts'],
  },
  {
    bug: 'routes are matched on the path as it was sent',
    breaks: 'G1',
    file: 'src/gateway/decide.ts',
    is: 'const route = routes.match(facts.host.name, target.path, head.method);',
    becomes: "const route = routes.match(facts.host.name, head.target.split('?')[0] ?? '', head.method);",
    tests: ['test/security/path_confusion.test.ts'],
  },
  {
    bug: 'a path may be encoded twice',
    breaks: 'G1',
    file: 'src/gateway/canonical_target.ts',
    is: "if (/%25[0-9A-Fa-f]{2}/.test(path)) return ambiguous('The path is percent-encoded twice.');",
    becomes: '',
    tests: ['test/security/path_confusion.test.ts', 'test/gateway/canonical_target.test.ts'],
  },
  {
    bug: 'an encoded slash is no slash',
    breaks: 'G1',
    file: 'src/gateway/canonical_target.ts',
    is: "const NEVER_ENCODED = charactersOf('/\\\\;#?');",
    becomes: "const NEVER_ENCODED = charactersOf('\\\\;#?');",
    tests: ['test/security/path_confusion.test.ts'],
  },
  {
    bug: 'of two Host headers the last one counts',
    breaks: 'G1',
    file: 'src/gateway/request_head.ts',
    is: "if (host !== undefined) return ambiguous('The request has more than one Host header.');",
    becomes: '',
    tests: ['test/security/host_confusion.test.ts'],
  },
  {
    bug: 'a WebSocket handshake needs no token',
    breaks: 'G1',
    file: 'src/gateway/decide.ts',
    is: "if (route.auth === 'none') return",
    becomes:
      "if (route.auth === 'none' || head.rawHeaders.some((value) => value.toLowerCase() === 'websocket')) return",
    tests: ['test/security/upgrade_smuggling.test.ts', 'test/e2e/websocket.test.ts'],
  },
  {
    bug: 'anybody may ask for verdicts, and say which call is meant',
    breaks: 'G1',
    file: 'src/gateway/forward_auth.ts',
    is: 'if (!mayAsk(asking.remoteAddress)) {',
    becomes: 'if (mayAsk === undefined) {',
    tests: ['test/security/forward_auth_spoofing.test.ts'],
  },
  {
    bug: 'what is cut off for the upstream is cut by characters',
    breaks: 'G1',
    file: 'src/gateway/rewrite.ts',
    is: 'return path.slice(end);',
    becomes: 'return path.slice(prefix.length);',
    tests: ['test/security/rewrite_escape.test.ts', 'test/gateway/rewrite.test.ts'],
  },
  {
    bug: 'every origin is told that it may read the answers',
    breaks: 'G1',
    file: 'src/gateway/cors.ts',
    is: 'lines: ({ cors }, origin) => (cors === undefined ? undefined : pick(of(cors).answers, origin)),',
    becomes: `lines: ({ cors }, origin) =>
      cors === undefined || origin === undefined ? undefined : ['Access-Control-Allow-Origin', origin],`,
    tests: ['test/security/cors_origin_confusion.test.ts'],
  },
  {
    bug: 'identity headers are dropped in one spelling only',
    breaks: 'G2',
    file: 'src/gateway/header_kinds.ts',
    is: 'const kind = special.get(plain) ??',
    becomes: 'const kind = special.get(name.toLowerCase()) ??',
    tests: ['test/security/identity_spoofing.test.ts'],
  },
  {
    bug: 'what Connection names is taken away after ours was put in',
    breaks: 'G2',
    file: 'src/gateway/identify.ts',
    is: 'return { headers, ours: { from, text } };',
    becomes: `const left = headers.filter((_, at) => !facts.connectionNames?.has(headers[at - (at % 2)]?.toLowerCase() ?? ''));
      return { headers: left, ours: undefined };`,
    tests: ['test/security/connection_header.test.ts'],
  },
  {
    bug: 'on public routes the headers go out as they came',
    breaks: 'G2',
    file: 'src/gateway/decide.ts',
    is: 'const { headers, ours } = identify.headers(head, facts, route, record, requestId);',
    becomes: `const { headers, ours } =
        route.auth === 'none'
          ? { headers: head.rawHeaders.filter((_, at, all) => all[at - (at % 2)]?.toLowerCase() !== 'host'), ours: undefined }
          : identify.headers(head, facts, route, record, requestId);`,
    tests: ['test/security/identity_spoofing.test.ts'],
  },
  {
    bug: 'X-Forwarded-For is believed whoever sends it',
    breaks: 'G2',
    file: 'src/gateway/identify.ts',
    is: 'if (isTrusted(head.remoteAddress)) said.for =',
    becomes: 'said.for =',
    tests: ['test/security/forwarded_headers.test.ts'],
  },
  {
    bug: 'what a client may call is counted for each grant of it',
    breaks: 'G10',
    file: 'src/gateway/identify.ts',
    is: "{ kind: 'client', id: client }",
    becomes: "{ kind: 'client', id: record.family }",
    tests: ['test/security/limits_evaded_by_new_tokens.test.ts'],
  },
  {
    bug: 'a token that has used up its calls goes on to use up those of its client',
    breaks: 'G10',
    file: 'src/gateway/limits.ts',
    is: 'return count.count > rate.quota ? counts : hitEach(rates, counts);',
    becomes: 'return hitEach(rates, counts);',
    tests: ['test/gateway/limits.test.ts'],
  },
  {
    bug: 'guessers are told apart by an address that they make up',
    breaks: 'G6',
    file: 'src/gateway/forwarded.ts',
    is: 'while (isTrusted(address) && chain.length > 0) {',
    becomes: 'while (chain.length > 0) {',
    tests: ['test/http/caller_address.test.ts'],
  },
  {
    bug: 'an audience that a route asks for may be missing',
    breaks: 'G1',
    file: 'src/gateway/authorize.ts',
    is: 'if (route.audience !== undefined && !record.audience.includes(route.audience)) {',
    becomes:
      'if (route.audience !== undefined && record.audience.length > 0 && !record.audience.includes(route.audience)) {',
    tests: ['test/security/decision_oracle.test.ts'],
  },
  {
    bug: 'a fact that is a little old serves calls that change something',
    breaks: 'G4',
    file: 'src/gateway/decide.ts',
    is: "const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS'];",
    becomes: "const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'];",
    tests: ['test/gateway/answers.test.ts', 'test/faults/store_away.test.ts'],
  },
];
