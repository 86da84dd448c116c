import { describe, expect, it } from 'vitest';
import type { Connection, OneTimeCodeConnection } from '../../src/connections/connection.ts';
import { DependencyUnavailable } from '../../src/model/failure.ts';
import type { Identity } from '../../src/model/token.ts';

/** What every connection that sends one-time codes promises, whatever carries them. */

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
