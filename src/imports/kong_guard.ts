import type { Item } from './item.ts';
import { CHANGING, changesOf } from './kong_changes.ts';
import { effective, type Plugin, type Plugins } from './kong_plugins.ts';
import { lifeOf, type Part, part, scopesOf } from './parts.ts';

/** How a route is guarded and changed. */
export interface Guard {
  readonly part: Part;
}

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
    ...changesOf(by, auth),
  };
  if (by.has('acl') && auth !== 'required') {
    by.get('acl')?.item.note(
      'restricts a route that does not ask who is calling; it is left out',
      'Add the route by hand, with auth: required.',
    );
    return undefined;
  }
  const carried = ['oauth2', 'acl', ...CHANGING];
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
