import { CorruptRecord } from '../model/failure.ts';
import type {
  AccessToken,
  Authorization,
  AuthorizationCode,
  Away,
  BrowserSession,
  Family,
  Identity,
  Interaction,
  KeptAnswer,
  OneTimeCode,
  RecordKind,
  RecordOf,
  RefreshToken,
} from '../model/token.ts';
import { FieldReader, trimmed, type Wire } from './wire_fields.ts';

/**
 * Token records as text, for stores that keep text. Each is a JSON array whose places are fixed and only ever added to at the
 * end: names are not repeated in millions of records, and the Redis scripts can read the few places they decide on.
 *
 * Reading trusts nothing: what does not have exactly the expected shape is a `CorruptRecord`, never a half-filled record.
 */
interface Codec<R> {
  write(record: R): readonly Wire[];
  /** @param id the hash under which the record was found. */
  read(fields: FieldReader, id: string): R;
}

/** First place of every record. A record of another version is corrupt to this program: 503, and it stays as it is. */
const VERSION = 1;

export function encodeRecord<K extends RecordKind>(kind: K, record: RecordOf[K]): string {
  return JSON.stringify(trimmed([VERSION, ...CODECS[kind].write(record)]));
}

/**
 * @param id the hash of the ref it was found under; a family's id is not repeated in its record.
 * @throws CorruptRecord
 */
export function decodeRecord<K extends RecordKind>(kind: K, text: unknown, id: string): RecordOf[K] {
  const fields = FieldReader.parse(kind, text);
  if (fields.count() !== VERSION) throw new CorruptRecord(kind);
  const record = CODECS[kind].read(fields, id);
  fields.end();
  return record;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const identity = {
  write: (user: Identity): readonly Wire[] =>
    trimmed([
      ...[user.subject, user.username, user.connection],
      ...[user.name, user.email, user.phoneNumber, user.roles.length > 0 ? user.roles : undefined],
      user.allowedScopes,
      user.attributes && Object.entries(user.attributes).flat(),
    ]),
  read: (fields: FieldReader): Identity => {
    const [subject, username, connection] = [fields.text(), fields.text(), fields.text()];
    const [name, email, phoneNumber] = [fields.optionalText(), fields.optionalText(), fields.optionalText()];
    const roles = fields.optionalTexts() ?? [];
    // Not the same when empty: no scope at all is allowed then.
    const allowedScopes = fields.optionalTexts();
    const attributes = fields.optionalTextMap();
    fields.end();
    // By hand, because this is read for every token that is not cached.
    const user: Mutable<Identity> = { subject, username, connection, roles };
    if (name !== undefined) user.name = name;
    if (email !== undefined) user.email = email;
    if (phoneNumber !== undefined) user.phoneNumber = phoneNumber;
    if (allowedScopes !== undefined) user.allowedScopes = allowedScopes;
    if (attributes !== undefined) user.attributes = attributes;
    return user;
  },
};

/** Always the last places of its record, because what follows `client` and `scopes` is mostly absent. */
export const authorization = {
  write: (it: Authorization): readonly Wire[] => [
    it.client,
    it.scopes,
    it.user && identity.write(it.user),
    it.authenticatedAt,
    it.audience.length > 0 ? it.audience : undefined,
  ],
  read: (fields: FieldReader): Authorization => {
    const [client, scopes] = [fields.text(), fields.texts()];
    const user = fields.optionalGroup(identity.read);
    const authenticatedAt = fields.optionalSeconds();
    const audience = fields.optionalTexts() ?? [];
    const it: Mutable<Authorization> = { client, scopes, audience };
    if (user !== undefined) it.user = user;
    if (authenticatedAt !== undefined) it.authenticatedAt = authenticatedAt;
    return it;
  },
};

const access: Codec<AccessToken> = {
  write: (it) => [it.family, it.issuedAt, it.expiresAt, ...authorization.write(it)],
  read: (fields) => {
    const [family, issuedAt, expiresAt] = [fields.text(), fields.seconds(), fields.seconds()];
    return { family, issuedAt, expiresAt, ...authorization.read(fields) };
  },
};

const refresh: Codec<RefreshToken> = {
  write: (it) => [it.family, it.generation, it.expiresAt],
  read: (fields) => ({ family: fields.text(), generation: fields.count(), expiresAt: fields.seconds() }),
};

const family: Codec<Family> = {
  write: (it) => [
    ...[it.generation, it.live.flat(), it.refresh.flat(), it.issuedAt, it.expiresAt],
    ...[it.device, it.replay?.sealed, it.replay?.until],
    ...authorization.write(it),
  ],
  read: (fields, id) => {
    const [generation, live, refreshes] = [fields.count(), fields.hashes(), fields.hashes()];
    const [issuedAt, expiresAt, device] = [fields.seconds(), fields.seconds(), fields.optionalText()];
    const [sealed, until] = [fields.optionalText(), fields.optionalSeconds()];
    const replay = sealed !== undefined && until !== undefined ? { sealed, until } : undefined;
    const shared = authorization.read(fields);
    return { id, generation, live, refresh: refreshes, issuedAt, expiresAt, ...present({ device, replay }), ...shared };
  },
};

const code: Codec<AuthorizationCode> = {
  write: (it) => [it.expiresAt, it.redirectUri, it.codeChallenge, it.nonce, ...authorization.write(it)],
  read: (fields) => {
    const expiresAt = fields.seconds();
    const [redirectUri, codeChallenge, nonce] = [fields.optionalText(), fields.optionalText(), fields.optionalText()];
    return { expiresAt, ...present({ redirectUri, codeChallenge, nonce }), ...authorization.read(fields) };
  },
};

const session: Codec<BrowserSession> = {
  write: (it) => [
    ...[identity.write(it.user), it.authenticatedAt, it.expiresAt],
    ...[it.userAgent, it.address, it.purpose && 1],
  ],
  read: (fields) => {
    const user = fields.group(identity.read);
    const [authenticatedAt, expiresAt] = [fields.seconds(), fields.seconds()];
    const [userAgent, address] = [fields.optionalText(), fields.optionalText()];
    const purpose = fields.optionalTrue() && 'console';
    return { user, authenticatedAt, expiresAt, ...present({ userAgent, address, purpose }) };
  },
};

const away = {
  write: (it: Away): readonly Wire[] => [it.connection, it.nonce, it.codeVerifier, it.callback],
  read: (fields: FieldReader): Away => {
    const [connection, nonce] = [fields.text(), fields.text()];
    const [codeVerifier, callback] = [fields.text(), fields.text()];
    fields.end();
    return { connection, nonce, codeVerifier, callback };
  },
};

const otp: Codec<OneTimeCode> = {
  write: (it) => [it.mac, it.expiresAt],
  read: (fields) => ({ mac: fields.text(), expiresAt: fields.seconds() }),
};

const answer: Codec<KeptAnswer> = {
  write: (it) => [it.fingerprint, it.sealed, it.expiresAt],
  read: (fields) => ({ fingerprint: fields.text(), sealed: fields.text(), expiresAt: fields.seconds() }),
};

const interaction: Codec<Interaction> = {
  write: (it) => [
    ...[it.dialect, it.client, it.redirectUri, it.redirectUriSent ? 1 : 0, it.scopes],
    ...[it.browser, it.csrf, it.expiresAt, it.state, it.codeChallenge, it.nonce, it.away && away.write(it.away)],
    ...[it.staleSession, it.askConsent && 1, it.visit],
  ],
  read: (fields) => {
    const [dialect, client, redirectUri] = [fields.text(), fields.text(), fields.text()];
    const [redirectUriSent, scopes] = [fields.flag(), fields.texts()];
    const [browser, csrf, expiresAt] = [fields.hash(), fields.text(), fields.seconds()];
    const [state, codeChallenge, nonce] = [fields.optionalText(), fields.optionalText(), fields.optionalText()];
    const gone = fields.optionalGroup(away.read);
    const [staleSession, askConsent, visit] = [fields.optionalHash(), fields.optionalTrue(), fields.optionalText()];
    const known = { dialect, client, redirectUri, redirectUriSent, scopes, browser, csrf, expiresAt };
    return { ...known, ...present({ state, codeChallenge, nonce, away: gone, staleSession, askConsent, visit }) };
  },
};

const CODECS: { readonly [K in RecordKind]: Codec<RecordOf[K]> } = {
  access,
  refresh,
  family,
  code,
  session,
  interaction,
  otp,
  answer,
};

/** Leaves absent members out, so that a record reads back as it was written. */
export function present<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  // The cast says in a type what the filter does at run time.
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as never;
}
