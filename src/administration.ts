/** Joins what operations work on: for the console and the API of a gateway, for those of the supervisor of several, and for the command line. */
import type { Administration } from './admin/administration.ts';
import { databasesOf, openStore, variants } from './compose.ts';
import { hashPassword, isPasswordHash } from './connections/password_hash.ts';
import { type Clock, systemClock } from './model/clock.ts';
import type { Config } from './model/config.ts';
import { createAttempts } from './oauth/attempts.ts';
import { createAuditTrail } from './observe/audit_trail.ts';
import { createLog } from './observe/log.ts';
import { createClients } from './registry/clients.ts';
import { createConsents } from './registry/consents.ts';
import { createUsers } from './registry/users.ts';
import type { AuditStore } from './stores/audit_store.ts';
import type { DocumentStore } from './stores/document_store.ts';
import type { TokenStore } from './stores/token_store.ts';
import { createTokenAdministration } from './tokens/administration.ts';

/** What outlives a configuration, or is of the process and not of its configuration. */
export interface AdministrationGround
  extends Pick<Administration, 'attempts' | 'clock' | 'live' | 'mayNote' | 'explain' | 'tryCall'> {
  readonly documents: DocumentStore;
  readonly store: TokenStore;
  readonly audit: AuditStore;
  readonly clock: Clock;
  /** The grants that there are. */
  readonly grants: readonly string[];
}

export function composeAdministration(config: Config, ground: AdministrationGround): Administration {
  const { documents, store, audit, mayNote, clock, attempts, grants, live, explain, tryCall } = ground;
  const { connections, dialects, routes } = config;
  return {
    clients: createClients({ configured: config.clients, documents, clock }),
    users: createUsers({ configured: config.users, documents, clock }),
    consents: createConsents({ documents, clock }),
    tokens: createTokenAdministration({ store, clock }),
    attempts,
    audit,
    mayNote,
    passwords: { hash: hashPassword, isHash: isPasswordHash },
    clock,
    routes,
    choices: {
      grants,
      dialects: [...new Set(dialects.map(({ type }) => type))],
      connections: connections.map(({ name, type }) => ({ name, type })),
      databases: databasesOf(config),
    },
    live,
    explain,
    tryCall,
  };
}

/** What the command line works on: the configured store, without a gateway. */
export async function openAdministration(config: Config) {
  const clock = systemClock;
  const backend = await openStore(config, createLog({ level: 'silent', destination: { write: () => {} } }));
  const { documents, tokens: store, counters } = backend;
  // What is done at the command line is told as what is done elsewhere; only the log is nobody's here.
  const settings = { log: false, webhook: config.audit.webhook };
  const audit = createAuditTrail({ store: backend.audit, settings, event: () => {} });
  const attempts = createAttempts({ counters, clock });
  const administration = composeAdministration(config, {
    ...{ documents, store, audit, clock, attempts },
    // Whoever is at the machine could write into the store as well.
    mayNote: () => true,
    grants: variants.grants,
  });
  return {
    administration,
    async close() {
      await audit.close();
      await backend.close();
    },
  };
}
