import { CorruptRecord } from '../model/failure.ts';
import type { AccessToken, Authorization, Family, RefreshToken, TokenHash } from '../model/token.ts';
import { type Seconds, seconds } from '../model/units.ts';
import { authorization, present } from './record_codec.ts';
import { FieldReader, trimmed, type Wire } from './wire_fields.ts';

/**
 * Everything that one grant gave, as one text: the family, its access tokens and its refresh tokens. What they have in common is
 * written once, and each token is a hash, an expiry and how it differs. So a store needs one key for a grant, and one read for a
 * token or its family.
 *
 * Access tokens that no family here lists are kept beside the families; refresh tokens are not (`redis_tokens.ts`). Reading trusts
 * nothing: what does not have exactly the expected shape is a `CorruptRecord`.
 */
export interface GrantRecord {
  readonly families: readonly Family[];
  readonly access: ReadonlyMap<TokenHash, AccessToken>;
  /** Each is listed by one of the families, with the same expiry. */
  readonly refresh: ReadonlyMap<TokenHash, RefreshToken>;
}

/** First place of every text. One of another version is corrupt to this program: 503, and it stays as it is. */
const VERSION = 2;
const KIND = 'grant';

/** What a family lists, and the token itself if its record is here too. */
type Listed<T> = readonly [hash: TokenHash, expiresAt: Seconds, token: T | undefined];

export function encodeGrant({ families, access, refresh }: GrantRecord): string {
  const loose = new Map(access);
  const written = families.map((family) => {
    const live = family.live.flatMap(([hash, expiresAt]): Wire[] => {
      const token = loose.get(hash);
      const detail = token && writeAccess(token, family, expiresAt);
      if (detail !== undefined) loose.delete(hash);
      return [hash, expiresAt - family.issuedAt, detail ?? 0];
    });
    const refreshes = family.refresh.flatMap(([hash, expiresAt]): Wire[] => {
      const token = refresh.get(hash);
      return [hash, expiresAt - family.issuedAt, token?.family === family.id ? token.generation + 1 : 0];
    });
    return trimmed([
      ...[family.id, family.generation, family.issuedAt, family.expiresAt - family.issuedAt, live, refreshes],
      ...[family.device, family.replay?.sealed, family.replay?.until],
      ...authorization.write(family),
    ]);
  });
  const beside = [...loose].map(([hash, it]) =>
    trimmed([hash, it.family, it.issuedAt, it.expiresAt, ...authorization.write(it)]),
  );
  return JSON.stringify(trimmed([VERSION, written, beside.length > 0 ? beside : undefined]));
}

/** @returns how a token differs from its family: when it was issued (1 for at once), or all of it; undefined for one of another. */
function writeAccess(token: AccessToken, family: Family, expiresAt: Seconds): Wire | undefined {
  if (token.family !== family.id || token.expiresAt !== expiresAt) return undefined;
  if (token.issuedAt >= family.issuedAt && isSame(token, family)) return token.issuedAt - family.issuedAt + 1;
  return [token.issuedAt, ...trimmed(authorization.write(token))];
}

/** Whether both read back as the same. Those that were made together are of the same parts. */
function isSame(one: Authorization, other: Authorization): boolean {
  const { client, user, scopes, audience, authenticatedAt } = one;
  const isOfSameParts =
    client === other.client && user === other.user && scopes === other.scopes && audience === other.audience;
  if (isOfSameParts) return authenticatedAt === other.authenticatedAt;
  const [some, others] = [one, other].map((it) => JSON.stringify(trimmed(authorization.write(it))));
  return some === others;
}

/** @throws CorruptRecord */
export function decodeGrant(text: unknown): GrantRecord {
  const access = new Map<TokenHash, AccessToken>();
  const refresh = new Map<TokenHash, RefreshToken>();
  const fields = open(text);
  const families = fields.list((inner) => {
    const { family, live, refreshes } = inner.group(readFamily);
    for (const [hash, , token] of live) if (token) access.set(hash, token);
    for (const [hash, , token] of refreshes) if (token) refresh.set(hash, token);
    return family;
  });
  fields.optionalList((inner) => access.set(...inner.group(readLoose)));
  fields.end();
  return { families, access, refresh };
}

/** As `decodeGrant(text).access.get(hash)`, without reading what is not asked for: this is what a look-up costs. */
export function decodeAccess(text: unknown, hash: TokenHash): AccessToken | undefined {
  const fields = open(text);
  let found: AccessToken | undefined;
  fields.list((inner) => {
    const token = inner.group((family) => readAccess(family, hash));
    found ??= token;
  });
  fields.optionalList((inner) => {
    const [name, token] = inner.group(readLoose);
    if (name === hash) found ??= token;
  });
  fields.end();
  return found;
}

function readAccess(fields: FieldReader, hash: TokenHash): AccessToken | undefined {
  const id = fields.hash();
  fields.skip(1);
  const issuedAt = fields.seconds();
  fields.skip(1);
  let listed: readonly [expiresAt: Seconds, detail: Detail] | undefined;
  fields.list((inner) => {
    const [name, expiresAt, detail] = [inner.hash(), inner.secondsFrom(issuedAt), readDetail(inner)];
    if (name === hash && detail !== 0) listed = [expiresAt, detail];
  });
  if (listed === undefined) return undefined;
  const [expiresAt, detail] = listed;
  fields.skip(4);
  const shared = authorization.read(fields);
  fields.end();
  return tokenOf(id, issuedAt, expiresAt, detail, shared);
}

/** The token that a family lists with this detail, which is not 0. */
function tokenOf(
  family: TokenHash,
  issuedAt: Seconds,
  expiresAt: Seconds,
  detail: Detail,
  shared: Authorization,
): AccessToken {
  if (typeof detail !== 'number') return { ...detail, family, expiresAt };
  return { ...shared, family, issuedAt: seconds(issuedAt + detail - 1), expiresAt };
}

function open(text: unknown): FieldReader {
  const fields = FieldReader.parse(KIND, text);
  if (fields.count() !== VERSION) throw new CorruptRecord(KIND);
  return fields;
}

function readFamily(fields: FieldReader) {
  const [id, generation, issuedAt] = [fields.hash(), fields.count(), fields.seconds()];
  const expiresAt = fields.secondsFrom(issuedAt);
  const details = fields.list((inner) => [inner.hash(), inner.secondsFrom(issuedAt), readDetail(inner)] as const);
  const refreshes = fields.list((inner): Listed<RefreshToken> => {
    const [hash, ends, count] = [inner.hash(), inner.secondsFrom(issuedAt), inner.count()];
    return [hash, ends, count > 0 ? { family: id, generation: count - 1, expiresAt: ends } : undefined];
  });
  const [device, sealed, until] = [fields.optionalText(), fields.optionalText(), fields.optionalSeconds()];
  const replay = sealed !== undefined && until !== undefined ? { sealed, until } : undefined;
  const shared = authorization.read(fields);
  fields.end();

  const live = details.map(([hash, ends, detail]): Listed<AccessToken> => {
    if (detail === 0) return [hash, ends, undefined];
    return [hash, ends, tokenOf(id, issuedAt, ends, detail, shared)];
  });
  const family: Family = {
    ...shared,
    ...{ id, generation, issuedAt, expiresAt, ...present({ device, replay }) },
    live: live.map(([hash, ends]) => [hash, ends] as const),
    refresh: refreshes.map(([hash, ends]) => [hash, ends] as const),
  };
  return { family, live, refreshes };
}

type Detail = number | (Authorization & { readonly issuedAt: Seconds });

/** As `writeAccess` has it; 0 for a token whose record is not here. */
function readDetail(fields: FieldReader): Detail {
  if (!fields.isGroup) return fields.count();
  return fields.group((inner) => {
    const own = { issuedAt: inner.seconds(), ...authorization.read(inner) };
    inner.end();
    return own;
  });
}

function readLoose(fields: FieldReader): [TokenHash, AccessToken] {
  const [hash, family] = [fields.hash(), fields.text()];
  const [issuedAt, expiresAt] = [fields.seconds(), fields.seconds()];
  const token = { ...authorization.read(fields), family, issuedAt, expiresAt };
  fields.end();
  return [hash, token];
}
