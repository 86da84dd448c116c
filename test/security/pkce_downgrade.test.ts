import { beforeEach, describe, expect, it } from 'vitest';
import { STANDARD_TOKENS } from '../../src/model/token_policy.ts';
import { seconds } from '../../src/model/units.ts';
import { mintWithRef } from '../../src/tokens/minting.ts';
import { CALLBACK, type Core, getCode, newPkce, parametersOf, request, startCore } from '../oauth/core_under_test.ts';

// Threat (RFC 9700 §4.8): somebody on the way takes the challenge out of the authorization request, or makes it one that anybody can
// answer, and then redeems the code that the app was meant to prove itself for.

let core: Core;
beforeEach(async () => {
  // The most permissive setting that exists: what is refused here is refused everywhere.
  core = await startCore({ requirePkce: false });
});

it('a verifier for a code that was asked for without a challenge is refused', async () => {
  const { code } = await getCode(core, request());
  const form = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: newPkce().verifier };
  const { status, body } = await core.token(form);
  expect([status, body['error']]).toEqual([400, 'invalid_grant']);
});

it('a code that was asked for with a challenge is never given without the verifier', async () => {
  const { code } = await getCode(core, request(newPkce().query));
  const { body } = await core.token({ grant_type: 'authorization_code', code, redirect_uri: CALLBACK });
  expect(body['error']).toBe('invalid_grant');
});

it('the challenge itself is no verifier', async () => {
  const { query } = newPkce();
  const { code } = await getCode(core, request(query));
  const form = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: query.code_challenge };
  expect((await core.token(form)).body['error']).toBe('invalid_grant');
});

it('a public client gets nothing for a code without a challenge, however it came to be', async () => {
  const { token: code, ref } = mintWithRef(STANDARD_TOKENS.code);
  const expiresAt = seconds(Date.UTC(2027, 0, 1) / 1000);
  const record = { client: 'spa', scopes: ['read'], audience: [], expiresAt };
  await core.store.put([{ kind: 'code', ref, record }]);
  const { body } = await core.token({ grant_type: 'authorization_code', code, client_id: 'spa' }, null);
  expect(body['error']).toBe('invalid_grant');
});

describe('methods that prove nothing', () => {
  it.each(['plain', 'none', 'S512', ' S256'])('%s is refused', async (code_challenge_method) => {
    const answer = parametersOf(await core.authorize(request({ ...newPkce().query, code_challenge_method })));
    expect(answer.get('error')).toBe('invalid_request');
  });
});
