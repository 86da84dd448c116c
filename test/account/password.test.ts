import { describe, expect, it, onTestFinished } from 'vitest';
import { createPasswordVerifier } from '../../src/connections/password_hash.ts';
import { objectionTo } from '../../src/model/password_rules.ts';
import { refOf } from '../../src/tokens/format.ts';
import { alice } from '../oauth/core_under_test.ts';
import { type AccountOptions, signIn, startAccount } from './account_under_test.ts';

async function start(options: AccountOptions = {}) {
  const account = await startAccount({ passwords: createPasswordVerifier(), ...options });
  onTestFinished(() => account.edge.drain());
  return account;
}

const NEXT = 'seven brown teapots';
const form = (change: Record<string, string> = {}) => ({
  current: 'wonderland',
  next: NEXT,
  repeated: NEXT,
  ...change,
});

describe('changing the password', () => {
  it('takes the current one and a new one, and ends all else', async () => {
    const account = await start();
    const [client, other] = [await account.signedIn(), await account.signedIn()];
    const [app, personal] = [
      await account.grant(alice),
      await account.grant(alice, { client: 'personal-access-token', device: 'backup' }),
    ];
    const changed = await client.submit(await client.get('/account/password'), '/account/password', {
      ...form(),
      others: 'yes',
    });
    expect((await client.get(changed.location)).text).toContain('Your password is changed.');
    expect((await other.get('/account')).text).toContain('name="password"');
    const worth = (token: string) => account.edge.core.store.get('access', refOf(token) ?? raise());
    expect(await worth(app)).toBeUndefined();
    expect(await worth(personal)).toBeDefined();
    expect((await signIn(account.browser(), 'alice')).status).toBe(422);
    expect((await signIn(account.browser(), 'alice', '/account', NEXT)).status).toBe(200);
    expect(account.events).toContainEqual(
      expect.objectContaining({
        action: 'account.change_password',
        outcome: 'done',
        detail: { others: true, revoke: false },
      }),
    );
    expect(JSON.stringify(account.events)).not.toMatch(/wonderland|teapots/);
  });

  it('leaves all else alone when the box is not ticked', async () => {
    const account = await start();
    const [client, other] = [await account.signedIn(), await account.signedIn()];
    const page = await client.get('/account/password');
    expect(page.text).toMatch(/name="others" value="yes" checked/);
    expect((await client.submit(page, '/account/password', form())).status).toBe(303);
    expect((await other.get('/account')).text).toContain('Hello');
  });

  it.each([
    ['a wrong current one', { current: 'wonderlanD' }, 'current'],
    ['no current one', { current: '' }, 'current'],
    ['a short one', { next: 'short', repeated: 'short' }, 'next'],
    ['the same one', { next: 'wonderland', repeated: 'wonderland' }, 'next'],
    ['two that differ', { repeated: `${NEXT}!` }, 'repeated'],
  ])('is refused for %s, beside the field, and no password comes back', async (_what, change, field) => {
    const account = await start();
    const client = await account.signedIn();
    const page = await client.submit(await client.get('/account/password'), '/account/password', form(change));
    expect(page.status).toBe(422);
    expect(page.text).toContain(`id="${field}-problem"`);
    expect(page.text).not.toContain('teapots');
    expect(page.text).not.toMatch(/type="password"[^>]*value=/);
    expect((await signIn(account.browser(), 'alice')).status).toBe(200);
  });

  it.each([
    ['configuration', 'is in the configuration file'],
    ['connection', 'which keeps your password'],
  ] as const)('is elsewhere for users of the %s, and says so', async (placeOf, words) => {
    const account = await start({ placeOf });
    const client = await account.signedIn();
    const page = await client.get('/account/password');
    expect(page.text).toContain(words);
    expect(page.text).not.toContain('name="next"');
    const { csrf = '' } = page.form('/account/sign-out') ?? {};
    const forced = await client.post('/account/password', { ...form(), csrf });
    expect(forced.status).toBe(422);
    expect((await signIn(account.browser(), 'alice')).status).toBe(200);
  });
});

describe('a new password', () => {
  const user = { username: 'alice.liddell', name: 'Alice Liddell', email: 'alice@example.com' };

  it.each([
    ...['', 'teapots', 'ninechars', 'é'.repeat(9)],
    ...[
      'password12',
      'Password123!',
      'P@ssw0rd2026',
      'qwertyuiop',
      '1234567890',
      '0987654321',
      'abcdefghijkl',
      'aaaaaaaaaaaa',
    ],
    ...['looking-glass', 'wonderland1', 'letmein2026!', 'iloveyou99', '1q2w3e4r5t', 'abababababab', 'Gatehouse2026'],
    ...['alice.liddell', 'AliceLiddell1', 'alice@example.com', '1alice.liddell!'],
    ...['x'.repeat(1025), '🫖'.repeat(257), 'two\nlines of text', 'nul\0character'],
  ])('is not %j', (password) => {
    expect(objectionTo(password, user)).toMatch(/\.$/);
  });

  it.each([
    'seven brown teapots',
    'korrekt häst',
    'kWq8#mPz2x',
    '9183746502',
    'дом у самой реки',
    '正しい馬の電池のホチキス',
    'x1x1x1 y2z3',
  ])('may be %j', (password) => {
    expect(objectionTo(password, user)).toBeUndefined();
  });
});

function raise(): never {
  throw new Error('no token');
}
