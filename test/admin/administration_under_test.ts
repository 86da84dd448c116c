import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Administration } from '../../src/admin/administration.ts';
import type { By, Operation, Role } from '../../src/admin/operation.ts';
import { perform } from '../../src/admin/perform.ts';
import { AdminProblem } from '../../src/admin/problem.ts';
import { composeAdministration } from '../../src/administration.ts';
import { variants } from '../../src/compose.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { hashPassword } from '../../src/connections/password_hash.ts';
import type { AuditEvent } from '../../src/model/audit.ts';
import type { Clock } from '../../src/model/clock.ts';
import type { Identity } from '../../src/model/token.ts';
import { STANDARD_TOKENS } from '../../src/model/token_policy.ts';
import { inSeconds, seconds } from '../../src/model/units.ts';
import { createAttempts } from '../../src/oauth/attempts.ts';
import type { Backend } from '../../src/stores/backend.ts';
import { embedded } from '../../src/stores/embedded.ts';
import { memory } from '../../src/stores/memory.ts';
import { OWN_SHAPES } from '../../src/tokens/format.ts';
import { createIssuer } from '../../src/tokens/issuing.ts';
import { mintWithRef } from '../../src/tokens/minting.ts';
import { dependencies } from '../contract/backend_under_test.ts';
import { ManualClock } from '../support/manual_clock.ts';

export const WONDERLAND = await hashPassword('wonderland');

/** A configuration with a client and users of its own, two databases, and a directory that keeps its users itself. */
const YAML = `
store: { type: memory }
dialects: [oauth2, roambi]
routes:
  - { name: orders, path: /orders/*, methods: [GET, POST], upstream: { targets: ["http://127.0.0.1:9", "http://127.0.0.1:10"] }, scopes: { GET: [read], POST: [write] } }
  - { name: open, path: /*, upstream: "http://127.0.0.1:9", auth: none }
clients:
  - { id: fixed, secret: fixed-secret-of-the-file, grants: [client_credentials] }
connections:
  - { name: users, type: database, users: [ { id: u-fixed, username: fixed, password_hash: "${WONDERLAND}", roles: [admin] } ] }
  - { name: staff, type: database }
  - { name: corp, type: ldap, url: "ldaps://ldap.example.com", base_dn: "dc=example,dc=com" }
`;

export interface AdministrationUnderTest {
  readonly admin: Administration;
  readonly clock: Clock;
  readonly backend: Backend;
  /** As an administrator, through the API. */
  ask<Input, Output>(operation: Operation<Input, Output>, input?: object): Promise<Output>;
  askAs<Input, Output>(role: Role, operation: Operation<Input, Output>, input?: object): Promise<Output>;
  /** What came instead of an answer. @throws Error if there was an answer. */
  problem<Input, Output>(operation: Operation<Input, Output>, input?: object, role?: Role): Promise<AdminProblem>;
  /** Everything in the audit log, the oldest first. */
  audited(): Promise<readonly AuditEvent[]>;
  /** A grant, as if somebody had signed in. */
  grant(options: GrantOptions): Promise<{ readonly access: string; readonly refresh: string }>;
  /** A browser session; its cookie. */
  session(user: Identity, more?: object): Promise<string>;
  /** Another handle on what operators work on, as another node has. */
  again(): Administration;
  close(): Promise<void>;
}

export interface GrantOptions {
  readonly client: string;
  readonly user?: Identity | undefined;
  readonly device?: string | undefined;
  readonly scopes?: readonly string[];
  /** Whether there is a refresh token too: there is, if absent. */
  readonly refreshable?: boolean;
}

export const identity = (subject: string, more: Partial<Identity> = {}): Identity => ({
  ...{ subject, username: subject.replace('u-', ''), connection: 'users', roles: [] },
  ...more,
});

export const by = (role: Role): By => ({
  actor: { kind: 'user', id: `u-${role}`, name: `The ${role}` },
  role,
  via: 'api',
  address: '192.0.2.7',
  requestId: 'r-1',
});

export type OpenBackend = () => Promise<{ readonly backend: Backend; readonly clock: Clock; stop(): Promise<void> }>;

export const openMemory: OpenBackend = async () => {
  const clock = new ManualClock(Date.UTC(2026, 10, 21));
  const backend = await memory.create({}, dependencies(clock));
  return { backend, clock, stop: () => backend.close() };
};

export const openEmbedded: OpenBackend = async () => {
  const clock = new ManualClock(Date.UTC(2026, 10, 21));
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-admin-'));
  const backend = await embedded.create(embedded.options.parse({ path: 'g.db' }), dependencies(clock, folder));
  return {
    ...{ backend, clock },
    async stop() {
      await backend.close();
      await rm(folder, { recursive: true });
    },
  };
};

export async function startAdministration(
  open: OpenBackend = openMemory,
  more: Partial<Administration> = {},
): Promise<AdministrationUnderTest> {
  const { backend, clock, stop } = await open();
  const config = parseConfig(YAML, { file: 'gatehouse.yaml', env: {}, readFile: () => '', variants });
  const again = () => ({
    ...composeAdministration(config, {
      ...{ documents: backend.documents, store: backend.tokens, audit: backend.audit, clock },
      ...{ attempts: createAttempts({ counters: backend.counters, clock }), grants: variants.grants },
      mayNote: () => true,
    }),
    ...more,
  });
  const admin = again();
  const settings = { accessTtl: 60, refreshTtl: 600, codeTtl: 60, refreshGrace: 10 };
  const issuer = createIssuer({ store: backend.tokens, clock, settings: settings as never });
  const askAs: AdministrationUnderTest['askAs'] = (role, operation, input = {}) =>
    perform(admin, operation, input, by(role));

  return {
    ...{ admin, clock, backend, askAs, again },
    ask: (operation, input) => askAs('admin', operation, input),
    async problem(operation, input, role = 'admin') {
      const answer = await askAs(role, operation, input).catch((error: unknown) => error);
      if (answer instanceof AdminProblem) return answer;
      throw new Error(`there was no problem, but ${JSON.stringify(answer)}`, { cause: answer });
    },
    async audited() {
      const events: AuditEvent[] = [];
      let next: string | undefined;
      do {
        const page = await backend.audit.page({}, 1_000, next);
        events.push(...page.items);
        next = page.next;
      } while (next !== undefined);
      return events.reverse();
    },
    async grant({ client, user, device, scopes = [], refreshable = true }) {
      const { accessToken, refreshToken = '' } = await issuer.issue({
        policy: STANDARD_TOKENS,
        authorization: { client, user, scopes, audience: [], authenticatedAt: inSeconds(clock.now()) },
        ...{ scopes, refreshable, device },
      });
      return { access: accessToken, refresh: refreshToken };
    },
    async session(user, details = {}) {
      const { token, ref } = mintWithRef(OWN_SHAPES.session);
      const now = inSeconds(clock.now());
      const record = { user, authenticatedAt: now, expiresAt: seconds(now + 600), ...details };
      await backend.tokens.put([{ kind: 'session', ref, record }]);
      return token;
    },
    close: stop,
  };
}
