import type { ImportTools, Item } from './item.ts';
import { groupsOf, offered, scopeOfGroups } from './kong_guard.ts';
import type { Plugins } from './kong_plugins.ts';
import { isName, labelFrom } from './names.ts';
import { type Part, part, redirectUrisOf } from './parts.ts';

const ARGON2ID =
  /^\$argon2id\$v=19\$m=[1-9]\d{0,6},t=[1-9]\d{0,2},p=[1-9]\d{0,2}\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,172}$/;

const OTHER_CREDENTIALS: Readonly<Record<string, string>> = {
  keyauth_credentials: 'Register the caller: gatehouse client add NAME --grant client_credentials.',
  jwt_secrets: 'Register the caller: gatehouse client add NAME --grant client_credentials.',
  hmacauth_credentials: 'Register the caller: gatehouse client add NAME --grant client_credentials.',
  basicauth_credentials: 'Add the user: gatehouse user add NAME; Kong hashes passwords in a way that is not read here.',
  mtls_auth_credentials: 'Register the caller: gatehouse client add NAME --grant client_credentials.',
};

/** The OAuth clients of all consumers. */
export function clientsFrom(
  root: Item,
  plugins: Plugins,
  routes: readonly Part[],
  tools: ImportTools,
): readonly Part[] {
  const taken = new Set<string>();
  const offer = offered(plugins);
  const clients: Part[] = [];
  const consumers = root.at('consumers').list();
  for (const consumer of consumers) {
    const groups = consumer
      .at('acls')
      .list()
      .flatMap((acl) => acl.at('group').text() ?? []);
    const scopes = [...offer.scopes, ...groupScopes(plugins, groups, routes)];
    for (const credential of consumer.at('oauth2_credentials').list()) {
      const client = clientFrom(credential, { grants: offer.grants, scopes }, taken, tools);
      if (client) clients.push(client);
    }
    for (const [key, change] of Object.entries(OTHER_CREDENTIALS))
      for (const credential of consumer.at(key).list())
        credential.note('is no OAuth client, and is not carried', change);
    consumer.noteOthers([
      'id',
      'username',
      'custom_id',
      'acls',
      'groups',
      'tags',
      'plugins',
      'created_at',
      'updated_at',
      'oauth2_credentials',
      ...Object.keys(OTHER_CREDENTIALS),
    ]);
  }
  for (const credential of root.at('oauth2_credentials').list()) {
    const client = clientFrom(credential, offer, taken, tools);
    if (client) clients.push(client);
  }
  return clients;
}

/** The scopes by which routes ask for the groups that a consumer is in. */
function groupScopes({ all }: Plugins, groups: readonly string[], routes: readonly Part[]): readonly string[] {
  const asked = new Set(routes.flatMap(({ scopes }) => (Array.isArray(scopes) ? scopes : [])));
  const found = all
    .filter(({ name }) => name === 'acl')
    .filter((acl) => {
      const { allow, deny } = groupsOf(acl);
      return allow.length > 0
        ? groups.some((group) => allow.includes(group))
        : !groups.some((group) => deny.includes(group));
    })
    .flatMap((acl) => scopeOfGroups(acl) ?? []);
  return [...new Set(found)].filter((scope) => asked.has(scope));
}

function clientFrom(
  item: Item,
  offer: { readonly grants: readonly string[]; readonly scopes: readonly string[] },
  taken: Set<string>,
  { secretHash }: ImportTools,
): Part | undefined {
  const id = item.at('client_id').text() ?? '';
  const add = 'Register it: gatehouse client add NAME, and give its owners the new id and secret.';
  if (!isName(id) || taken.has(id)) {
    item.at('client_id').note(taken.has(id) ? 'is there twice' : 'is missing, or no id that clients have here', add);
    return undefined;
  }
  const isPublic = item.at('client_type').text() === 'public';
  const secret = item.at('client_secret').text();
  const hash = isPublic || secret === undefined ? undefined : hashOf(item, secret, secretHash);
  if (!isPublic && hash === undefined) {
    if (secret === undefined) item.note('has no client_secret in the file', add);
    return undefined;
  }
  const redirects = redirectUrisOf(
    item.at('redirect_uris').isThere ? item.at('redirect_uris') : item.at('redirect_uri'),
  );
  const grants = offer.grants.filter(
    (grant) =>
      (grant !== 'authorization_code' || redirects.length > 0) && !(isPublic && grant === 'client_credentials'),
  );
  if (!grants.some((grant) => grant !== 'refresh_token')) {
    item.note(
      'could get no token: it has no redirect URI that can be carried, and the oauth2 plugin offers nothing else',
      add,
    );
    return undefined;
  }
  taken.add(id);
  return part({
    id,
    name: labelFrom(item.at('name').text() ?? ''),
    secret_hash: hash,
    public: isPublic ? true : undefined,
    grants,
    redirect_uris: redirects,
    scopes: offer.scopes,
  });
}

/** Secrets that Kong hashed are carried if we know the hash; none is ever written out. */
function hashOf(item: Item, secret: string, secretHash: ImportTools['secretHash']): string | undefined {
  if (ARGON2ID.test(secret)) return secret;
  const isHashed = item.at('hash_secret').isTrue() && /^\$/.test(secret);
  const isReference = /^\{vault:\/\/|^\$\{\{/.test(secret);
  if (!isHashed && !isReference && /^[\x20-\x7e]{1,512}$/.test(secret)) return secretHash(secret);
  const what = isReference
    ? 'names a secret that is kept elsewhere'
    : 'is hashed in a way that is not read here, or not of ASCII';
  item
    .at('client_secret')
    .note(
      `${what}; the client is left out`,
      'Register it anew: gatehouse client add NAME, and give its owners the new secret.',
    );
  return undefined;
}
