import { describe, expect, it } from 'vitest';
import { betterHash, hashPassword, isPasswordHash, verifyPassword } from '../../src/connections/password_hash.ts';
import { CorruptRecord } from '../../src/model/failure.ts';
import { alice, type Core, startCore } from '../oauth/core_under_test.ts';

// From other implementations: crypt_blowfish's tests, libxcrypt, the documentation of passlib.
const BCRYPT = '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW';
const BCRYPT_PHP = '$2y$07$BCryptRequires22Chrcte/VlQH0piJtjXl.0t1XkA8pw9dMXTpOq';
const SCRYPT = '$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E';
const IMPORTED = [
  ['bcrypt', BCRYPT, 'U*U'],
  ['bcrypt of PHP', BCRYPT_PHP, 'rasmuslerdorf'],
  ['scrypt', SCRYPT, 'password'],
] as const;

describe.each(IMPORTED)('a hash by %s', (_from, hash, password) => {
  it('is known, and matches its password only', async () => {
    expect(isPasswordHash(hash)).toBe(true);
    expect(await verifyPassword(hash, password)).toBe(true);
    for (const wrong of [`${password}x`, password.toLowerCase().toUpperCase().slice(1), '', `${password}\0`]) {
      expect(await verifyPassword(hash, wrong)).toBe(false);
    }
  });

  it('gives way to argon2id', async () => {
    const better = await betterHash(hash, password);
    expect(better).toMatch(/^\$argon2id\$/);
    expect(await verifyPassword(better ?? '', password)).toBe(true);
    expect(await betterHash(better ?? '', password)).toBeUndefined();
  });
});

describe('isPasswordHash', () => {
  it.each([
    ['bcrypt that is too dear', BCRYPT.replace('$05$', '$15$')],
    ['bcrypt that is none', BCRYPT.replace('$05$', '$03$')],
    ['bcrypt of the broken kind', BCRYPT.replace('$2a$', '$2x$')],
    ['bcrypt with a character too many', `${BCRYPT}W`],
    ['bcrypt cut off', BCRYPT.slice(0, -1)],
    ['bcrypt with a line end', `${BCRYPT}\n`],
    ['scrypt of 512 MiB', SCRYPT.replace('ln=16', 'ln=19')],
    ['scrypt of 64 MiB, nine times', SCRYPT.replace('p=1', 'p=9')],
    ['scrypt with a leading zero', SCRYPT.replace('ln=16', 'ln=016')],
    ['scrypt without blocks', SCRYPT.replace('r=8', 'r=0')],
    ['scrypt with padding', `${SCRYPT}=`],
    ['another algorithm', '$6$rounds=5000$usesomesillystri$D4IrlXatmP7rx3P3InaxBeoomnAihCKRVQAr/36eYFJx0'],
    ['a password', 'wonderland'],
  ])('refuses %s', async (_case, text) => {
    expect(isPasswordHash(text)).toBe(false);
    await expect(verifyPassword(text, 'password')).rejects.toThrow(CorruptRecord);
  });
});

describe('a password that bcrypt does not read to its end', () => {
  it('signs in as it did before, and keeps the hash: the rest of it is not proved', async () => {
    const { hash } = await import('bcryptjs');
    const long = 'x'.repeat(80);
    const imported = await hash(long, 4);
    expect(await verifyPassword(imported, `${long.slice(0, 72)}else`)).toBe(true);
    expect(await betterHash(imported, long)).toBeUndefined();
  });
});

describe('signing in with an imported hash', () => {
  const ALICE = { ...alice, passwordHash: SCRYPT };
  const signIn = (core: Core, password: string) => core.token({ grant_type: 'password', username: 'alice', password });
  const stored = async (core: Core) => (await core.users.find('u-alice'))?.passwordHash;

  async function withAlice(): Promise<Core> {
    const core = await startCore({ users: [] });
    await core.users.add(ALICE);
    return core;
  }

  it('puts argon2id in its place at the first success, and not before', async () => {
    const core = await withAlice();
    expect((await signIn(core, 'wrong')).status).toBe(400);
    expect(await stored(core)).toBe(SCRYPT);
    expect((await signIn(core, 'password')).status).toBe(200);
    const upgraded = await stored(core);
    expect(upgraded).toMatch(/^\$argon2id\$/);
    expect((await signIn(core, 'wrong')).status).toBe(400);
    expect((await signIn(core, 'password')).status).toBe(200);
    expect(await stored(core)).toBe(upgraded);
  });

  it('does not for a disabled user', async () => {
    const core = await startCore({ users: [] });
    await core.users.add({ ...ALICE, disabled: true });
    expect((await signIn(core, 'password')).status).toBe(400);
    expect(await stored(core)).toBe(SCRYPT);
  });

  it('leaves users of the configuration as they are written', async () => {
    const core = await startCore({ users: [ALICE] });
    expect((await signIn(core, 'password')).status).toBe(200);
    expect(await stored(core)).toBe(SCRYPT);
  });

  it('overwrites no hash that was changed meanwhile, and brings nobody back', async () => {
    const core = await withAlice();
    const changed = await hashPassword('new');
    await core.documents.put('user', 'u-alice', { ...ALICE, passwordHash: changed });
    expect(await core.users.setPasswordHash('u-alice', await hashPassword('password'), SCRYPT)).toBe(false);
    expect(await stored(core)).toBe(changed);
    await core.users.remove('u-alice');
    expect(await core.users.setPasswordHash('u-alice', await hashPassword('password'), changed)).toBe(false);
    expect(await core.documents.get('user', 'u-alice')).toBeUndefined();
  });

  it('succeeds when the better hash cannot be kept', async () => {
    const core = await withAlice();
    const put = core.documents.put.bind(core.documents);
    core.documents.put = (kind, ...rest) =>
      kind === 'user' ? Promise.reject(new Error('disk full')) : put(kind, ...rest);
    expect((await signIn(core, 'password')).status).toBe(200);
    expect(await stored(core)).toBe(SCRYPT);
  });
});
