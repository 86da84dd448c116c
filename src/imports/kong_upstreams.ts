import type { Item } from './item.ts';
import { durationText, isPlainPath, type Part, part, targetFrom } from './parts.ts';

/** Where the calls of a service go, and how one of several is chosen. */
export interface Targets {
  readonly targets: readonly string[];
  readonly more: Part;
}

const BALANCES: Readonly<Record<string, string>> = {
  'least-connections': 'least_connections',
  latency: 'least_connections',
  'consistent-hashing': 'consistent_hash',
};

/** @returns undefined, and a note, if there is no target. */
export function targetsOf(root: Item, service: Item): Targets | undefined {
  const url = service.at('url').text();
  const parsed = url === undefined ? undefined : (URL.parse(url) ?? undefined);
  const protocol = parsed?.protocol.slice(0, -1) ?? service.at('protocol').text() ?? 'http';
  const host = parsed?.hostname ?? service.at('host').text();
  const path = (parsed ? parsed.pathname : (service.at('path').text() ?? '')).replace(/\/$/, '');
  if (!['http', 'https', 'grpc', 'grpcs', 'ws', 'wss'].includes(protocol) || host === undefined) {
    service.note('has no http or https URL; its routes are left out', 'Write an upstream for them.');
    return undefined;
  }
  if (protocol.startsWith('grpc'))
    service.note(
      'speaks gRPC, which is not carried over HTTP/2 to upstreams',
      'gRPC-Web passes; for gRPC keep another proxy.',
    );
  if (path !== '' && !isPlainPath(path)) {
    service.at('path').note('is no plain path; the routes of the service are left out', 'Write an upstream for them.');
    return undefined;
  }
  const scheme = /^(https|grpcs|wss)$/.test(protocol) ? 'https' : 'http';
  const upstream = root
    .at('upstreams')
    .list()
    .find((one) => one.at('name').text() === host);
  if (upstream) return balanced(upstream, scheme, path);
  const port = parsed ? parsed.port : (service.at('port').text() ?? '');
  const usual = port === '' || port === (scheme === 'https' ? '443' : '80');
  const target = targetFrom(service, `${scheme}://${host}${usual ? '' : `:${port}`}${path}`);
  return target === undefined ? undefined : { targets: [target], more: {} };
}

function balanced(upstream: Item, scheme: string, path: string): Targets | undefined {
  const alive = upstream
    .at('targets')
    .list()
    .filter((item) => item.at('weight').number() !== 0);
  const targets = alive.flatMap((item) => {
    const address = item.at('target').text() ?? '';
    const withPort = /:\d+$/.test(address) ? address : `${address}:8000`;
    return targetFrom(item, `${scheme}://${withPort}${path}`) ?? [];
  });
  const unique = [...new Set(targets)];
  if (unique.length === 0) {
    upstream.note('has no target that could be carried; routes to it are left out', 'Write an upstream for them.');
    return undefined;
  }
  if (new Set(alive.map((item) => item.at('weight').number() ?? 100)).size > 1)
    upstream
      .at('targets')
      .note(
        'have different weights, which are not carried',
        'Targets take turns; name stronger ones on several ports, or use balance: least_connections.',
      );
  const algorithm = upstream.at('algorithm').text() ?? (hashes(upstream) ? 'consistent-hashing' : '');
  if (algorithm === 'consistent-hashing')
    upstream.note(
      'chooses by a hash of what it says; here it is the user, else the client, else the address',
      'See whether that will do.',
    );
  const checks = upstream.at('healthchecks');
  if (checks.at('passive').isThere)
    checks
      .at('passive')
      .note('is not carried as it is', 'Where there are several targets, failing calls take one out: see breaker.');
  return {
    targets: unique,
    more: part({ balance: unique.length > 1 ? BALANCES[algorithm] : undefined, health: healthOf(checks.at('active')) }),
  };
}

const hashes = (upstream: Item): boolean => (upstream.at('hash_on').text() ?? 'none') !== 'none';

function healthOf(active: Item): Part | undefined {
  const seconds = active.at('healthy').at('interval').number() ?? active.at('unhealthy').at('interval').number() ?? 0;
  if (seconds <= 0) return undefined;
  const path = active.at('http_path').text() ?? '/';
  if ((active.at('type').text() ?? 'http') === 'tcp' || !isPlainPath(path.split('?')[0] ?? '')) {
    active.note(
      'is no check by HTTP of a plain path, and is left out',
      'Write upstream.health with a path that answers 200.',
    );
    return undefined;
  }
  const within = (item: Item) => {
    const count = item.number();
    return count === undefined || count < 1 ? undefined : Math.min(100, Math.round(count));
  };
  const statuses = active
    .at('healthy')
    .at('http_statuses')
    .list()
    .flatMap((item) => item.number() ?? []);
  const known = [...new Set(statuses.filter((status) => status >= 200 && status <= 599))];
  const timeout = active.at('timeout').number();
  return part({
    path,
    interval: durationText(Math.min(3_600_000, Math.max(100, Math.round(seconds * 1000)))),
    timeout:
      timeout === undefined ? undefined : durationText(Math.min(60_000, Math.max(10, Math.round(timeout * 1000)))),
    healthy_after: within(active.at('healthy').at('successes')),
    unhealthy_after: within(active.at('unhealthy').at('http_failures')),
    expect: known.slice(0, 64),
  });
}
