import type { Item } from './item.ts';
import { corsPart, durationText, HeaderRulesMade, lifeOf, type Part, part, scopesOf } from './parts.ts';

/** The plugins of a document, by what they hold for. */
export interface Plugins {
  readonly all: readonly Plugin[];
}

export interface Plugin {
  readonly name: string;
  readonly item: Item;
  readonly config: Item;
  /** What it is for; the more it names, the more it says. */
  readonly route?: string | undefined;
  readonly service?: string | undefined;
}

/** How a route is guarded and changed. */
export interface Guard {
  readonly part: Part;
}

const nameIn = (item: Item): string | undefined => item.at('name').text() ?? item.at('id').text() ?? item.text();
/** What tells a route or service from others of its kind, whether or not it has a name. */
const keyOf = (item: Item): string => item.at('name').text() ?? item.at('id').text() ?? item.path.join('.');

/** Collects those that are on; such as hold for one consumer alone are noted. */
export function pluginsFor(root: Item): Plugins {
  const all: Plugin[] = [];
  const add = (item: Item, of: { route?: string | undefined; service?: string | undefined }) => {
    const name = item.at('name').text();
    if (name === undefined || item.at('enabled').isFalse()) return;
    const consumer = item.at('consumer').isThere || item.at('consumer_group').isThere;
    if (consumer)
      item.note(
        `is the plugin ${name} for one consumer, which is not carried`,
        'Limits hold for each token of a route; say what one client may do by its scopes.',
      );
    else all.push({ name, item, config: item.at('config'), ...of });
  };
  for (const item of root.at('plugins').list())
    add(item, { route: nameIn(item.at('route')), service: nameIn(item.at('service')) });
  for (const service of root.at('services').list()) {
    for (const item of service.at('plugins').list()) add(item, { service: keyOf(service) });
    for (const route of service.at('routes').list())
      for (const item of route.at('plugins').list()) add(item, { route: keyOf(route) });
  }
  for (const route of root.at('routes').list())
    for (const item of route.at('plugins').list()) add(item, { route: keyOf(route) });
  for (const consumer of [...root.at('consumers').list(), ...root.at('consumer_groups').list()])
    for (const item of consumer.at('plugins').list())
      item.note(
        `is the plugin ${item.at('name').text()} for one consumer, which is not carried`,
        'Say what one client may do by its scopes.',
      );
  return { all };
}

/** Of each plugin the one that says most about the route: Kong runs no other. */
function effective({ all }: Plugins, route: Item, service: Item): ReadonlyMap<string, Plugin> {
  const keys = { route: keysOf(route), service: keysOf(service) };
  const found = new Map<string, Plugin & { weight: number }>();
  for (const plugin of all) {
    if (plugin.route !== undefined && !keys.route.includes(plugin.route)) continue;
    if (plugin.service !== undefined && !keys.service.includes(plugin.service)) continue;
    const weight = (plugin.route === undefined ? 0 : 2) + (plugin.service === undefined ? 0 : 1);
    const before = found.get(plugin.name);
    if (!before || weight > before.weight) found.set(plugin.name, { ...plugin, weight });
  }
  return found;
}

const keysOf = (item: Item): readonly string[] =>
  [item.at('name').text(), item.at('id').text(), keyOf(item)].filter((key) => key !== undefined);

const OTHER_AUTHENTICATION = [
  'key-auth',
  'basic-auth',
  'jwt',
  'hmac-auth',
  'ldap-auth',
  'ldap-auth-advanced',
  'openid-connect',
  'oauth2-introspection',
  'mtls-auth',
  'session',
  'key-auth-enc',
  'jwt-signer',
  'saml',
  'header-cert-auth',
  'vault-auth',
  'upstream-oauth',
];
/** What is here anyway, or only watches. */
const NEEDLESS: Readonly<Record<string, string>> = {
  prometheus: 'Nothing: /metrics is on the admin listener.',
  'correlation-id': 'Nothing: every call has an X-Request-Id.',
  ...Object.fromEntries(
    [
      'file-log',
      'http-log',
      'tcp-log',
      'udp-log',
      'syslog',
      'loggly',
      'datadog',
      'statsd',
      'kafka-log',
      'zipkin',
      'opentelemetry',
    ].map((name) => [name, 'See log, audit and tracing in the configuration.']),
  ),
};
/** Those that let less through: without them a route would let more through. */
const RESTRICTING = [
  'ip-restriction',
  'bot-detection',
  'request-validator',
  'opa',
  'request-termination',
  'pre-function',
  'post-function',
  'injection-protection',
  'json-threat-protection',
  'xml-threat-protection',
];

/** @returns undefined if the route must be left out, because what guards it cannot be carried. */
export function guardOf(route: Item, service: Item, plugins: Plugins): Guard | undefined {
  const by = effective(plugins, route, service);
  const oauth2 = by.get('oauth2');
  const others = OTHER_AUTHENTICATION.flatMap((name) => by.get(name) ?? []);
  for (const { name, item } of others)
    item.note(
      `asks callers for ${name}, in whose place a token is needed`,
      'Register each caller (gatehouse client add NAME --grant client_credentials), or its users in a connection.',
    );
  const asks = oauth2 !== undefined || others.length > 0;
  const isOptional = [...(oauth2 ? [oauth2] : []), ...others].some(({ config }) => config.at('anonymous').isThere);
  const auth = asks ? (isOptional ? 'optional' : 'required') : 'none';

  for (const name of RESTRICTING) {
    const plugin = by.get(name);
    if (plugin === undefined) continue;
    if (name === 'request-termination' || auth !== 'required') {
      plugin.item.note(
        `restricts the route by ${name}, which cannot be carried; without it everybody could call, so ${route.at('name').text() ?? 'the route'} is left out`,
        'Add the route by hand, guarded otherwise.',
      );
      return undefined;
    }
    plugin.item.note(
      `restricts the route by ${name}, which is not carried: whoever has a token gets in`,
      'Restrict it in front (firewall, proxy), or with scopes.',
    );
  }
  const made = {
    auth: auth === 'required' ? undefined : auth,
    scopes: groupScope(by.get('acl'), auth),
    limits: limitsOf(by, auth),
    cors: corsOf(by.get('cors')),
    max_body: sizeOf(by.get('request-size-limiting')),
    request_headers: headersOf(by.get('request-transformer') ?? by.get('request-transformer-advanced'), 'request'),
    response_headers: headersOf(by.get('response-transformer') ?? by.get('response-transformer-advanced'), 'response'),
  };
  if (by.has('acl') && auth !== 'required') {
    by.get('acl')?.item.note(
      'restricts a route that does not ask who is calling; it is left out',
      'Add the route by hand, with auth: required.',
    );
    return undefined;
  }
  const carried = [
    'oauth2',
    'acl',
    'cors',
    'rate-limiting',
    'rate-limiting-advanced',
    'response-ratelimiting',
    'request-size-limiting',
    'request-transformer',
    'request-transformer-advanced',
    'response-transformer',
    'response-transformer-advanced',
  ];
  for (const [name, { item }] of by) {
    if (carried.includes(name) || OTHER_AUTHENTICATION.includes(name) || RESTRICTING.includes(name)) continue;
    item.note(
      `is the plugin ${name}, which is not carried`,
      NEEDLESS[name] ?? 'See what it does, and whether something here does it too.',
    );
  }
  return { part: part(made) };
}

/** Groups of consumers become a scope that the clients of those consumers may have. */
export const scopeOfGroups = (acl: Plugin): string | undefined => {
  const { allow, deny } = groupsOf(acl);
  const names = (groups: readonly string[]) =>
    groups
      .map((group) => group.replace(/[^\x21\x23-\x5b\x5d-\x7e]/g, '-'))
      .join('+')
      .slice(0, 100);
  if (allow.length > 0) return `group:${names(allow)}`;
  return deny.length > 0 ? `not-group:${names(deny)}` : undefined;
};

export function groupsOf({ config }: Plugin): { readonly allow: readonly string[]; readonly deny: readonly string[] } {
  return {
    allow: [...config.at('allow').texts(), ...config.at('whitelist').texts()],
    deny: [...config.at('deny').texts(), ...config.at('blacklist').texts()],
  };
}

function groupScope(acl: Plugin | undefined, auth: string): readonly string[] | undefined {
  const scope = acl && scopeOfGroups(acl);
  if (acl === undefined || scope === undefined || auth !== 'required') return undefined;
  acl.item.note(
    `lets groups of consumers in; here the route needs the scope ${scope}`,
    'The clients of these consumers have it; give it to others that are to call.',
  );
  return [scope];
}

const WINDOWS = [
  ['second', 1_000],
  ['minute', 60_000],
  ['hour', 3_600_000],
  ['day', 86_400_000],
] as const;

function limitsOf(by: ReadonlyMap<string, Plugin>, auth: string): Part | undefined {
  for (const name of ['rate-limiting-advanced', 'response-ratelimiting'])
    by.get(name)?.item.note(
      `is the plugin ${name}, which is not carried`,
      'Write limits: { per_token: 100/1m } in the route.',
    );
  const plugin = by.get('rate-limiting');
  if (plugin === undefined) return undefined;
  const { config, item } = plugin;
  if (auth === 'none') {
    item.note(
      'limits a public route, whose calls have no token to be counted by',
      'Limit it in front, or ask for tokens (auth: required).',
    );
    return undefined;
  }
  const rates = WINDOWS.flatMap(([unit, window]) => {
    const count = config.at(unit).number();
    return count === undefined || count < 1 ? [] : [{ unit, count: Math.min(1_000_000, Math.round(count)), window }];
  });
  const [first, ...more] = rates;
  for (const { unit } of more)
    config.at(unit).note('is not carried: a route has one rate', 'Choose the one that matters most.');
  for (const unit of ['month', 'year'])
    if (config.at(unit).isThere) config.at(unit).note('is not carried', 'Windows are a day at most.');
  const by_ = config.at('limit_by').text() ?? 'consumer';
  if (by_ !== 'credential')
    item.note(`counts calls by ${by_}; here they are counted by token`, 'See whether that will do.');
  const status = config.at('error_code').number();
  return (
    first &&
    part({ per_token: `${first.count}/${durationText(first.window)}`, status: status === 429 ? undefined : status })
  );
}

function corsOf(plugin: Plugin | undefined): Part | undefined {
  if (plugin === undefined) return undefined;
  const { config, item } = plugin;
  if (config.at('preflight_continue').isTrue())
    item.note(
      'lets the upstream answer browsers that ask first; here the gateway does',
      'Leave cors out if the upstream must.',
    );
  return corsPart(item, config.at('origins'), {
    methods: config.at('methods'),
    headers: config.at('headers'),
    expose: config.at('exposed_headers'),
    credentials: config.at('credentials').isTrue(),
    maxAge: config.at('max_age').number(),
  });
}

const SIZES: Readonly<Record<string, string>> = { megabytes: 'MiB', kilobytes: 'KiB', bytes: 'B' };

function sizeOf(plugin: Plugin | undefined): string | undefined {
  if (plugin === undefined) return undefined;
  const size = Math.max(1, Math.round(plugin.config.at('allowed_payload_size').number() ?? 128));
  return `${size}${SIZES[plugin.config.at('size_unit').text() ?? 'megabytes'] ?? 'MiB'}`;
}

function headersOf(plugin: Plugin | undefined, of: 'request' | 'response'): Part | undefined {
  if (plugin === undefined) return undefined;
  const { config, item } = plugin;
  const rules = new HeaderRulesMade();
  for (const entry of config.at('remove').at('headers').list())
    rules.remove(entry, (entry.text() ?? '').split(':')[0]?.trim() ?? '');
  for (const how of ['replace', 'add', 'append'] as const) {
    for (const entry of config.at(how).at('headers').list()) {
      const [, name = '', value = ''] = /^([^:]*):(.*)$/s.exec(entry.text() ?? '') ?? [];
      if (value.includes('$('))
        entry.note('holds a template, which is not carried', 'The identity headers say who is calling.');
      else rules.set(entry, name.trim(), value.trim());
    }
  }
  if (config.at('add').at('headers').list().length + config.at('replace').at('headers').list().length > 0)
    item.note(
      'adds only where nothing was sent, and replaces only what was; here headers are set in any case',
      'See whether that will do.',
    );
  for (const what of ['rename', 'allow'] as const)
    if (config.at(what).isThere) config.at(what).noteOthers([], `Only set and remove of ${of}_headers are carried.`);
  for (const how of ['remove', 'replace', 'add', 'append'] as const)
    config.at(how).noteOthers(['headers'], 'Only headers are changed here; the rest is for the upstream.');
  return rules.part;
}

/** What Kong says of how long tokens live. */
export function tokenTimes({ all }: Plugins): Part | undefined {
  const oauth2 = all.filter(({ name }) => name === 'oauth2');
  const [first, ...more] = oauth2;
  if (first === undefined) return undefined;
  const access = first.config.at('token_expiration');
  const refresh = first.config.at('refresh_token_ttl');
  for (const { config } of more)
    if (config.at('token_expiration').isThere && config.at('token_expiration').number() !== access.number())
      config
        .at('token_expiration')
        .note('is not carried: tokens live as long whatever they are for', 'See tokens.access_ttl.');
  for (const { config } of oauth2) noteOauth2(config);
  const [accessTime, refreshTime] = [access.number(), refresh.number()];
  if (accessTime === 0) access.note('has tokens live for ever, which they do not here', 'See tokens.access_ttl.');
  return part({
    access_ttl: accessTime ? lifeOf(access, accessTime * 1000, 30 * 86_400_000) : undefined,
    refresh_ttl: refreshTime
      ? lifeOf(refresh, Math.max(refreshTime, accessTime ?? 0) * 1000, 3_650 * 86_400_000)
      : undefined,
  });
}

function noteOauth2(config: Item): void {
  if (config.at('provision_key').isThere)
    config
      .at('provision_key')
      .note(
        'is for a sign-in page of your own, which Gatehouse does not need',
        'Users sign in on its pages: add a connection (docs/connections).',
      );
  if (config.at('enable_implicit_grant').isTrue())
    config
      .at('enable_implicit_grant')
      .note('is not carried: the implicit grant does not exist here (RFC 9700)', 'Use authorization_code with PKCE.');
  if (config.at('accept_http_if_already_terminated').isTrue() || config.at('global_credentials').isFalse())
    config
      .at('global_credentials')
      .note('is not carried: a token is good for every route whose scopes it has', 'Give routes scopes of their own.');
}

/** The grants and scopes that the oauth2 plugins offer, all together. */
export function offered({ all }: Plugins): { readonly grants: readonly string[]; readonly scopes: readonly string[] } {
  const oauth2 = all.filter(({ name }) => name === 'oauth2');
  const has = (key: string) => oauth2.some(({ config }) => config.at(key).isTrue());
  const grants = [
    ...(has('enable_authorization_code') || has('enable_implicit_grant') ? ['authorization_code'] : []),
    ...(has('enable_client_credentials') ? ['client_credentials'] : []),
    ...(has('enable_password_grant') ? ['password'] : []),
  ];
  const kept = grants.length > 0 ? grants : ['authorization_code'];
  const refreshes = kept.some((grant) => grant !== 'client_credentials');
  return {
    grants: refreshes ? [...kept, 'refresh_token'] : kept,
    scopes: [...new Set(oauth2.flatMap(({ config }) => scopesOf(config.at('scopes'))))],
  };
}
