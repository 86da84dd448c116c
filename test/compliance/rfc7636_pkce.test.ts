import { hash } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { CALLBACK, type Core, getCode, newPkce, parametersOf, request, startCore } from '../oauth/core_under_test.ts';

let core: Core;
beforeEach(async () => {
  core = await startCore();
});

describe('RFC 7636 §4.3 the challenge', () => {
  const { query } = newPkce();

  it.each([
    ['missing', {}],
    ['plain', { ...query, code_challenge_method: 'plain' }],
    ['without a method, which means plain', { code_challenge: query.code_challenge }],
    ['a method without a challenge', { code_challenge_method: 'S256' }],
    ['lower-case s256', { ...query, code_challenge_method: 's256' }],
    ['too short', { ...query, code_challenge: query.code_challenge.slice(1) }],
    ['padded', { ...query, code_challenge: `${query.code_challenge}=` }],
    ['standard base64', { ...query, code_challenge: `+${query.code_challenge.slice(1)}` }],
  ])('refused: %s', async (_case, change) => {
    for (const client_id of ['app', 'spa']) {
      const answer = parametersOf(await core.authorize(request({ client_id, ...change })));
      expect(answer.get('error')).toBe('invalid_request');
    }
  });

  it('may be left out by confidential clients where the dialect says so, by public ones never', async () => {
    core = await startCore({ requirePkce: false });
    expect((await getCode(core, request())).code).toMatch(/^ghc_/);
    expect(parametersOf(await core.authorize(request({ client_id: 'spa' }))).get('error')).toBe('invalid_request');
  });
});

describe('RFC 7636 §4.5, §4.6 the verifier', () => {
  async function redeem(change: Record<string, string>) {
    const { verifier, query } = newPkce();
    const { code } = await getCode(core, request(query));
    const form = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: verifier };
    return core.token({ ...form, ...change });
  }

  it('accepts the one that the challenge was made from', async () => {
    expect((await redeem({})).status).toBe(200);
  });

  it('knows the example of appendix B', async () => {
    const query = { code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' };
    const { code } = await getCode(core, request(query));
    const code_verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
    const form = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier };
    expect((await core.token(form)).status).toBe(200);
  });

  it.each([
    ['short', 'a'.repeat(42)],
    ['long', 'a'.repeat(129)],
    ['of forbidden characters', `${'a'.repeat(42)}+`],
  ])('refuses one that is %s, although the challenge was made from it', async (_case, code_verifier) => {
    const query = { code_challenge: hash('sha256', code_verifier, 'base64url'), code_challenge_method: 'S256' };
    const { code } = await getCode(core, request(query));
    const form = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier };
    expect((await core.token(form)).body['error']).toBe('invalid_grant');
  });

  it.each([
    ['missing', ''],
    ['another', newPkce().verifier],
  ])('refuses one that is %s', async (_case, code_verifier) => {
    const { status, body } = await redeem({ code_verifier });
    expect([status, body['error']]).toEqual([400, 'invalid_grant']);
  });
});
