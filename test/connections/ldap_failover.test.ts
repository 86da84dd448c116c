import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DependencyUnavailable } from '../../src/model/failure.ts';
import { startDeafListener } from '../support/deaf_listener.ts';
import { type LdapServer, person, startLdap } from '../support/ldap_server.ts';
import { connectionTo } from './ldap_under_test.ts';

const NOBODY = 'ldap://127.0.0.1:1';

let first: LdapServer;
let second: LdapServer;
beforeAll(async () => {
  const people = person('alice', 'wonderland');
  [first, second] = await Promise.all([startLdap(people), startLdap(people)]);
});
afterAll(() => Promise.all([first.stop(), second.stop()]));
beforeEach(async () => {
  first.resume();
  await Promise.all([first, second].map((server) => server.restart()));
});

const both = (options: Readonly<Record<string, unknown>> = {}) =>
  connectionTo('', { urls: [first.url, second.url], ...options });

describe('several servers', () => {
  it('are asked in order until one answers, and then that one first', async () => {
    const { connection, reports } = connectionTo('', { urls: [NOBODY, first.url] });
    expect(await connection.signIn('alice', 'wonderland')).toMatchObject({ ok: true });
    expect(reports).toEqual([
      ['ldap_server_failed', { server: NOBODY, reason: 'ldap is unavailable: no connection (ECONNREFUSED)' }],
    ]);
    expect(await connection.signIn('alice', 'wonderland')).toMatchObject({ ok: true });
    expect(reports).toHaveLength(1);
  });

  it('stand in for one that is killed between two sign-ins, and for the other after that', async () => {
    const { connection } = both();
    expect(await connection.signIn('alice', 'wonderland')).toMatchObject({ ok: true });
    await first.kill();
    expect(await connection.signIn('alice', 'wonderland')).toMatchObject({ ok: true });
    expect(await connection.signIn('alice', 'wrong')).toEqual({ ok: false });
    await first.restart();
    await second.kill();
    expect(await connection.signIn('alice', 'wonderland')).toMatchObject({ ok: true });
  });

  it('stand in for one that takes connections and answers nothing', async () => {
    const { connection, reports } = both({ operation_timeout: '1s' });
    expect(await connection.signIn('alice', 'wonderland')).toMatchObject({ ok: true });
    first.pause();
    expect(await connection.signIn('alice', 'wonderland')).toMatchObject({ ok: true });
    expect(reports).toEqual([['ldap_server_failed', expect.objectContaining({ server: first.url })]]);
    // The next one does not wait for it again.
    expect(await connection.signIn('alice', 'wonderland')).toMatchObject({ ok: true });
    expect(reports).toHaveLength(1);
  });

  it('stand in for one that cannot be connected to, within the time for connecting', async () => {
    const deaf = await startDeafListener();
    try {
      const urls = [deaf.origin.replace('http:', 'ldap:'), first.url];
      const { connection } = connectionTo('', { urls, connect_timeout: '500ms' });
      const start = performance.now();
      expect(await connection.signIn('alice', 'wonderland')).toMatchObject({ ok: true });
      expect(performance.now() - start).toBeLessThan(4_000);
    } finally {
      await deaf.close();
    }
  });

  it('are away when all of them are, within the time for a sign-in', async () => {
    const { connection } = both({ operation_timeout: '300ms', timeout: '500ms', pool: { size: 1 } });
    first.pause();
    await second.kill();
    const start = performance.now();
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => connection.signIn('alice', 'x')));
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.constructor)).toEqual(
      outcomes.map(() => DependencyUnavailable),
    );
    expect(performance.now() - start).toBeLessThan(3_000);
  });

  it('have an answer to a wrong password, which the next one is not asked about', async () => {
    const { connection } = both();
    const asked = () => second.log().split('uid=alice').length;
    const before = asked();
    expect(await connection.signIn('alice', 'wrong')).toEqual({ ok: false });
    expect(asked()).toBe(before);
  });

  it('are away for who a user is now, too: what was read a minute ago serves, then nothing is said', async () => {
    const { connection, clock } = connectionTo(first.url);
    const outcome = await connection.signIn('alice', 'wonderland');
    if (!outcome.ok) throw new Error('refused');
    await first.kill();
    clock.advance(59_000);
    expect(await connection.current?.(outcome.identity)).toEqual(outcome.identity);
    clock.advance(1_000);
    await expect(connection.current?.(outcome.identity)).rejects.toThrow(DependencyUnavailable);
  });
});
