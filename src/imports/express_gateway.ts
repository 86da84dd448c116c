import { egConsumers } from './express_gateway_consumers.ts';
import { type Pipeline, pipelinePart } from './express_gateway_policies.ts';
import { type Imported, type ImportTools, Item, Notes } from './item.ts';
import { Names } from './names.ts';
import {
  asText,
  hostFrom,
  isPlainPath,
  lifeOf,
  methodsOf,
  type Part,
  part,
  prefixOf,
  scopesOf,
  WithVariables,
} from './parts.ts';

const IN_GENERAL: readonly (readonly [string, string])[] = [
  [
    'matched paths in any case, and with or without a slash at the end; here a path is one path',
    'See the paths of the routes.',
  ],
  [
    'passed the Authorization header on to services; here they get X-User-Id and the other identity headers instead',
    'Write forward_authorization: true in routes whose upstream reads the token.',
  ],
];

/**
 * Carries a gateway.config.yml of Express Gateway.
 * @param more what it has besides: system.config.yml, users, apps and credentials, in any order.
 */
export function importExpressGateway(gateway: unknown, more: readonly unknown[], tools: ImportTools): Imported {
  const notes = new Notes();
  const root = new Item(gateway, notes);
  const others = more.map((value, index) => new Item(value, notes, index + 1));
  if (!root.at('pipelines').isThere && !root.at('apiEndpoints').isThere) {
    root.note('has no apiEndpoints and no pipelines', 'Give the gateway.config.yml of Express Gateway.');
    return { config: { routes: [] }, notes: notes.all };
  }
  for (const [says, change] of IN_GENERAL) root.note(`Express Gateway ${says}`, change);
  root.noteOthers(['http', 'https', 'admin', 'apiEndpoints', 'serviceEndpoints', 'policies', 'pipelines']);

  const isSystem = (item: Item) =>
    ['db', 'accessTokens', 'refreshTokens', 'crypto', 'session'].some((key) => item.at(key).isThere);
  const systems = others.filter(isSystem);
  const routes = routesFrom(root);
  const { clients, users } = egConsumers(
    others.filter((item) => !isSystem(item)),
    tools,
  );
  const config = part({
    listen: listenPart(root),
    admin: adminPart(root),
    tokens: tokensPart(systems),
    clients,
    connections: users.length > 0 ? [{ name: 'users', type: 'database', users }] : undefined,
  });
  return { config: asText({ ...config, routes }, notes), notes: notes.all };
}

function listenPart(root: Item): Part | undefined {
  const { http, https } = { http: root.at('http'), https: root.at('https') };
  if (https.isThere)
    https.note(
      'is not carried, because certificates must be where they are named',
      'Write listen: { host: 0.0.0.0, port: 443, tls: { cert: …, key: … } }.',
    );
  const port = portOf(http.at('port'));
  return port === undefined ? undefined : { port };
}

/** Express Gateway listened on every address; here that is written out. */
function adminPart(root: Item): Part | undefined {
  const port = portOf(root.at('admin').at('port'));
  return port === undefined ? undefined : { port };
}

/** A number, or the variable that has it. */
function portOf(item: Item): number | WithVariables | undefined {
  const text = item.text();
  if (text !== undefined && /^\$\{[A-Za-z_][A-Za-z0-9_]*(:-\d+)?\}$/.test(text)) return new WithVariables(text);
  const port = item.number();
  return port !== undefined && Number.isInteger(port) && port >= 0 && port <= 65_535 ? port : undefined;
}

function tokensPart(systems: readonly Item[]): Part | undefined {
  const [system, ...more] = systems;
  for (const other of more) other.note('is a second system configuration', 'Only the first is carried.');
  if (system === undefined) return undefined;
  system.noteOthers([
    'db',
    'cli',
    'crypto',
    'session',
    'accessTokens',
    'refreshTokens',
    'authorizationCodes',
    'plugins',
  ]);
  for (const [name, plugin] of system.at('plugins').members())
    plugin.note(`is the plugin ${name}, which is not carried`, 'See whether something here does it too.');
  if (system.at('db').at('redis').at('emulate').isFalse())
    system
      .at('db')
      .note(
        'is not carried',
        'For several nodes write store: { type: redis, url: … }; people and apps are in the files given with --consumers.',
      );
  if (system.at('accessTokens').at('tokenType').text() === 'jwt')
    system
      .at('accessTokens')
      .at('tokenType')
      .note(
        'has JWTs as access tokens; here they are opaque, and upstreams get identity headers',
        'See identity_headers.',
      );
  const day = 86_400_000;
  const life = (key: string, most: number) => {
    const item = system.at(key).at('timeToExpiry');
    const time = item.number();
    return time === undefined ? undefined : lifeOf(item, time, most);
  };
  const access = life('accessTokens', 30 * day);
  const refresh = life('refreshTokens', 3_650 * day);
  const [accessTime, refreshTime] = ['accessTokens', 'refreshTokens'].map((key) =>
    system.at(key).at('timeToExpiry').number(),
  );
  const isShort = accessTime !== undefined && refreshTime !== undefined && refreshTime < accessTime;
  if (isShort)
    system.at('refreshTokens').note('ends before access tokens do, and was made as long', 'See tokens.refresh_ttl.');
  return part({
    access_ttl: access,
    refresh_ttl: isShort ? access : refresh,
    code_ttl: life('authorizationCodes', 600_000),
  });
}

function routesFrom(root: Item): readonly Part[] {
  // As in Express Gateway, the last pipeline that names an endpoint has it.
  const pipelines = new Map<string, readonly [name: string, pipeline: Item]>();
  for (const [name, pipeline] of root.at('pipelines').members())
    for (const endpoint of pipeline.at('apiEndpoints').texts()) pipelines.set(endpoint, [name, pipeline]);
  const names = new Names();
  const places = new Set<string>();
  const routes: Part[] = [];
  for (const [name, endpoints] of root.at('apiEndpoints').members()) {
    const [, pipeline] = pipelines.get(name) ?? [];
    if (pipeline === undefined) {
      endpoints.note('is in no pipeline', 'Nothing: its calls were answered with 404.');
      continue;
    }
    const made = pipelinePart(root, pipeline);
    if (made === undefined) continue;
    for (const endpoint of endpoints.list()) routes.push(...endpointRoutes(name, endpoint, made, names, places));
  }
  return routes;
}

function endpointRoutes(name: string, endpoint: Item, pipeline: Pipeline, names: Names, places: Set<string>): Part[] {
  for (const key of ['pathRegex', 'hostRegex'] as const) {
    if (!endpoint.at(key).isThere) continue;
    endpoint
      .at(key)
      .note(
        'is a regular expression; the endpoint is left out',
        'Write routes with hosts and paths that mean the same.',
      );
    return [];
  }
  endpoint.noteOthers(['host', 'paths', 'path', 'methods', 'scopes', 'pathRegex', 'hostRegex']);
  const written = endpoint.at('host').text();
  const host = written === undefined || written === '*' || written === '' ? undefined : hostFrom(written);
  if (host === undefined && written !== undefined && written !== '*' && written !== '') {
    endpoint.at('host').note('is no whole host name; the endpoint is left out', 'Write one route for each host.');
    return [];
  }
  const scopes = scopesOf(endpoint.at('scopes'));
  const asks = pipeline.auth === 'required';
  if (scopes.length > 0 && !asks) {
    endpoint
      .at('scopes')
      .note(
        'names scopes, but the pipeline asks for no token; the endpoint is left out',
        'Add the route by hand, with auth: required.',
      );
    return [];
  }
  const methods = methodsOf(endpoint.at('methods'));
  const paths = endpoint.at('paths').isThere ? endpoint.at('paths') : endpoint.at('path');
  const found: Part[] = [];
  for (const item of paths.isThere ? paths.list() : [endpoint]) {
    const path = paths.isThere ? pathFrom(item, asks) : '/*';
    if (path === undefined) continue;
    const place = `${host} ${path} ${methods}`;
    if (places.has(place)) {
      item.note(
        `covers ${path} again, which an endpoint before it covers`,
        'Keep the one that is right: order never matters here.',
      );
      continue;
    }
    places.add(place);
    found.push(
      part({
        ...{ name: names.take(name), path, host, methods, upstream: pipeline.upstream },
        strip_prefix: pipeline.strips ? prefixOf(path) : undefined,
        auth: asks ? undefined : 'none',
        scopes,
        ...pipeline.more,
      }),
    );
  }
  return found;
}

/** `/a`, `/a/*`, `*`; parameters become what lies below, where a token is needed. */
function pathFrom(item: Item, asks: boolean): string | undefined {
  const path = item.text() ?? '';
  if (path === '*' || path === '/*') return '/*';
  const plain = path.replace(/\/\*$/, '');
  if (isPlainPath(plain) && !plain.includes('*') && !plain.includes(':'))
    return path.endsWith('/*') ? `${plain}/*` : plain;
  const before = /^((?:\/[A-Za-z0-9._~-]+)*)\/:[A-Za-z0-9_]+(?:\/.*)?$/.exec(path)?.[1];
  if (before !== undefined && asks) {
    item.note(
      `has a parameter; here it became ${before}/*, which covers everything below`,
      'Write routes for the paths that are to be told apart.',
    );
    return `${before}/*`;
  }
  item.note(
    'is a pattern that routes here do not have, and is left out',
    'Write /a for one path, or /a/* for it and everything below.',
  );
  return undefined;
}
