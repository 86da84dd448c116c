import { beforeEach, describe, expect, it } from 'vitest';
import { alice, app, basic, type Core, firstPair, startCore } from '../oauth/core_under_test.ts';

// Threat: a refresh token is copied from a device or a backup. Rotation makes the copy show itself: as soon as both have been used,
// everything ends. Honest clients lose answers on bad networks and must not be punished for asking again at once.

let core: Core;
beforeEach(async () => {
  core = await startCore();
});

const refresh = (refresh_token: string, authorization = basic('app', 'app-secret'), more = {}) =>
  core.token({ grant_type: 'refresh_token', refresh_token, ...more }, authorization);
const isActive = async (token: unknown) => (await core.introspect({ token: String(token) })).body['active'];
const pairOf = ({ body }: Awaited<ReturnType<typeof refresh>>) => [body['access_token'], body['refresh_token']];

describe('inside the grace window', () => {
  it('gives the very same pair again, with the time that is left', async () => {
    const { refresh: token } = await firstPair(core);
    const first = await refresh(token);
    core.clock.advance(9_000);
    const again = await refresh(token);
    expect(pairOf(again)).toEqual(pairOf(first));
    expect(again.body['expires_in']).toBe(3591);
    expect(await isActive(again.body['access_token'])).toBe(true);
  });

  it('gives all of 10 at once the same pair, and one refresh token lives', async () => {
    const { refresh: token } = await firstPair(core);
    const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(token)));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(new Set(answers.map((answer) => pairOf(answer).join())).size).toBe(1);
    expect(await isActive(token)).toBe(false);
    expect((await refresh(String(answers[0]?.body['refresh_token']))).status).toBe(200);
  });

  it('gives another client nothing, and ends nothing', async () => {
    const { refresh: token } = await firstPair(core);
    const first = await refresh(token);
    expect((await refresh(token, basic('other', 'app-secret'))).body['error']).toBe('invalid_grant');
    expect(await isActive(first.body['access_token'])).toBe(true);
  });

  it('does not widen what a retry asks for', async () => {
    const { refresh: token } = await firstPair(core);
    await refresh(token);
    expect((await refresh(token, undefined, { scope: 'read' })).body['error']).toBe('invalid_scope');
  });
});

describe('reuse', () => {
  it('after the window ends the family', async () => {
    const { access, refresh: token } = await firstPair(core);
    const first = await refresh(token);
    core.clock.advance(10_000);
    expect((await refresh(token)).body['error']).toBe('invalid_grant');
    expect([await isActive(access), ...(await Promise.all(pairOf(first).map(isActive)))]).toEqual([
      false,
      false,
      false,
    ]);
  });

  it('of an older generation ends the family at once, window or not', async () => {
    const { refresh: token } = await firstPair(core);
    const first = await refresh(token);
    const second = await refresh(String(first.body['refresh_token']));
    expect((await refresh(token)).body['error']).toBe('invalid_grant');
    expect(await isActive(second.body['access_token'])).toBe(false);
    expect((await refresh(String(second.body['refresh_token']))).body['error']).toBe('invalid_grant');
  });

  it('is found after more rotations than the family lists', async () => {
    const { refresh: oldest } = await firstPair(core);
    let token = oldest;
    for (let count = 0; count < 20; count++) token = String((await refresh(token)).body['refresh_token']);
    expect((await refresh(oldest)).body['error']).toBe('invalid_grant');
    expect((await refresh(token)).body['error']).toBe('invalid_grant');
  });

  it('of the old token at the same time as the live one leaves at most one living pair', async () => {
    const { refresh: token } = await firstPair(core);
    const live = String((await refresh(token)).body['refresh_token']);
    core.clock.advance(10_000);
    await Promise.all([refresh(token), refresh(live)]);
    expect((await refresh(live)).body['error']).toBe('invalid_grant');
  });
});

describe('a refresh is not a sign-in', () => {
  it('ends for a user who was removed, and takes the access tokens along', async () => {
    const { access, refresh: token } = await firstPair(core);
    await core.users.remove('u-alice');
    expect((await refresh(token)).body['error']).toBe('invalid_grant');
    expect(await isActive(access)).toBe(false);
  });

  it('ends for a user who was disabled', async () => {
    const { refresh: token } = await firstPair(core);
    await core.documents.put('user', 'u-alice', { ...alice, disabled: true });
    expect((await refresh(token)).body['error']).toBe('invalid_grant');
  });

  it('carries what the user is by now', async () => {
    const { refresh: token } = await firstPair(core);
    await core.documents.put('user', 'u-alice', { ...alice, username: 'alice.hargreaves' });
    const { body } = await refresh(token);
    expect((await core.introspect({ token: String(body['access_token']) })).body['username']).toBe('alice.hargreaves');
  });

  it('gives no scope that the client has lost', async () => {
    const { client, secret } = await core.clients.add({ ...app, id: 'stored', name: 'Stored' });
    const authorization = basic('stored', secret ?? '');
    const form = { grant_type: 'password', username: 'alice', password: 'wonderland' };
    const first = await core.token(form, authorization);
    await core.documents.put('client', 'stored', { ...client, scopes: ['read'] });
    expect((await refresh(String(first.body['refresh_token']), authorization)).body['scope']).toBe('read');
  });
});

it('ends when it has not been used for the refresh time, and each rotation starts that time anew', async () => {
  const { refresh: token } = await firstPair(core);
  core.clock.advance(29 * 86_400_000);
  const next = String((await refresh(token)).body['refresh_token']);
  core.clock.advance(29 * 86_400_000);
  const last = String((await refresh(next)).body['refresh_token']);
  core.clock.advance(30 * 86_400_000);
  expect((await refresh(last)).body['error']).toBe('invalid_grant');
});
