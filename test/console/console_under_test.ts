import { onTestFinished } from 'vitest';
import type { Administration } from '../../src/admin/administration.ts';
import { createAuditBound } from '../../src/admin/audit_bound.ts';
import type { AnyOperation } from '../../src/admin/operation.ts';
import { DEMO_PASSWORD_HASHES } from '../../src/config/cross_checks/demo_secrets.ts';
import { database } from '../../src/connections/database.ts';
import { createPasswordVerifier, hashPassword, isPasswordHash } from '../../src/connections/password_hash.ts';
import { createConsole, problemWording } from '../../src/console/app.ts';
import { createOperators } from '../../src/console/operators.ts';
import { createPages } from '../../src/console/pages/pages.ts';
import { createAdmin } from '../../src/http/admin.ts';
import { idTarget } from '../../src/http/id_target.ts';
import { ownRequestReader } from '../../src/http/own_request.ts';
import type { AuditEntry, AuditEvent } from '../../src/model/audit.ts';
import type { Client, User } from '../../src/model/client.ts';
import { type Clock, systemClock } from '../../src/model/clock.ts';
import type { Exchange } from '../../src/model/exchange.ts';
import type { AccessToken, Identity } from '../../src/model/token.ts';
import { milliseconds, seconds } from '../../src/model/units.ts';
import { createAttempts } from '../../src/oauth/attempts.ts';
import { createConsoleSessions } from '../../src/oauth/console_sessions.ts';
import { createOneTimeCodes } from '../../src/oauth/one_time_codes.ts';
import { createSignInDesk } from '../../src/oauth/sign_in.ts';
import { createSignInNotes } from '../../src/oauth/sign_in_notes.ts';
import { createClients } from '../../src/registry/clients.ts';
import { createConsents } from '../../src/registry/consents.ts';
import { createUsers } from '../../src/registry/users.ts';
import type { Backend } from '../../src/stores/backend.ts';
import { memory } from '../../src/stores/memory.ts';
import { createTokenAdministration } from '../../src/tokens/administration.ts';
import { mintWithRef } from '../../src/tokens/minting.ts';

export interface Settings {
  host: string;
  publicUrl?: string;
  bearerScope?: string;
  console: boolean;
  termsUrl: string | undefined;
}

export const [WONDERLAND = '', LOOKING_GLASS = ''] = DEMO_PASSWORD_HASHES;
export const basic = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
export const ADMIN = basic('admin', 'looking-glass');
export const SECOND_ADMIN = basic('second', 'looking-glass');
export const AUDITOR = basic('auditor', 'looking-glass');
export const ALICE = basic('alice', 'wonderland');

const PEOPLE: readonly User[] = [
  person('admin', LOOKING_GLASS, ['admin']),
  person('second', LOOKING_GLASS, ['admin']),
  person('auditor', LOOKING_GLASS, ['auditor']),
  person('alice', WONDERLAND, []),
];

function person(username: string, passwordHash: string, roles: string[]): User {
  return { id: `u-${username}`, connection: 'users', username, passwordHash, roles, disabled: false };
}

export const APP: Client = {
  ...{ id: 'app', name: 'App', secrets: [], public: true, grants: ['authorization_code'], disabled: false },
  ...{ redirectUris: ['https://app.example.com/cb'], scopes: ['read', 'gatehouse:admin'], audience: [] },
};

export interface Told {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it as they expect it to be
  readonly body: any;
}

/** The admin listener with console and API in front of a memory store. */
export async function startConsole({
  operations,
  backend: given,
  clock = systemClock,
  more = {},
}: {
  /** What a gateway would add. */
  readonly more?: Partial<Administration>;
  readonly clock?: Clock;
  readonly operations?: readonly AnyOperation[];
  readonly backend?: (backend: Backend) => Backend;
} = {}) {
  const made = await memory.create({}, { clock, directory: '.', report: () => {} });
  const backend = given?.(made) ?? made;
  const { documents, counters, tokens: store } = backend;
  const attempts = createAttempts({ counters, clock });
  const users = createUsers({ configured: PEOPLE, documents, clock });
  const [connection] = [
    database.create(
      { users: [] },
      { name: 'users', clock, users, passwords: createPasswordVerifier(), report: () => {}, print: () => {} },
    ),
  ].flat();
  if (!connection) throw new Error('there is no connection');
  const codes = createOneTimeCodes({ store, counters, clock, secret: 'x'.repeat(32) });
  const administration: Administration = {
    clients: createClients({ configured: [APP], documents, clock }),
    users,
    consents: createConsents({ documents, clock }),
    tokens: createTokenAdministration({ store, clock }),
    attempts,
    audit: backend.audit,
    mayNote: createAuditBound({ clock, withheld: () => {} }),
    passwords: { hash: hashPassword, isHash: isPasswordHash },
    clock,
    routes: [],
    choices: {
      grants: ['authorization_code', 'client_credentials', 'refresh_token'],
      dialects: ['oauth2'],
      connections: [{ name: 'users', type: 'database' }],
      databases: ['users'],
    },
    ...more,
  };
  const settings: Settings = { host: '127.0.0.1', console: true, termsUrl: 'https://www.example.com/terms' };
  const reported: Exchange[] = [];
  const troubles: string[] = [];
  // What the API is asked is in no list that tests look into.
  const noted: AuditEntry[] = [];
  const note = (entry: AuditEntry) => {
    noted.push(entry);
    if (entry.via === 'console') void backend.audit.append(entry);
  };
  const desk = createSignInDesk({
    ...{ connections: [connection], attempts, codes },
    notes: createSignInNotes({ note, clock }),
    whose: (_connections, username) => users.findByUsername('users', username),
  });
  const trouble = (_level: string, event: string) => void troubles.push(event);
  const sessions = createConsoleSessions({ store, counters, clock, ttl: () => seconds(8 * 60 * 60) });
  const pages = createPages({
    operators: createOperators(() => desk),
    sessions,
    administration: () => administration,
    termsUrl: () => settings.termsUrl,
    clock,
    trouble,
  });
  const handle = createConsole({
    pages,
    settings: () => settings,
    administration: () => administration,
    desk: () => desk,
    store,
    serverSecret: () => undefined,
    readRequest: ownRequestReader([], idTarget),
    clock,
    report: (exchange) => void reported.push(exchange),
    trouble,
    operations,
    bodyTimeout: milliseconds(500),
  });
  const admin = createAdmin({
    listen: { host: '127.0.0.1', port: 0 },
    notReady: async () => [],
    metrics: async () => ({ contentType: 'text/plain', body: '' }),
    others: handle,
    report: (exchange) => void reported.push(exchange),
    wording: problemWording,
  });
  const url = await admin.listen();
  onTestFinished(async () => {
    await admin.drain(milliseconds(0));
    await backend.close();
  });

  return {
    url,
    port: Number(new URL(url).port),
    settings,
    administration,
    backend,
    reported,
    troubles,
    /** What the sign-in desk wrote down. */
    noted: noted as readonly AuditEntry[],
    /** Calls the API. @param path behind `/api/v1`. */
    async call(
      method: string,
      path: string,
      { body, as = ADMIN, headers = {} }: { body?: unknown; as?: string; headers?: Record<string, string> } = {},
    ): Promise<Told> {
      const answer = await fetch(`${url}/api/v1${path}`, {
        method,
        headers: {
          ...(as && { authorization: as }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await answer.text();
      const type = answer.headers.get('content-type') ?? '';
      const isJson = method !== 'HEAD' && /^application\/(problem\+)?json$/.test(type);
      return { status: answer.status, headers: answer.headers, body: isJson ? JSON.parse(text) : text };
    },
    /** An access token that somebody has. */
    async token(user: Partial<Identity> | undefined, more: Partial<AccessToken> = {}): Promise<string> {
      const { token, ref } = mintWithRef({ prefix: 'gha_', alphabet: 'base64url', length: 40 });
      const now = Math.floor(clock.now() / 1000);
      const record: AccessToken = {
        ...{ client: 'app', scopes: ['read'], audience: [], family: 'f', issuedAt: seconds(now) },
        ...(user && {
          user: { subject: 'u-admin', username: 'admin', connection: 'users', roles: ['admin'], ...user },
        }),
        ...{ expiresAt: seconds(now + 600), ...more },
      };
      await store.put([{ kind: 'access', ref, record }]);
      return `Bearer ${token}`;
    },
    audited: async (): Promise<readonly AuditEvent[]> => (await backend.audit.page({}, 1000)).items,
  };
}
export type ConsoleUnderTest = Awaited<ReturnType<typeof startConsole>>;
