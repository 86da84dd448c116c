/**
 * Threat: whoever finds a signed-in browser guesses the current password in the form that changes it. What must hold: these guesses
 * are counted together with all others against the account, and then even the right one is not looked at.
 */
import { expect, it, onTestFinished } from 'vitest';
import { startAccount } from '../account/account_under_test.ts';

const NEXT = 'of the attacker now';

it('the form that changes the password evaluates ten guesses and no more', async () => {
  const account = await startAccount();
  onTestFinished(() => account.edge.drain());
  const client = await account.signedIn();
  const page = await client.get('/account/password');
  const before = account.edge.core.passwords.count;
  const guess = (current: string) =>
    client.submit(page, '/account/password', { current, next: NEXT, repeated: NEXT, others: 'yes' });

  const answers = await Promise.all(Array.from({ length: 30 }, (_, at) => guess(`guess number ${at}`)));
  expect(account.edge.core.passwords.count - before).toBe(10);
  expect(answers.filter(({ status }) => status === 422)).toHaveLength(10);
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(20);

  const right = await guess('wonderland');
  expect(right.status).toBe(429);
  expect(right.headers.get('retry-after')).toMatch(/^\d+$/);
  expect(right.text).toContain('role="alert"');
  expect(right.text).not.toContain(NEXT);
  // Nor by another way in.
  const elsewhere = account.browser();
  const asked = await elsewhere.get('/account');
  const signed = await elsewhere.submit(asked, '/account/sign-in', { username: 'alice', password: 'wonderland' });
  expect(signed.status).toBe(429);
});

it('what is wrong without looking at the password uses up no attempt', async () => {
  const account = await startAccount();
  onTestFinished(() => account.edge.drain());
  const client = await account.signedIn();
  const page = await client.get('/account/password');
  const before = account.edge.core.passwords.count;
  for (let round = 0; round < 15; round++) {
    await client.submit(page, '/account/password', { current: 'wonderland', next: 'short', repeated: 'short' });
  }
  expect(account.edge.core.passwords.count).toBe(before);
  const changed = await client.submit(page, '/account/password', { current: 'wonderland', next: NEXT, repeated: NEXT });
  expect(changed.status).toBe(303);
});
