import { beforeEach, expect, it } from 'vitest';
import type { PasswordConnection } from '../../src/connections/connection.ts';
import { CALLBACK, type Core, expectStep, firstPair, newPkce, request, signIn, startCore } from './core_under_test.ts';

// A connection may say which scopes its users may have: a directory does, by groups.

let core: Core;
let allowed: readonly string[] | undefined;
beforeEach(async () => {
  core = await startCore();
  allowed = ['read'];
  const connection = core.connections[0] as PasswordConnection; // the core has the one database connection
  const { signIn: prove, current } = connection;
  Object.assign(connection, {
    async signIn(username, password) {
      const outcome = await prove(username, password);
      return outcome.ok ? { ok: true, identity: { ...outcome.identity, allowedScopes: allowed } } : outcome;
    },
    current: async (identity) => ({ ...identity, ...(await current?.(identity)), allowedScopes: allowed }),
  } satisfies Partial<PasswordConnection>);
});

const byPassword = (more: Record<string, string> = {}) =>
  core.token({ grant_type: 'password', username: 'alice', password: 'wonderland', ...more });

it('keeps tokens to them', async () => {
  expect((await byPassword()).body['scope']).toBe('read');
  expect((await byPassword({ scope: 'read' })).body['scope']).toBe('read');
});

it('refuses to give others', async () => {
  expect(await byPassword({ scope: 'read write' })).toMatchObject({ status: 400, body: { error: 'invalid_scope' } });
});

it('gives none when none is allowed, and all of the client when nothing is said', async () => {
  allowed = [];
  expect((await byPassword()).body['scope'] ?? '').toBe('');
  allowed = undefined;
  expect((await byPassword()).body['scope']).toBe('read write');
});

it('asks again at each refresh', async () => {
  allowed = ['read', 'write'];
  const { refresh } = await firstPair(core);
  allowed = ['write'];
  const answer = await core.token({ grant_type: 'refresh_token', refresh_token: refresh });
  expect(answer.body['scope']).toBe('write');
});

it('asks the user for consent to those only, and gives no others for the code', async () => {
  const { verifier, query } = newPkce();
  const { browser, step } = await signIn(core, request({ scope: 'read write', ...query }));
  const page = expectStep(step, 'consent');
  expect(page.scopes).toEqual(['read']);
  const done = await core.protocol.authorization.consent(page.interaction, browser, { csrf: page.csrf, allow: true });
  const code = new URL(expectStep(done, 'redirect').to).searchParams.get('code') ?? '';
  const form = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: verifier };
  expect((await core.token(form)).body['scope']).toBe('read');
});
