import { describe, expect, it } from 'vitest';
import type { Connection, OneTimeCodeConnection, PasswordConnection } from '../../src/connections/connection.ts';
import { DependencyUnavailable } from '../../src/model/failure.ts';
import type { Identity } from '../../src/model/token.ts';

/** What every connection promises, whatever proves its users. */

/** A connection in which alice is, and what she proves herself with. Started and stopped by the test of the connection. */
export interface PasswordConnectionUnderTest {
  readonly connection: PasswordConnection;
  readonly username: string;
  readonly password: string;
  /** Takes the server away that it asks; absent for connections that ask none. */
  readonly away?: { stop(): Promise<unknown>; start(): Promise<unknown> } | undefined;
}

export function passwordConnectionContract(under: () => PasswordConnectionUnderTest): void {
  describe('password connection contract', () => {
    it('says who signed in, by a subject that stays the same', async () => {
      const { connection, username, password } = under();
      const [first, second] = [
        await connection.signIn(username, password),
        await connection.signIn(username, password),
      ];
      expect(first).toMatchObject({ ok: true, identity: { connection: connection.name } });
      expect(second).toEqual(first);
      if (first.ok) expectIdentity(first.identity, connection);
    });

    it.each([
      ['a wrong password', (it: PasswordConnectionUnderTest) => [it.username, `${it.password}x`]],
      ['no password', (it: PasswordConnectionUnderTest) => [it.username, '']],
      ['a password of spaces', (it: PasswordConnectionUnderTest) => [it.username, '  ']],
      ['a password of NUL', (it: PasswordConnectionUnderTest) => [it.username, '\0']],
      ['a password that ends with NUL', (it: PasswordConnectionUnderTest) => [it.username, `${it.password}\0`]],
      ['a very long password', (it: PasswordConnectionUnderTest) => [it.username, 'x'.repeat(100_000)]],
      ['an unknown name', (it: PasswordConnectionUnderTest) => ['nobody', it.password]],
      ['no name', (it: PasswordConnectionUnderTest) => ['', it.password]],
      ['a wildcard', (it: PasswordConnectionUnderTest) => ['*', it.password]],
      ['a very long name', (it: PasswordConnectionUnderTest) => ['x'.repeat(100_000), it.password]],
    ] as const)('refuses %s, and in one way only', async (_title, credentials) => {
      const it = under();
      const [username = '', password = ''] = credentials(it);
      expect(await it.connection.signIn(username, password)).toEqual({ ok: false });
    });

    it('knows its users of before, and nobody else', async () => {
      const { connection, username, password } = under();
      const outcome = await connection.signIn(username, password);
      if (!outcome.ok || !connection.current) return;
      expect(await connection.current(outcome.identity)).toEqual(outcome.identity);
      const stranger = { ...outcome.identity, subject: `${connection.name}|nobody`, username: 'nobody' };
      expect(await connection.current(stranger)).toBeUndefined();
    });

    it('does not take a server that is away for a wrong password, and finds it again', async () => {
      const { connection, username, password, away } = under();
      if (!away) return;
      await away.stop();
      await expect(connection.signIn(username, password)).rejects.toThrow(DependencyUnavailable);
      await away.start();
      await expect
        .poll(async () => (await connection.signIn(username, password).catch(() => undefined))?.ok, { timeout: 5_000 })
        .toBe(true);
    });
  });
}

export interface CodeConnectionUnderTest {
  readonly connection: OneTimeCodeConnection;
  /** Alice's number or address in its canonical spelling, others that are the same, and what is none. */
  readonly recipient: string;
  readonly spellings: readonly string[];
  readonly none: readonly string[];
  /** A recipient that nobody has. */
  readonly unknown: string;
  /** The messages that arrived so far, as text. */
  readonly messages: () => readonly string[];
  /** Makes the provider answer no more, or refuse; absent for the console. */
  readonly break?:
    | readonly { readonly how: string; readonly begin: () => unknown; readonly end: () => unknown }[]
    | undefined;
}

export function codeConnectionContract(under: () => CodeConnectionUnderTest): void {
  describe('one-time code connection contract', () => {
    it('knows one spelling of each recipient', () => {
      const { connection, recipient, spellings } = under();
      for (const spelling of [recipient, ...spellings]) expect(connection.canonical(spelling)).toBe(recipient);
    });

    it('refuses what is no recipient, or several, or more than one', () => {
      const { connection, none } = under();
      for (const text of ['', ' ', '\0', 'x'.repeat(100_000), ...none])
        expect(connection.canonical(text), text).toBeUndefined();
    });

    it('says who has a recipient, and that nobody has another', async () => {
      const { connection, recipient, unknown } = under();
      const identity = await connection.identify(recipient);
      expect(identity).toMatchObject({ connection: connection.name });
      if (identity) expectIdentity(identity, connection);
      if (identity) expect(await connection.current?.(identity)).toEqual(identity);
      expect(await connection.identify(unknown)).toBeUndefined();
    });

    it('delivers the code to the recipient', async () => {
      const { connection, recipient, messages } = under();
      const before = messages().length;
      await connection.deliver(recipient, '012345');
      expect(messages()).toHaveLength(before + 1);
      expect(messages().at(-1)).toContain('012345');
      expect(messages().at(-1)).toContain(recipient);
    });

    it('says so when the provider does not take it, in a text without code or recipient', async () => {
      const { connection, recipient, break: ways = [] } = under();
      for (const { how, begin, end } of ways) {
        await begin();
        const error: unknown = await connection.deliver(recipient, '012345').catch((it: unknown) => it);
        await end();
        expect(error, how).toBeInstanceOf(DependencyUnavailable);
        expect(String(error)).not.toMatch(/012345|15550100|alice/);
      }
      await connection.deliver(recipient, '543210');
    });
  });
}

function expectIdentity(identity: Identity, { name }: Connection): void {
  expect(identity.subject).toMatch(/^[\x21-\x7e]{1,256}$/);
  expect(identity.connection).toBe(name);
  expect(identity.username).not.toBe('');
}
