import { describe, expect, it } from 'vitest';
import type { PasswordConnection } from '../../src/connections/connection.ts';
import type { Identity } from '../../src/model/token.ts';

/** A connection with one user who may sign in and one who is disabled, made anew for each test. */
export interface PasswordConnectionUnderTest {
  readonly connection: PasswordConnection;
  readonly username: string;
  readonly password: string;
  readonly disabled: { readonly username: string; readonly password: string };
  /** Disables the first user, and lets whatever may be remembered of them grow old. */
  disable(): Promise<void>;
}

const HOSTILE = [
  '',
  ' ',
  '*',
  'a*)(uid=*',
  "' OR '1'='1",
  '../admin',
  '__proto__',
  'constructor',
  '\0',
  'x'.repeat(10_000),
];
const NO_PASSWORDS = ['', ' ', '\t\n', '\0', 'x'.repeat(2_000)];

/** What every connection of kind `password` promises, whoever proves its users. */
export function passwordConnectionContract(name: string, open: () => Promise<PasswordConnectionUnderTest>): void {
  describe(`the password connection ${name}`, () => {
    async function signedIn(it: PasswordConnectionUnderTest): Promise<Identity> {
      const outcome = await it.connection.signIn(it.username, it.password);
      if (!outcome.ok) throw new Error('the right password was refused');
      return outcome.identity;
    }

    it('says who signed in, and the same each time', async () => {
      const it = await open();
      const identity = await signedIn(it);
      expect(identity).toMatchObject({ connection: it.connection.name, roles: expect.any(Array) });
      expect(identity.subject).not.toBe('');
      expect(await signedIn(it)).toEqual(identity);
      expect(await it.connection.signIn(it.username.toUpperCase(), it.password)).toEqual({ ok: true, identity });
    });

    it('says the same of a wrong password, an unknown user and a disabled one: nothing but no', async () => {
      const { connection, username, password, disabled } = await open();
      for (const [who, secret] of [
        [username, `${password}x`],
        [username, disabled.password],
        ['nobody', password],
        [disabled.username, disabled.password],
        [disabled.username, 'wrong'],
      ] as const) {
        expect(await connection.signIn(who, secret)).toEqual({ ok: false });
      }
    });

    it('refuses what is no name or no password, and does not break', async () => {
      const { connection, username, password } = await open();
      for (const text of HOSTILE) expect(await connection.signIn(text, password)).toEqual({ ok: false });
      for (const text of NO_PASSWORDS) expect(await connection.signIn(username, text)).toEqual({ ok: false });
      expect(await connection.signIn(username, `${password}\0`)).toEqual({ ok: false });
      expect(await connection.signIn(`${username}\0`, password)).toEqual({ ok: false });
    });

    it('keeps sign-ins apart that come at once', async () => {
      const { connection, username, password } = await open();
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, count) => connection.signIn(username, count % 2 === 0 ? password : 'wrong')),
      );
      expect(outcomes.map(({ ok }) => ok)).toEqual(outcomes.map((_, count) => count % 2 === 0));
    });

    it('knows who may still be served', async () => {
      const it = await open();
      const { current } = it.connection;
      if (!current) return;
      const identity = await signedIn(it);
      expect(await current(identity)).toEqual(identity);
      expect(await current({ ...identity, subject: 'somebody-else' })).toBeUndefined();
      expect(await current({ ...identity, subject: '' })).toBeUndefined();
      await it.disable();
      expect(await current(identity)).toBeUndefined();
      expect(await it.connection.signIn(it.username, it.password)).toEqual({ ok: false });
    });
  });
}
