import { type Imported, type ImportTools, Item, Notes } from './item.ts';
import { clientsFrom } from './kong_consumers.ts';
import { guardOf, tokenTimes } from './kong_guard.ts';
import { type Plugins, pluginsFor } from './kong_plugins.ts';
import { targetsOf } from './kong_upstreams.ts';
import { Names } from './names.ts';
import { asText, durationOf, hostFrom, isPlainPath, methodsOf, type Part, part, prefixOf } from './parts.ts';

const HOUR = 3_600_000;
const IN_GENERAL: readonly (readonly [string, string])[] = [
  [
    'matches any path that begins with the text of a route; here routes match whole segments, in the one case that they are written in',
    'See the paths of the routes.',
  ],
  [
    'passed the Authorization header on to upstreams; here they get X-User-Id and the other identity headers instead',
    'Write forward_authorization: true in routes whose upstream reads the token.',
  ],
];

/** Carries a declarative configuration of Kong (`_format_version`), as decK writes it too. */
export function importKong(document: unknown, tools: ImportTools): Imported {
  const notes = new Notes();
  const root = new Item(document, notes);
  if (!root.at('services').isThere && !root.at('routes').isThere && !root.at('consumers').isThere) {
    root.note('has no services, routes or consumers', 'Give the declarative configuration of Kong: deck gateway dump.');
    return { config: { routes: [] }, notes: notes.all };
  }
  for (const [says, change] of IN_GENERAL) root.note(`Kong ${says}`, change);
  root.noteOthers([
    'services',
    'routes',
    'upstreams',
    'consumers',
    'plugins',
    'certificates',
    'ca_certificates',
    'snis',
    'consumer_groups',
    ...CREDENTIALS,
  ]);
  for (const key of ['certificates', 'snis'])
    if (root.at(key).list().length > 0)
      root.at(key).note('are not carried', 'Name the files under listen.tls: { cert, key }.');
  if (root.at('ca_certificates').list().length > 0)
    root.at('ca_certificates').note('are not carried', 'Name a PEM file under upstream.tls.ca.');
  for (const group of root.at('consumer_groups').list())
    group.note('is not carried', 'Groups become scopes: say which clients get which.');

  const plugins = pluginsFor(root);
  const names = new Names();
  const places = new Set<string>();
  const routes: Part[] = [];
  for (const { route, service } of routesOf(root)) {
    routes.push(...routeParts(root, route, service, plugins, names, places));
  }
  const config = part({
    tokens: tokenTimes(plugins),
    routes,
    clients: clientsFrom(root, plugins, routes, tools),
  });
  return { config: asText({ ...config, routes }, notes), notes: notes.all };
}

const CREDENTIALS = [
  'oauth2_credentials',
  'basicauth_credentials',
  'keyauth_credentials',
  'jwt_secrets',
  'hmacauth_credentials',
  'acls',
];

interface Placed {
  readonly route: Item;
  readonly service: Item;
}

/** Routes stand in their service, or beside it with its name. */
function routesOf(root: Item): readonly Placed[] {
  const services = root.at('services').list();
  const inside = services.flatMap((service) =>
    service
      .at('routes')
      .list()
      .map((route) => ({ route, service })),
  );
  const beside = root
    .at('routes')
    .list()
    .flatMap((route) => {
      const wanted =
        route.at('service').at('name').text() ?? route.at('service').at('id').text() ?? route.at('service').text();
      const service = services.find(
        (one) => wanted !== undefined && [one.at('name').text(), one.at('id').text()].includes(wanted),
      );
      if (service) return [{ route, service }];
      route.note(
        'has no service, so there is nowhere to send its calls',
        'Add a route with an upstream, if it is needed.',
      );
      return [];
    });
  for (const service of services) {
    const named = [service.at('name').text(), service.at('id').text()];
    const isUsed =
      service.at('routes').list().length > 0 || beside.some((one) => named.includes(one.service.at('name').text()));
    if (!isUsed) service.note('has no route', 'Nothing: nobody could call it.');
  }
  return [...inside, ...beside];
}

function routeParts(
  root: Item,
  route: Item,
  service: Item,
  plugins: Plugins,
  names: Names,
  places: Set<string>,
): Part[] {
  if (service.at('enabled').isFalse()) {
    service.note('is switched off', 'Nothing, or add a route for it.');
    return [];
  }
  // What cannot be told apart here would let in calls that Kong did not match.
  for (const key of ['headers', 'snis', 'sources', 'destinations', 'expression'] as const) {
    if (!route.at(key).isThere || (key !== 'expression' && isEmpty(route.at(key)))) continue;
    route
      .at(key)
      .note(
        `chooses calls by ${key}, which routes here do not; the route is left out`,
        'Choose by host, path and method.',
      );
    return [];
  }
  const protocols = route.at('protocols').texts();
  if (protocols.length > 0 && !protocols.some((one) => /^(https?|wss?|grpcs?)$/.test(one))) {
    route.at('protocols').note('is no HTTP; the route is left out', 'Such connections need another proxy.');
    return [];
  }
  const guard = guardOf(route, service, plugins);
  if (guard === undefined) return [];
  const upstream = upstreamPart(root, service);
  if (upstream === undefined) return [];

  const name = route.at('name').text() ?? service.at('name').text() ?? 'route';
  const methods = methodsOf(route.at('methods'));
  const hosts = hostsOf(route.at('hosts'));
  const paths = pathsOf(route.at('paths'));
  const strips = !route.at('strip_path').isFalse();
  const found: Part[] = [];
  for (const host of hosts) {
    for (const path of paths) {
      const place = `${host} ${path} ${methods}`;
      if (places.has(place)) {
        route.note(
          `covers ${path} again, which another route covers`,
          'Keep the one that is right: order never matters here.',
        );
        continue;
      }
      places.add(place);
      found.push(
        part({
          ...{ name: names.take(name), path, host, methods, upstream },
          strip_prefix: strips ? prefixOf(path) : undefined,
          ...guard.part,
        }),
      );
    }
  }
  noteRest(route, service);
  return found;
}

function noteRest(route: Item, service: Item): void {
  if (route.at('preserve_host').isTrue())
    route
      .at('preserve_host')
      .note(
        'is not carried: upstreams get their own host, and the one of the call in X-Forwarded-Host',
        'See that the upstream reads it.',
      );
  if ((route.at('regex_priority').number() ?? 0) !== 0)
    route.at('regex_priority').note('is not carried', 'Order never matters here: the longest path wins.');
  route.noteOthers(
    'id name service hosts paths methods strip_path preserve_host protocols plugins tags headers snis sources destinations expression regex_priority path_handling https_redirect_status_code request_buffering response_buffering created_at updated_at priority'.split(
      ' ',
    ),
  );
  service.noteOthers(
    'id name url protocol host port path routes plugins tags enabled connect_timeout read_timeout write_timeout retries tls_verify tls_verify_depth created_at updated_at'.split(
      ' ',
    ),
  );
}

const isEmpty = (item: Item): boolean =>
  item.list().length === 0 ||
  (item.members().length === 0 && typeof item.value === 'object' && !Array.isArray(item.value));

/** Undefined stands for any host. */
function hostsOf(hosts: Item): readonly (string | undefined)[] {
  if (hosts.list().length === 0) return [undefined];
  return hosts.list().flatMap((item) => {
    const host = hostFrom(item.text() ?? '');
    if (host === undefined) item.note('is no whole host name, and is left out', 'Write one route for each host.');
    return host ?? [];
  });
}

function pathsOf(paths: Item): readonly string[] {
  if (paths.list().length === 0) return ['/*'];
  return paths.list().flatMap((item) => {
    const path = item.text() ?? '';
    if (path === '/') return '/*';
    if (path.startsWith('~') || !isPlainPath(path)) {
      item.note(
        'is a regular expression, or no plain path, and is left out',
        'Write a route for each path that it means, with /* behind it.',
      );
      return [];
    }
    return `${path.replace(/\/$/, '')}/*`;
  });
}

function upstreamPart(root: Item, service: Item): unknown {
  const made = targetsOf(root, service);
  if (made === undefined) return undefined;
  const { targets, more } = made;
  if (service.at('tls_verify').isFalse() && targets.some((target) => target.startsWith('https:')))
    service
      .at('tls_verify')
      .note('is not carried: certificates are always checked', 'Name their authority under upstream.tls.ca.');
  const timeout = durationOf(service.at('read_timeout'), 10, HOUR);
  const write = service.at('write_timeout');
  if (write.isThere && write.number() !== service.at('read_timeout').number())
    write.note('is not carried: idle_timeout holds in both directions', 'See idle_timeout of the upstream.');
  const rest = part({
    connect_timeout: durationOf(service.at('connect_timeout'), 10, 60_000),
    timeout,
    // Kong counts from byte to byte.
    idle_timeout: timeout,
    retries: service.at('retries').number() === 0 ? 0 : undefined,
    ...more,
  });
  const [only] = targets;
  return targets.length === 1 && Object.keys(rest).length === 0 ? only : { targets, ...rest };
}
