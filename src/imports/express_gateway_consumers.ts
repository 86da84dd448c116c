import type { ImportTools, Item } from './item.ts';
import { isName, labelFrom } from './names.ts';
import { type Part, part, redirectUrisOf, scopesOf } from './parts.ts';

/** People and apps, as our configuration has them. */
export interface Consumers {
  readonly clients: readonly Part[];
  readonly users: readonly Part[];
}

type Kind = 'user' | 'application' | 'oauth2' | 'basic-auth' | 'key-auth' | 'jwt';

/** A record of Express Gateway, with what it is. */
interface Known {
  readonly kind: Kind;
  /** Of the user or app that it is, or belongs to. */
  readonly id: string;
  readonly item: Item;
}

const GRANTS = ['authorization_code', 'refresh_token', 'password', 'client_credentials'];

/** Carries users, apps and their credentials, from whatever files they stand in. */
export function egConsumers(sources: readonly Item[], tools: ImportTools): Consumers {
  const records = sources.flatMap((source) => recordsIn(source));
  const of = (kind: Kind) => records.filter((record) => record.kind === kind);
  const users: Part[] = [];
  const clients: Part[] = [];
  const names = new Map<string, string>();
  for (const user of of('user')) names.set(user.item.at('username').text() ?? '', user.id);
  const ownerOf = ({ id }: Known) => names.get(id) ?? id;

  for (const user of of('user')) {
    const password = of('basic-auth').find((credential) => ownerOf(credential) === user.id);
    const made = userFrom(user, password, users, tools);
    if (made) users.push(made);
  }
  for (const credential of of('oauth2')) {
    const owner = [...of('application'), ...of('user')].find(({ id }) => id === ownerOf(credential));
    const made = clientFrom(credential, owner, clients, tools);
    if (made) clients.push(made);
  }
  const holders = new Set(of('oauth2').map(ownerOf));
  for (const app of of('application'))
    if (!holders.has(app.id))
      app.item.note('is an app without an oauth2 credential in these files, and is not carried', command(app));
  for (const { item, kind } of [...of('key-auth'), ...of('jwt')])
    item.note(
      `is a ${kind} credential, in whose place a client with a token is needed`,
      'Register the caller: gatehouse client add NAME --grant client_credentials.',
    );
  return { clients, users };
}

/** Lists, `{ users: […] }` and the like, and the keys of the store (`EG-user:…`). */
function recordsIn(source: Item): readonly Known[] {
  if (Array.isArray(source.value)) return source.list().flatMap((item) => recordsIn(item));
  const found = recordOf(source);
  if (found) return [found];
  const members = source.members();
  const inside = members.flatMap(([key, item]): readonly Known[] => {
    const [, kind, id] = /^[^:]*-(user|application|oauth2|basic-auth|key-auth|jwt):(.+)$/s.exec(key) ?? [];
    // Sets that say which keys a consumer has are no records.
    if (kind !== undefined && id !== undefined)
      return item.members().length > 0 ? [{ kind: kind as Kind, id: item.at('consumerId').text() ?? id, item }] : [];
    return ['users', 'apps', 'applications', 'credentials'].includes(key)
      ? item.list().flatMap((one) => recordsIn(one))
      : [];
  });
  if (inside.length === 0 && source.isThere)
    source.note(
      'holds no user, app or credential that is known',
      'Give what `eg users list`, `eg apps list` and `eg credentials list` print, or the keys of its Redis.',
    );
  return inside;
}

function recordOf(item: Item): Known | undefined {
  const text = (key: string) => item.at(key).text();
  const id = text('consumerId') ?? text('id');
  if (id === undefined) return undefined;
  const type = text('type');
  if (type === 'oauth2' || type === 'basic-auth' || type === 'key-auth' || type === 'jwt')
    return { kind: type, id, item };
  if (text('keySecret') !== undefined) return { kind: 'key-auth', id, item };
  if (text('secret') !== undefined) return { kind: 'oauth2', id, item };
  if (text('password') !== undefined) return { kind: 'basic-auth', id, item };
  if (text('username') !== undefined) return { kind: 'user', id, item };
  return text('name') !== undefined ? { kind: 'application', id, item } : undefined;
}

const isOff = (item: Item): boolean => item.at('isActive').isFalse();

function userFrom(
  { id, item }: Known,
  password: Known | undefined,
  users: readonly Part[],
  { isPasswordHash }: ImportTools,
): Part | undefined {
  const username = item.at('username').text() ?? '';
  const hash = password?.item.at('password').text();
  const add = `Add them: gatehouse user add ${quoted(username)} --id ${quoted(id)}, with a password, or with --hashed and the bcrypt hash out of Redis.`;
  if (hash === undefined || !isPasswordHash(hash)) {
    item.note('is a user without a bcrypt password in these files, and is not carried', add);
    return undefined;
  }
  const isTaken = users.some(
    (one) => one['id'] === id || String(one['username']).toLowerCase() === username.toLowerCase(),
  );
  if (isTaken || !/^[\x21-\x7e]{1,128}$/.test(id) || !/^[^\p{Cc}\p{Zl}\p{Zp}]{1,256}$/u.test(username)) {
    item.note('is a user whose id or name is taken, or is none here', add);
    return undefined;
  }
  const names = [item.at('firstname').text(), item.at('lastname').text()];
  const email = item.at('email').text();
  const isEmail = email !== undefined && /^[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/.test(email);
  if (email !== undefined && !isEmail) item.at('email').note('is no e-mail address that is carried', 'Add it by hand.');
  if (item.at('redirectUri').isThere && item.at('redirectUri').text() !== '')
    item.at('redirectUri').note('belongs to a user, where nothing is redirected to', 'Give it to a client.');
  return part({
    id: id,
    username: username,
    name: labelFrom(names.filter(Boolean).join(' ')),
    email: isEmail ? email : undefined,
    password_hash: hash,
    disabled: isOff(item) || isOff(password?.item ?? item) ? true : undefined,
  });
}

function clientFrom(
  credential: Known,
  owner: Known | undefined,
  clients: readonly Part[],
  { secretHash }: ImportTools,
): Part | undefined {
  const { item } = credential;
  const id = owner?.id ?? credential.id;
  const secret = item.at('secret').text();
  // What it hashed it cannot tell, and neither can we; bcrypt would cost every token request 100 ms.
  if (secret === undefined || secret.startsWith('$2') || !/^[\x20-\x7e]{1,512}$/.test(secret)) {
    item.note(
      'is the credential of an app whose secret is hashed or not in these files; the app is not carried',
      command(owner ?? credential),
    );
    return undefined;
  }
  if (!isName(id) || clients.some((one) => one['id'] === id)) {
    item.note('is the credential of an app whose id is taken, or is none here', command(owner ?? credential));
    return undefined;
  }
  const redirects = owner ? redirectUrisOf(owner.item.at('redirectUri')) : [];
  const name = owner?.item.at('name').text() ?? owner?.item.at('username').text();
  return part({
    id,
    name: labelFrom(name ?? ''),
    secret_hash: secretHash(secret),
    grants: redirects.length > 0 ? GRANTS : GRANTS.filter((grant) => grant !== 'authorization_code'),
    redirect_uris: redirects,
    scopes: scopesFrom(item.at('scopes')),
    disabled: isOff(item) || (owner && isOff(owner.item)) ? true : undefined,
  });
}

/** Redis has lists as JSON text. */
function scopesFrom(item: Item): readonly string[] {
  const text = item.text();
  if (text === undefined || !text.startsWith('[')) return scopesOf(item);
  return [...new Set(text.match(/[^\s,"'[\]\\]+/g) ?? [])];
}

/** What registers the app anew, to be pasted into a shell. */
function command({ id, item }: Known): string {
  const name = item.at('name').text() ?? item.at('username').text() ?? id;
  const redirects = item
    .at('redirectUri')
    .texts()
    .filter((uri) => uri !== '');
  const more = redirects.map((uri) => ` --redirect-uri ${quoted(uri)}`).join('');
  const grants = redirects.length > 0 ? '' : ' --grant client_credentials';
  return `Register it anew, and give its owners the new secret: gatehouse client add ${quoted(name)}${isName(id) ? ` --id ${id}` : ''}${grants}${more}`;
}

const quoted = (text: string): string =>
  /^[A-Za-z0-9._:/@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
