import type { PasswordConnection } from '../../src/connections/connection.ts';
import { ldap } from '../../src/connections/ldap.ts';
import { BASE, SERVICE } from '../support/ldap_server.ts';
import { ManualClock } from '../support/manual_clock.ts';

/** What a connection reported, by event. */
export type Reports = (readonly [event: string, detail?: Readonly<Record<string, string | number>> | undefined])[];

/** Generous with time, so that a busy machine is not taken for a dead server; tests of time set their own. */
const PATIENT = { connect_timeout: '5s', operation_timeout: '10s', timeout: '15s' };

/** A connection as the configuration would make it. @param options as in the YAML, over a working service account. */
export function connectionTo(url: string, options: Readonly<Record<string, unknown>> = {}) {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const reports: Reports = [];
  const written = { ...(options['urls'] === undefined && { url }), ...SERVICE, base_dn: BASE, ...PATIENT, ...options };
  const [connection] = ldap.create(ldap.options.parse(written), {
    name: 'corp',
    clock,
    users: { findByUsername: never, find: never, findByContact: never, setPasswordHash: never },
    passwords: { verify: never },
    report: (...report) => void reports.push(report),
  });
  if (connection?.kind !== 'password') throw new Error('expected a password connection');
  return { connection: connection satisfies PasswordConnection, clock, reports };
}

const never = (): never => {
  throw new Error('a directory needs no users or hashes of ours');
};
