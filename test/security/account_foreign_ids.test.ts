/**
 * Threat: a user edits the hidden fields of a form to name what is another user's (IDOR). What must hold: whatever a form names is
 * looked for among what the signed-in user has, and the answer does not tell whether it is anybody else's.
 */
import { describe, expect, it, onTestFinished } from 'vitest';
import { refOf } from '../../src/tokens/format.ts';
import { bob, hidden, startAccount } from '../account/account_under_test.ts';

it('nobody ends what is somebody else’s', async () => {
  const account = await startAccount();
  onTestFinished(() => account.edge.drain());
  const { core } = account.edge;
  const victim = await account.signedIn('bob', { 'user-agent': 'Firefox/150' });
  const grant = await account.grant(bob, { device: 'phone' });
  await core.consents.remember('u-bob', 'app', ['read']);
  const form = await victim.get('/account/tokens/new');
  const wish = { name: 'backup', scope: 'read', lifetime: String(7 * 86_400) };
  const made = await victim.submit(form, '/account/tokens/new', wish);
  const personal = /gha_[\w-]{40}/.exec(made.text)?.[0] ?? '';

  const [sessions, tokens] = [await victim.get('/account/sessions'), await victim.get('/account/tokens')];
  const ids = {
    session: hidden(sessions, 'session', 'This browser'),
    grant: hidden(sessions, 'grant', '<bdi>phone</bdi>'),
    token: hidden(tokens, 'token', '<bdi>backup</bdi>'),
  };

  const attacker = await account.signedIn('alice');
  const { csrf = '' } = (await attacker.get('/account')).form('/account/sign-out') ?? {};
  const before = account.events.length;
  const tries: readonly (readonly [string, Record<string, string>])[] = [
    ['/account/sessions/end', { session: ids.session }],
    ['/account/devices/end', { grant: ids.grant }],
    ['/account/devices/end', { device: 'phone' }],
    ['/account/devices/end', { grant: ids.token }],
    ['/account/tokens/revoke', { token: ids.token }],
    ['/account/tokens/revoke', { token: ids.grant }],
    ['/account/applications/remove', { client: 'app' }],
    ['/account/applications/remove', { client: 'personal-access-token' }],
    ['/account/sign-out-everywhere', { tokens: 'yes', subject: 'u-bob', user: 'bob' }],
  ];
  for (const [path, fields] of tries) {
    const mine = path.endsWith('everywhere') ? await account.signedIn('alice') : attacker;
    const token = (await mine.get('/account')).form('/account/sign-out')?.['csrf'] ?? csrf;
    const answer = await mine.post(path, { ...fields, csrf: token });
    expect(answer.status).toBe(303);
    // What does not exist is answered in the same way.
    if (!path.endsWith('everywhere')) {
      const nothing = Object.fromEntries(Object.keys(fields).map((name) => [name, 'no-such-thing']));
      expect((await mine.post(path, { ...nothing, csrf: token })).location).toBe(answer.location);
    }
  }
  expect(account.events.slice(before).map(({ action }) => action)).toEqual(['account.sign_out_everywhere']);
  expect((await victim.get('/account')).text).toContain('Hello, <bdi>Bob Builder</bdi>');
  for (const token of [grant, personal]) {
    const ref = refOf(token);
    expect(ref && (await core.store.get('access', ref))).toBeDefined();
  }
  expect(await core.consents.covers('u-bob', 'app', ['read'])).toBe(true);
});

describe('a personal token', () => {
  it('cannot be taken away as if it were an app’s or a device’s, only as what it is', async () => {
    const account = await startAccount();
    onTestFinished(() => account.edge.drain());
    const token = await account.grant(bob, { client: 'personal-access-token', device: 'backup' });
    const client = await account.signedIn('bob');
    const { csrf = '' } = (await client.get('/account')).form('/account/sign-out') ?? {};
    const list = await client.get('/account/tokens');
    const id = hidden(list, 'token', '<bdi>backup</bdi>');
    await client.post('/account/devices/end', { csrf, grant: id });
    await client.post('/account/devices/end', { csrf, device: 'backup' });
    await client.post('/account/applications/remove', { csrf, client: 'personal-access-token' });
    const ref = refOf(token);
    expect(ref && (await account.edge.core.store.get('access', ref))).toBeDefined();
  });
});
