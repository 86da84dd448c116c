import { beforeEach, describe, expect, it } from 'vitest';
import { alice, app, basic, type Core, startCore } from '../oauth/core_under_test.ts';

// Threat: the answer, or the time it takes, tells which users and clients exist. Time is compared as work: the same number of argon2
// evaluations, with the same parameters, whoever is asked for.

let core: Core;
beforeEach(async () => {
  core = await startCore();
  await core.users.add({ ...alice, id: 'u-dodo', username: 'dodo', disabled: true });
});

async function tried(username: string, password: string) {
  const before = core.passwords.count;
  const answer = await core.token({ grant_type: 'password', username, password });
  return { answer, evaluations: core.passwords.count - before };
}

describe('unknown, disabled and wrong are one', () => {
  it('by answer and by work', async () => {
    const wrong = await tried('alice', 'looking-glass');
    expect(wrong.evaluations).toBe(1);
    for (const [username, password] of [
      ['nobody', 'looking-glass'],
      ['dodo', 'wonderland'],
      ['__proto__', 'wonderland'],
      ['a'.repeat(10_000), 'wonderland'],
    ] as const) {
      expect(await tried(username, password)).toEqual(wrong);
    }
  });

  it('the hash of nobody costs what a real one costs', async () => {
    const stored: string[] = [];
    const real = core.passwords.verify.bind(core.passwords);
    core.passwords.verify = (hash, password) => {
      stored.push(hash);
      return real(hash, password);
    };
    await tried('alice', 'x');
    await tried('nobody', 'x');
    const parameters = stored.map((hash) => hash.split('$').slice(0, 4).join('$'));
    expect(parameters).toEqual(['$argon2id$v=19$m=19456,t=2,p=1', '$argon2id$v=19$m=19456,t=2,p=1']);
    expect(stored.map((hash) => hash.length)).toEqual([alice.passwordHash.length, alice.passwordHash.length]);
  });

  it.each([
    ['longer than 1,024 bytes', 'é'.repeat(513)],
    ['with a NUL', 'wonderland\0'],
  ])('a password %s is answered like any other', async (_case, password) => {
    expect((await tried('alice', password)).answer).toEqual((await tried('nobody', password)).answer);
  });
});

describe('clients', () => {
  it('a disabled one is answered like an unknown one', async () => {
    const disabled = await startCore({ clients: [{ ...app, disabled: true }] });
    const form = { grant_type: 'client_credentials' };
    expect(await disabled.token(form)).toEqual(await disabled.token(form, basic('nobody', 'app-secret')));
  });
});
