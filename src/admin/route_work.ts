import type { CallRate, Route } from '../model/route.ts';
import type { Administration } from './administration.ts';
import type { TargetHealth } from './live.ts';
import { AdminProblem, invalidFields } from './problem.ts';
import { type RouteDetails, restOf } from './route_details.ts';
import type { ExplanationView, RouteView } from './route_view.ts';

/** What the operations on routes do. */

interface Call {
  readonly method: string;
  readonly target: string;
  readonly host?: string | undefined;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly token?: string | undefined;
}

interface Listing {
  readonly limit: number;
  /** The name of the last route of the page before. */
  readonly after?: string | undefined;
  readonly search?: string | undefined;
}

export async function listRoutes(
  { routes, live }: Administration,
  { limit, after, search }: Listing,
): Promise<{ items: RouteView[]; next?: string }> {
  const last = after === undefined ? -1 : routes.findIndex(({ name }) => name === after);
  if (after !== undefined && last < 0) throw invalidFields([{ path: 'after', message: 'is no `next` of a page' }]);
  const found = routes.slice(last + 1).filter((route) => search === undefined || isLike(route, search.toLowerCase()));
  const page = found.slice(0, limit);
  const next = found.length > limit ? page.at(-1)?.name : undefined;
  const health = await healthOf(live);
  return { items: page.map((route) => viewOf(route, health)), ...(next !== undefined && { next }) };
}

export async function getRoute({ routes, live }: Administration, name: string): Promise<RouteDetails> {
  const route = routes.find((each) => each.name === name);
  if (!route) throw new AdminProblem('not_found', 'There is no route of this name.');
  return { ...viewOf(route, await healthOf(live)), ...restOf(route) };
}

const isLike = ({ name, host = '', path, upstream }: Route, part: string): boolean =>
  [name, host, path, ...upstream.targets].some((text) => text.toLowerCase().includes(part));

type Health = ReadonlyMap<string, TargetHealth>;

const healthOf = async (live: Administration['live']): Promise<Health> =>
  new Map(((await live?.targets()) ?? []).map((each) => [`${each.route} ${each.target}`, each]));

function viewOf(route: Route, health: Health): RouteView {
  const { upstream, limits, methods, connections, scopes } = route;
  return {
    ...{ name: route.name, path: route.path, auth: route.auth, dialect: route.dialect },
    ...(route.host !== undefined && { host: route.host }),
    ...(methods && { methods: [...methods] }),
    scopes: Array.isArray(scopes) ? [...scopes] : copied(scopes as Readonly<Record<string, readonly string[]>>),
    ...(route.audience !== undefined && { audience: route.audience }),
    ...(connections && { connections: [...connections] }),
    targets: upstream.targets.map((url) => {
      const known = health.get(`${route.name} ${url}`);
      return known ? { url, healthy: known.healthy, failures: known.failures } : { url };
    }),
    ...(upstream.balance && { balance: upstream.balance }),
    ...(upstream.health && { health_path: upstream.health.path }),
    ...(route.stripPrefix !== undefined && { strip_prefix: route.stripPrefix }),
    ...(route.addPrefix !== undefined && { add_prefix: route.addPrefix }),
    ...(limits && {
      limits: {
        ...(limits.perToken && { per_token: rateOf(limits.perToken) }),
        ...(limits.perClient && { per_client: rateOf(limits.perClient) }),
        ...(limits.concurrent !== undefined && { concurrent: limits.concurrent }),
      },
    }),
    forward_authorization: route.forwardAuthorization,
  };
}

const rateOf = ({ count, window }: CallRate) => ({ count, window_seconds: window / 1000 });

const copied = (byMethod: Readonly<Record<string, readonly string[]>>) =>
  Object.fromEntries(Object.entries(byMethod).map(([method, scopes]) => [method, [...scopes]]));

export async function explain(
  admin: Administration,
  { headers, remote_address: remoteAddress, ...call }: Call & { readonly remote_address?: string | undefined },
): Promise<ExplanationView> {
  if (!admin.explain) throw notHere();
  const { steps, verdict } = await admin.explain({
    ...call,
    headers: headers.map(({ name, value }) => [name, value] as const),
    ...(remoteAddress !== undefined && { remoteAddress }),
  });
  const { headers: told, upstream, ...rest } = verdict;
  return {
    steps: steps.map((step) => ({ ...step })),
    verdict: {
      ...rest,
      headers: told.map(([name, value]) => ({ name, value })),
      ...(upstream && { upstream: { targets: [...upstream.targets], path: upstream.path } }),
    },
  };
}

export async function tryIt(admin: Administration, { headers, token, ...call }: Call & { body?: string | undefined }) {
  if (!admin.tryCall) throw notHere();
  const authorization = token === undefined ? [] : [['Authorization', `Bearer ${token}`] as const];
  const answer = await admin.tryCall({
    ...call,
    headers: [...headers.map(({ name, value }) => [name, value] as const), ...authorization],
  });
  return {
    status: answer.status,
    headers: answer.headers.map(([name, value]) => ({ name, value })),
    body: new TextDecoder().decode(answer.body),
    truncated: answer.truncated,
    milliseconds: Math.round(answer.duration * 10) / 10,
  };
}

const notHere = () =>
  new AdminProblem('not_here', 'No gateway runs in this process: ask the admin listener of one that runs.');
