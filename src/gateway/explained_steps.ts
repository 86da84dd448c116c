import type { Client } from '../model/client.ts';
import type { ExplainedStep, ExplainedVerdict } from '../model/explanation.ts';
import type { Failure } from '../model/failure.ts';
import type { Route, RouteLimits } from '../model/route.ts';
import type { AccessToken } from '../model/token.ts';
import type { Milliseconds, Seconds } from '../model/units.ts';
import type { Forward } from './decide.ts';
import type { Headroom } from './limits.ts';
import { type Call, nearMisses, runnersUp } from './near_misses.ts';
import type { Caller } from './rates.ts';
import type { HeadFacts } from './request_head.ts';

/*
 * The words for each step of a decision. Nothing is decided here: what was found comes in, a sentence goes out. No sentence repeats
 * a token, a query, or a header of the caller's.
 */

type Name = ExplainedStep['name'];

export const ok = (name: Name, says: string): ExplainedStep => ({ name, outcome: 'ok', says });
export const skipped = (name: Name, says: string): ExplainedStep => ({ name, outcome: 'skipped', says });

/** @param says what the caller is told, unless there is something better to say here. */
export function stopped(name: Name, { code, description }: Failure, change: string, says = description): ExplainedStep {
  return { name, outcome: 'stopped', says, change, error: code };
}

export function routeStep(routes: readonly Route[], call: Call, route: Route | undefined): ExplainedStep {
  if (route === undefined) {
    const misses = nearMisses(routes, call);
    const near = misses.length > 0 ? ` Near: ${misses.map(({ says }) => says).join('; ')}.` : '';
    const change = misses[0]?.change ?? `Add a route for ${call.path}: what no route covers is refused.`;
    return stopped('route', { code: 'not_found', description: '' }, change, `No route covers it.${near}`);
  }
  const others = runnersUp(routes, call, route);
  const wins = others.length > 0 ? ` It wins over ${someOf(others, 3)}, whose host or path says less.` : '';
  const methods = route.methods?.join(', ') ?? 'any method';
  return ok('route', `${route.name}: ${route.path} on ${route.host ?? 'any host'}, ${methods}.${wins}`);
}

/** @param isBare whether the header holds one word that could be a token. */
export function noCredentialStep(route: Route, { authorization }: HeadFacts, isBare: boolean): ExplainedStep {
  const found =
    authorization === undefined
      ? 'There is no Authorization header.'
      : isBare
        ? 'The Authorization header begins without the word Bearer.'
        : 'The Authorization header has another scheme than Bearer, which is no token.';
  if (route.auth === 'optional')
    return skipped('credential', `${found} The route needs none (auth: optional): the upstream is told of nobody.`);
  const change = 'Send "Authorization: Bearer <token>".';
  const says = `${found} The route ${route.name} needs an access token.`;
  return stopped('credential', { code: 'missing_token', description: '' }, change, says);
}

/** @param from who knew it. */
export function tokenStep(record: AccessToken, from: ExplainedVerdict['from'], now: Milliseconds): ExplainedStep {
  const { client, user, expiresAt } = record;
  const who = user === undefined ? `the client ${client} itself` : `${client} for ${user.subject} (${user.connection})`;
  const until = isOver(expiresAt, now) ? 'expired at' : 'is good until';
  return ok(
    'token',
    `It is known: it was issued to ${who} and ${until} ${instant(expiresAt)}. ${SOURCES[from ?? 'store']}`,
  );
}

const SOURCES: Readonly<Record<NonNullable<ExplainedVerdict['from']>, string>> = {
  cache: 'The cache knew it.',
  store: 'The store was asked.',
  stale_cache: 'The store gave no answer; what the cache knew still serves.',
};

/** What `authorize` found wanting. @param clients some of those there are. */
export function lackingStep(
  failure: Failure,
  record: AccessToken,
  route: Route,
  now: Milliseconds,
  clients: readonly Client[],
): ExplainedStep {
  const { client, user, expiresAt, audience, scopes } = record;
  if (isOver(expiresAt, now)) {
    const change = 'Get a new one: with the refresh token, or by signing in again.';
    return stopped('authorization', failure, change, `The token expired at ${instant(expiresAt)}.`);
  }
  if (failure.code === 'invalid_token') {
    const change = `Add ${route.audience} to audience of the client ${client}, and get a new token.`;
    const says = `The route ${route.name} is for tokens with the audience ${route.audience}; this one has ${audience.join(' ') || 'none'}.`;
    return stopped('authorization', failure, change, says);
  }
  if (failure.scope === undefined) {
    const from = user === undefined ? 'has no user' : `is of a user of ${user.connection}`;
    const change = `Sign in with one of these connections, or change connections of the route ${route.name}.`;
    const says = `The route ${route.name} is for users of ${route.connections?.join(', ')}; this token ${from}.`;
    return stopped('authorization', failure, change, says);
  }
  const missing = failure.scope.filter((scope) => !scopes.includes(scope));
  const says = `The route ${route.name} needs ${failure.scope.join(' ')}; the token has ${scopes.join(' ') || 'no scope'}. Missing: ${missing.join(' ')}.`;
  return stopped('authorization', failure, whoMayAsk(missing, record, clients), says);
}

function whoMayAsk(missing: readonly string[], { client, user }: AccessToken, clients: readonly Client[]): string {
  const wanted = missing.join(' ');
  const barred = missing.filter((scope) => user?.allowedScopes?.includes(scope) === false);
  if (barred.length > 0)
    return `This user may not have ${barred.join(' ')}: the connection ${user?.connection} says so.`;
  const able = clients.filter((it) => !it.disabled && missing.every((scope) => it.scopes.includes(scope)));
  const ids = able.map(({ id }) => id);
  if (ids.includes(client)) return `${client} may ask for ${wanted}: get a new token with it.`;
  const others =
    ids.length === 0 ? 'No client known here may ask for it' : `Clients that may ask for it: ${someOf(ids, 5)}`;
  return `Add ${wanted} to scopes of the client ${client}, and get a new token. ${others}.`;
}

/** @param limits those of the route; a headroom that says nothing of calls at once comes from where no gateway runs. */
export function limitsStep({ perToken, perClient, concurrent }: Headroom, limits: RouteLimits = {}): ExplainedStep {
  const words = [
    perToken &&
      `${perToken.left} of ${perToken.quota} calls are left for the next ${Math.ceil(perToken.resetsIn / 1000)} s.`,
    perClient &&
      `${TOGETHER[perClient.of]} ${perClient.left} of ${perClient.quota} calls left for the next ${Math.ceil(perClient.resetsIn / 1000)} s.`,
    concurrent && `${concurrent.underWay} of the ${concurrent.most} calls that may be under way at once are, here.`,
    !concurrent &&
      limits.concurrent !== undefined &&
      `At most ${limits.concurrent} may be under way at once on each node, which that node alone can tell.`,
  ];
  return ok('limits', words.filter((word) => typeof word === 'string').join(' ') || 'There are none.');
}

/** Whose calls are counted together. */
const TOGETHER: Readonly<Record<Caller['kind'], string>> = {
  client: 'All tokens of the client together have',
  user: 'All personal access tokens of the user together have',
  address: 'The address has',
};

export function forwardStep({ route, target }: Forward, method: string): ExplainedStep {
  const { targets, balance } = route.upstream;
  const [only = '', ...more] = targets;
  if (targets.length === 0)
    return ok(
      'forward',
      'It may pass. Gatehouse does not carry it (upstream: none): the proxy that asks at /auth does.',
    );
  const one = only === 'demo' ? 'the built-in demo API' : only;
  const where = more.length > 0 ? `one of ${targets.join(', ')} (${balance ?? 'round_robin'})` : one;
  return ok('forward', `${method} ${withoutQuery(target)} goes to ${where}.`);
}

/** A query may hold anything, and is nobody's business here. */
export const withoutQuery = (target: string): string => target.split('?')[0] ?? '';

const isOver = (time: Seconds, now: Milliseconds): boolean => now >= time * 1000;
const instant = (time: Seconds): string => new Date(time * 1000).toISOString().replace('.000', '');

function someOf(names: readonly string[], most: number): string {
  return names.slice(0, most).join(', ') + (names.length > most ? ` and ${names.length - most} more` : '');
}
