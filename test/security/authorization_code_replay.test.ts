import { beforeEach, describe, expect, it } from 'vitest';
import { basic, CALLBACK, type Core, getCode, newPkce, request, startCore } from '../oauth/core_under_test.ts';

// Threat: a code passes through the browser, its history, proxies and logs. Whoever reads it there tries to redeem it: later, at the
// same time, from another client, or with a few guesses at what is missing.

let core: Core;
const pkce = newPkce();
beforeEach(async () => {
  core = await startCore();
});

async function freshForm() {
  const { code } = await getCode(core, request(pkce.query));
  return { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: pkce.verifier };
}

const isActive = async (token: unknown) => (await core.introspect({ token: String(token) })).body['active'];

describe('a code is redeemed once', () => {
  it('the second time ends everything the first one gave', async () => {
    const form = await freshForm();
    const { body } = await core.token(form);
    const second = await core.token(form);
    expect([second.status, second.body['error']]).toEqual([400, 'invalid_grant']);
    expect([await isActive(body['access_token']), await isActive(body['refresh_token'])]).toEqual([false, false]);
  });

  it('also what came from it by refreshing', async () => {
    const form = await freshForm();
    const { body } = await core.token(form);
    const next = await core.token({ grant_type: 'refresh_token', refresh_token: String(body['refresh_token']) });
    await core.token(form);
    expect(await isActive(next.body['access_token'])).toBe(false);
  });

  it('of 20 at once, one wins', async () => {
    const form = await freshForm();
    const answers = await Promise.all(Array.from({ length: 20 }, () => core.token(form)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ body }) => body['error'] === 'invalid_grant')).toHaveLength(19);
  });

  it('not after a minute', async () => {
    const form = await freshForm();
    core.clock.advance(60_000);
    expect((await core.token(form)).body['error']).toBe('invalid_grant');
  });
});

describe('a failed try leaves no code behind', () => {
  it.each([
    ['a wrong verifier', { code_verifier: newPkce().verifier }],
    ['no verifier', { code_verifier: '' }],
    ['a wrong redirect URI', { redirect_uri: `${CALLBACK}/x` }],
    ['no redirect URI', { redirect_uri: '' }],
  ])('%s', async (_case, change) => {
    const form = await freshForm();
    expect((await core.token({ ...form, ...change })).body['error']).toBe('invalid_grant');
    expect((await core.token(form)).body['error']).toBe('invalid_grant');
  });

  it('another client', async () => {
    const form = await freshForm();
    expect((await core.token(form, basic('other', 'app-secret'))).body['error']).toBe('invalid_grant');
    expect((await core.token(form)).body['error']).toBe('invalid_grant');
  });
});

describe('what must not consume or revoke anything', () => {
  it('a client that cannot authenticate', async () => {
    const form = await freshForm();
    await core.token(form, basic('app', 'wrong'));
    const { status, body } = await core.token(form);
    expect(status).toBe(200);
    await core.token(form, basic('app', 'wrong'));
    expect(await isActive(body['access_token'])).toBe(true);
  });

  it('another client that presents a used code', async () => {
    const form = await freshForm();
    const { body } = await core.token(form);
    await core.token(form, basic('other', 'app-secret'));
    expect(await isActive(body['access_token'])).toBe(true);
  });
});

it('a code gives nothing to a user who was disabled since', async () => {
  const form = await freshForm();
  await core.users.remove('u-alice');
  expect((await core.token(form)).body['error']).toBe('invalid_grant');
});
