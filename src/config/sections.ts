import type { z } from 'zod';
import type { Fields, Reader } from './reader.ts';
import { account } from './schema/account.ts';
import { admin } from './schema/admin.ts';
import { audit } from './schema/audit.ts';
import { client } from './schema/client.ts';
import { identityHeaders } from './schema/identity_headers.ts';
import { listen } from './schema/listen.ts';
import { route } from './schema/route.ts';
import { cache, log, tokens, top } from './schema/settings.ts';
import { tracing } from './schema/tracing.ts';
import { connectionFrame, dialectFrame, storeFrame } from './schema/variant_frames.ts';
import { type ConfigVariants, readVariant, type VariantEntry } from './variants.ts';

export type RouteFields = z.output<typeof route>;
export type ClientFields = z.output<typeof client>;
export type DialectEntry = VariantEntry<z.output<typeof dialectFrame>>;

/** The file, read section by section and entry by entry, before anything is compared with anything else. */
export interface Sections {
  readonly listen: Fields<z.output<typeof listen>>;
  readonly admin: Fields<z.output<typeof admin>>;
  /** False: switched off. */
  readonly account: Fields<z.output<typeof account>> | false;
  readonly store: VariantEntry<z.output<typeof storeFrame>>;
  readonly cache: Fields<z.output<typeof cache>>;
  readonly tokens: Fields<z.output<typeof tokens>>;
  readonly dialects: readonly DialectEntry[];
  readonly routes: readonly Fields<RouteFields>[];
  readonly clients: readonly Fields<ClientFields>[];
  readonly connections: readonly VariantEntry<z.output<typeof connectionFrame>>[];
  readonly identityHeaders: Fields<z.output<typeof identityHeaders>>;
  readonly log: Fields<z.output<typeof log>>;
  readonly audit: Fields<z.output<typeof audit>>;
  readonly tracing: Fields<z.output<typeof tracing>>;
  /** Keys at the top that are no section. */
  readonly top: Fields<z.output<typeof top>>;
}

/** The keys at the top of the file, in the order of the documentation. */
export const SECTION_KEYS = [
  'listen',
  'forward_auth',
  'admin',
  'account',
  'store',
  'cache',
  'tokens',
  'dialects',
  'routes',
  'clients',
  'connections',
  'identity_headers',
  'server_secret',
  'log',
  'audit',
  'tracing',
] as const;

export const DEFAULT_STORE = { type: 'embedded', path: './data/gatehouse.db' };
export const DEFAULT_DIALECTS = ['oauth2'];

/** @param sound false after syntax errors, when keys may have come to the top that belong elsewhere. */
export function readSections(reader: Reader, variants: ConfigVariants, sound: boolean): Sections {
  if (reader.at(['store']) === undefined) reader.put(['store'], { ...DEFAULT_STORE });
  if (reader.at(['dialects']) === undefined) reader.put(['dialects'], [...DEFAULT_DIALECTS]);
  if (sound) reader.knownKeys([], SECTION_KEYS);
  return {
    listen: reader.fields(listen, ['listen']),
    admin: reader.fields(admin, ['admin']),
    account: reader.at(['account']) !== false && reader.fields(account, ['account']),
    store: readVariant(reader, ['store'], storeFrame, variants.stores),
    cache: reader.fields(cache, ['cache']),
    tokens: reader.fields(tokens, ['tokens']),
    dialects: reader.list(['dialects'], (path) => readVariant(reader, path, dialectFrame, variants.dialects)),
    routes: reader.list(['routes'], (path) => reader.fields(route, path)),
    clients: reader.list(['clients'], (path) => reader.fields(client, path)),
    connections: reader.list(['connections'], (path) =>
      readVariant(reader, path, connectionFrame, variants.connections),
    ),
    identityHeaders: reader.fields(identityHeaders, ['identity_headers']),
    log: reader.fields(log, ['log']),
    audit: reader.fields(audit, ['audit']),
    tracing: reader.fields(tracing, ['tracing']),
    top: reader.fields(top, [], { others: 'elsewhere' }),
  };
}
