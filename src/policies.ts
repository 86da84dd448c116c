/** Judges the cases of a policy by the decision function that serves traffic, over a store that holds their tokens and nothing else. */
import { composeExplain } from './explaining.ts';
import type { Decision } from './gateway/decide.ts';
import { createLimits } from './gateway/limits.ts';
import { type Clock, systemClock } from './model/clock.ts';
import type { Config } from './model/config.ts';
import type { Explanation } from './model/explanation.ts';
import type { PolicyCase, PolicyToken } from './model/policy.ts';
import type { AccessToken, Identity } from './model/token.ts';
import { STANDARD_TOKENS } from './model/token_policy.ts';
import { seconds } from './model/units.ts';
import { MemoryCounters } from './stores/memory_counters.ts';
import { MemoryDocuments } from './stores/memory_documents.ts';
import { MemoryTokens } from './stores/memory_tokens.ts';
import { mint, refOf } from './tokens/format.ts';

/** A case that came out otherwise than it says. */
export interface PolicyFailure {
  readonly case: PolicyCase;
  readonly expected: string;
  readonly got: string;
  /** What the decision says about itself. */
  readonly because: string;
}

/** Marks are for tokens that were issued; these never were. */
const UNMARKED = {
  isForged: () => false,
  isReady: () => false,
  key: () => Promise.reject(new Error('none')),
  close() {},
};

/** Judges each case for itself: none sees the tokens or the calls of another. @returns those that fail. */
export async function judgePolicy(
  config: Config,
  cases: readonly PolicyCase[],
  clock: Clock = systemClock,
): Promise<readonly PolicyFailure[]> {
  const counters = new MemoryCounters(clock);
  const records = new Map<string, AccessToken>();
  // Unlike a store it gives expired ones too, as a cache may, so that it is the decision that refuses them.
  const store = Object.assign(new MemoryTokens(clock), {
    get: (kind: string, { hash }: { hash: string }) => (kind === 'access' ? records.get(hash) : undefined) as never,
    remembers: () => false,
  });
  const { host, port } = config.listen;
  const { judge } = composeExplain(config, {
    ...{ store, counters, clock, marks: UNMARKED, documents: new MemoryDocuments() },
    limits: createLimits({ counters, clock }),
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
  });

  const failures: PolicyFailure[] = [];
  for (const each of cases) {
    const text = each.token === 'none' ? undefined : mint(STANDARD_TOKENS.access);
    const ref = text === undefined ? undefined : refOf(text);
    if (ref !== undefined && typeof each.token === 'object') records.set(ref.hash, recordOf(each.token, config, clock));
    const { explanation, decision } = await judge({ ...each.call, token: text });
    records.clear();
    const wrong = differences(each, explanation, decision);
    if (wrong.length > 0) {
      const [expected, got] = [
        wrong.map((one) => one.expected).join(' and '),
        wrong.map((one) => one.got).join(' and '),
      ];
      failures.push({ case: each, expected, got, because: reasonOf(explanation) });
    }
  }
  return failures;
}

function recordOf(token: PolicyToken, config: Config, clock: Clock): AccessToken {
  const { client, user, scopes, audience, expired } = token;
  const now = Math.floor(clock.now() / 1000);
  const registered = config.clients.find(({ id }) => id === client);
  return {
    ...{ family: 'policy', client, scopes, audience: audience ?? registered?.audience ?? [] },
    ...(user !== undefined && { user: identityOf(user, token, config) }),
    ...{ issuedAt: seconds(now - 60), expiresAt: seconds(expired ? now - 1 : now + 3600) },
  };
}

function identityOf(id: string, token: PolicyToken, { users, connections }: Config): Identity {
  const known = users.find((user) => user.id === id);
  return {
    subject: id,
    username: known?.username ?? id,
    name: token.name ?? known?.name,
    email: token.email ?? known?.email,
    connection: token.connection ?? known?.connection ?? connections[0]?.name ?? 'users',
    roles: token.roles.length > 0 ? token.roles : (known?.roles ?? []),
    attributes: token.attributes,
  };
}

interface Difference {
  readonly expected: string;
  readonly got: string;
}

function differences({ expect }: PolicyCase, { verdict }: Explanation, decision: Decision | undefined): Difference[] {
  const found: Difference[] = [];
  const got = `${verdict.status ?? verdict.outcome}${verdict.error === undefined ? '' : ` ${verdict.error}`}`;
  const isAllowed = verdict.outcome !== 'refused';
  if (expect.outcome !== undefined && (expect.outcome === 'allow') !== isAllowed)
    found.push({ expected: expect.outcome, got });
  if (expect.status !== undefined && expect.status !== verdict.status)
    found.push({ expected: `${expect.status}`, got });
  if (expect.error !== undefined && expect.error !== verdict.error) found.push({ expected: expect.error, got });
  if (expect.route !== undefined && expect.route !== verdict.route)
    found.push({ expected: `the route ${expect.route}`, got: verdict.route === undefined ? 'none' : verdict.route });
  const path = verdict.upstream?.path;
  if (expect.upstreamPath !== undefined && expect.upstreamPath !== path)
    found.push({ expected: `the upstream path ${expect.upstreamPath}`, got: path ?? 'no upstream' });
  const sent = decision && 'forward' in decision ? decision.forward.headers : [];
  for (const [name, value] of Object.entries(expect.upstreamHeaders)) {
    const values = sent.filter((_, at) => at % 2 === 1 && sent[at - 1]?.toLowerCase() === name.toLowerCase());
    const has = values.length === 0 ? null : values.join(', ');
    if (has !== value)
      found.push({
        expected: value === null ? `no ${name}` : `${name}: ${value}`,
        got: has === null ? `no ${name}` : `${name}: ${has}`,
      });
  }
  // Several things may be wrong for one reason.
  return found.filter((one, at) => found.findIndex((other) => other.expected === one.expected) === at);
}

function reasonOf({ steps, verdict }: Explanation): string {
  const stopped = steps.find(({ outcome }) => outcome === 'stopped');
  if (stopped !== undefined) return stopped.says;
  if (verdict.outcome === 'answered') return steps.find(({ name }) => name === 'route')?.says ?? '';
  const wanted = ['route', 'credential', 'authorization'] as const;
  return wanted.flatMap((name) => steps.find((step) => step.name === name)?.says ?? []).join(' ');
}
