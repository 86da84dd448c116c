import type { Mutant } from './mutant.ts';

/** What is told, read and ended. */
export const HOUSE_MUTANTS: readonly Mutant[] = [
  {
    bug: 'the log has the query of a call',
    breaks: 'G8',
    file: 'src/gateway/decide.ts',
    is: 'const about: DecisionFacts = { requestId, path: target.path,',
    becomes: 'const about: DecisionFacts = { requestId, path: target.path + target.query,',
    tests: ['test/security/secrets_in_logs.test.ts', 'test/security/canary_secrets.test.ts'],
  },
  {
    bug: 'the log has the query of a call, in hex',
    breaks: 'G8',
    file: 'src/gateway/decide.ts',
    is: 'const about: DecisionFacts = { requestId, path: target.path,',
    becomes:
      "const about: DecisionFacts = { requestId, path: target.path + Buffer.from(target.query, 'latin1').toString('hex'),",
    tests: ['test/security/secrets_in_logs.test.ts'],
  },
  {
    bug: 'an open WebSocket keeps the head that it began with, and the token in it',
    breaks: 'G8',
    file: 'src/gateway/upgrade_exchange.ts',
    is: '    forgetHead(this.#request);',
    becomes: '',
    tests: ['test/security/tokens_in_memory.test.ts'],
  },
  {
    bug: 'the audit log has the password that was set',
    breaks: 'G8',
    file: 'src/admin/users.ts',
    is: 'detail: ({ keep_sessions }) => ({ keep_sessions }),',
    becomes: 'detail: ({ keep_sessions, password }) => ({ keep_sessions, password }),',
    tests: ['test/security/canary_operators.test.ts'],
  },
  {
    bug: 'the log has the token that the store was asked for in vain',
    breaks: 'G8',
    file: 'src/stores/redis_failure.ts',
    is: 'return code === undefined ?',
    becomes: `const command: unknown = Reflect.get(Object(error), 'command');
  if (command !== undefined) return message + JSON.stringify(command);
  return code === undefined ?`,
    tests: ['test/stores/redis.test.ts', 'test/security/canary_secrets.test.ts'],
  },
  {
    bug: 'the log has the words of an error that nobody foresaw',
    breaks: 'G8',
    file: 'src/http/failure_of.ts',
    is: "const stack = (error.stack ?? '').split('\\n').filter((line) => /^\\s+at /.test(line));",
    becomes: "const stack = (error.stack ?? '').split('\\n');",
    tests: ['test/http/app.test.ts', 'test/security/secrets_in_logs.test.ts'],
  },
  {
    bug: 'a reload that fails at its end has changed the rules',
    breaks: 'G9',
    file: 'src/core.ts',
    is: 'const upstreamsToo = upstreams.prepare(coming.routes);',
    becomes: `gateway.use(coming.gateway);
      const upstreamsToo = upstreams.prepare(coming.routes);`,
    tests: ['test/e2e/reload.test.ts'],
  },
  {
    bug: 'a reload applies what it can of a file that needs a restart',
    breaks: 'G9',
    file: 'src/config/restart_only.ts',
    is: 'const report = (path: Path) => reader.report(path, ADVICE);',
    becomes: 'const report = (path: Path) => void [path, ADVICE, reader];',
    tests: ['test/e2e/reload.test.ts'],
  },
  {
    bug: 'requests in flight are cut when the gateway ends',
    breaks: 'G9',
    file: 'src/http/drain.ts',
    is: 'const cut = setTimeout(cutAll, limit);',
    becomes: 'const cut = setTimeout(cutAll, Math.min(limit, 1));',
    tests: ['test/http/drain.test.ts'],
  },
  {
    bug: 'a configuration may have keys that every object has',
    breaks: 'G10',
    file: 'src/config/resolve.ts',
    is: "const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);",
    becomes: 'const FORBIDDEN_KEYS = new Set<string>([]);',
    tests: ['test/security/hostile_yaml.test.ts'],
  },
  {
    bug: 'a reload that failed is forgotten at once',
    breaks: 'G9',
    file: 'src/reloads.ts',
    is: 'problems = problemsOf(error);',
    becomes: 'problems = [];',
    tests: ['test/e2e/reload.test.ts'],
  },
  {
    bug: 'an error that nobody foresaw is printed as it is',
    breaks: 'G8',
    file: 'src/main.ts',
    is: 'const frames = error instanceof Error ? framesOf(error) : [];',
    becomes: 'const frames = [String(error)];',
    tests: ['test/faults/uncaught_exception.test.ts'],
  },
];
