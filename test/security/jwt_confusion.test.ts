/*
 * An id_token signs its user in again (jwt-bearer), so whoever can make one that is believed can be anybody. What broke others: a
 * header that says `alg: none`; a header that says HS256, so that the public RSA key, which everybody has, is taken for the shared
 * secret; a token for one client presented by another; one that expired; a key that the token itself brings along (`jwk`, `jku`,
 * `x5c`); and clients that know their HS256 secret, which would let them sign in anybody.
 */
import { createHmac, createPublicKey, hash } from 'node:crypto';
import { base64url, CompactSign, decodeJwt, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import type { Client } from '../../src/model/client.ts';
import { app, basic, type Core, caller, startCore } from '../oauth/core_under_test.ts';

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const SECRET = 'app-secret';
const victim: Client = {
  ...app,
  grants: [...app.grants, JWT_BEARER],
  scopes: ['read', 'openid'],
  signingSecret: SECRET,
};
const other: Client = {
  ...victim,
  id: 'other',
  secrets: [{ hash: `sha256:${hash('sha256', 'other-secret', 'base64url')}` }],
  signingSecret: 'other-secret',
};

async function start(idTokens: 'RS256' | 'ES256' | 'HS256') {
  const core = await startCore({ clients: [victim, other], idTokens });
  const { body } = await core.token({
    grant_type: 'password',
    username: 'alice',
    password: 'wonderland',
    scope: 'openid',
  });
  return { core, idToken: String(body['id_token']), tokens: body };
}

const present = (core: Core, assertion: string, as: [id: string, secret: string] = ['app', SECRET]) =>
  core.token({ grant_type: JWT_BEARER, assertion }, basic(...as));

/** Refused where it would sign somebody in, and where it would only be read. */
async function expectRefused(core: Core, assertion: string, as?: [id: string, secret: string]) {
  expect((await present(core, assertion, as)).body['error']).toBe('invalid_grant');
  const reading = core.protocol.operations.tokeninfo({ caller, idToken: assertion });
  if (!as) await expect(reading).rejects.toMatchObject({ failure: { code: 'invalid_token' } });
}

const json = (value: object) => base64url.encode(JSON.stringify(value));
const parts = (token: string) => {
  const [header = '', payload = '', signature = ''] = token.split('.');
  return { header: JSON.parse(Buffer.from(header, 'base64url').toString()) as object, payload, signature };
};

/** The forms in which an implementation may hold a public key as bytes. */
async function publicKeyBytes(core: Core): Promise<readonly (string | Buffer)[]> {
  const [jwk] = await core.signingKeys.published();
  const key = createPublicKey({ key: { ...jwk }, format: 'jwk' });
  const pem = String(key.export({ type: 'spki', format: 'pem' }));
  return [
    pem,
    pem.trim(),
    key.export({ type: 'spki', format: 'der' }),
    JSON.stringify(jwk),
    String(jwk?.['n'] ?? jwk?.['x']),
  ];
}

describe.each(['RS256', 'ES256'] as const)('an id_token that is signed with %s', (algorithm) => {
  it('is believed as it is: the vectors below differ from it in one thing each', async () => {
    const { core, idToken } = await start(algorithm);
    expect((await present(core, idToken)).status).toBe(200);
    expect(await core.protocol.operations.tokeninfo({ caller, idToken })).toMatchObject({ sub: 'u-alice' });
  });

  it.each(['none', 'None', 'NONE', 'nOnE', ''])('is refused with alg "%s" and no signature', async (alg) => {
    const { core, idToken } = await start(algorithm);
    const { header, payload, signature } = parts(idToken);
    for (const end of ['', signature]) await expectRefused(core, `${json({ ...header, alg })}.${payload}.${end}`);
  });

  it('is refused when it is signed with HS256 and the public key for a secret', async () => {
    const { core, idToken } = await start(algorithm);
    const { header, payload } = parts(idToken);
    const signed = `${json({ ...header, alg: 'HS256' })}.${payload}`;
    for (const bytes of await publicKeyBytes(core)) {
      await expectRefused(core, `${signed}.${createHmac('sha256', bytes).update(signed).digest('base64url')}`);
    }
  });

  it("is refused when it is signed with HS256 and the client's own secret, where the gateway signs with its keys", async () => {
    const { core, idToken } = await start(algorithm);
    const forged = await new SignJWT(decodeJwt(idToken)).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(SECRET));
    expect((await present(core, forged)).body['error']).toBe('invalid_grant');
  });

  it('is refused when it brings its own key, or names ours and is signed with another', async () => {
    const { core, idToken } = await start(algorithm);
    const pair = await generateKeyPair(algorithm, { extractable: true });
    const { header, payload } = parts(idToken);
    const bytes = Buffer.from(payload, 'base64url');
    const jwk = await exportJWK(pair.publicKey);
    const headers = [
      { ...header, alg: algorithm },
      { ...header, alg: algorithm, jwk },
      { alg: algorithm, jwk },
      { alg: algorithm, kid: 'https://evil.example/jwks', jku: 'https://evil.example/jwks' },
    ];
    for (const each of headers) {
      await expectRefused(core, await new CompactSign(bytes).setProtectedHeader(each).sign(pair.privateKey));
    }
  });

  it('is refused with another payload, a cut or empty signature, more parts, or none', async () => {
    const { core, idToken } = await start(algorithm);
    const { header, payload, signature } = parts(idToken);
    const head = json(header);
    const claims = decodeJwt(idToken);
    const forgeries = [
      `${head}.${json({ ...claims, sub: 'u-admin' })}.${signature}`,
      `${head}.${json({ ...claims, exp: 4_102_444_800 })}.${signature}`,
      `${head}.${payload}.${signature.slice(0, -4)}`,
      `${head}.${payload}.`,
      `${head}.${payload}`,
      `${head}.${payload}.${signature}.${signature}`,
      `${head}.${payload}.${base64url.encode(Buffer.alloc(algorithm === 'ES256' ? 64 : 256))}`,
      '..',
      '',
      `${'A'.repeat(20_000)}.${payload}.${signature}`,
    ];
    for (const forged of forgeries.filter((each) => each !== '')) await expectRefused(core, forged);
  });

  it('is refused after it expired, to the second', async () => {
    const { core, idToken } = await start(algorithm);
    core.clock.advance(3_599_000);
    expect(await core.protocol.operations.tokeninfo({ caller, idToken })).toMatchObject({ sub: 'u-alice' });
    core.clock.advance(1_000);
    await expectRefused(core, idToken);
  });

  it('is refused from any client but the one it was issued to', async () => {
    const { core, idToken } = await start(algorithm);
    await expectRefused(core, idToken, ['other', 'other-secret']);
  });

  it('is refused when another issuer signed the same', async () => {
    const { core, idToken } = await start(algorithm);
    const signWith = await core.signingKeys.current(algorithm);
    const sign = (claims: object) =>
      new SignJWT({ ...decodeJwt(idToken), ...claims })
        .setProtectedHeader({ alg: algorithm, kid: signWith.kid ?? '' })
        .sign(signWith.key);
    expect((await present(core, await sign({}))).status).toBe(200);
    const wrong = [
      { iss: 'https://evil.example' },
      { iss: undefined },
      { aud: 'other' },
      { aud: ['app', 'other'] },
      { aud: undefined },
    ];
    for (const claims of [...wrong, { exp: undefined }, { sub: 'u-admin' }, { sid: undefined }, { sid: 'x' }]) {
      expect((await present(core, await sign(claims))).body['error']).toBe('invalid_grant');
    }
  });
});

describe("an id_token that is signed with the client's secret", () => {
  const forge = (claims: object, secret = SECRET) =>
    new SignJWT({ ...claims }).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(Buffer.from(secret));

  it('tells nobody more about the secret than ten guesses, and locks the client out of nothing else', async () => {
    const { core, idToken } = await start('HS256');
    const claims = decodeJwt(idToken);
    for (let guess = 0; guess < 10; guess++) await expectRefused(core, await forge(claims, `guess ${guess}`));
    const right = core.protocol.operations.tokeninfo({ caller, idToken });
    await expect(right).rejects.toMatchObject({ failure: { code: 'too_many_attempts' } });
    expect((await present(core, idToken)).status).toBe(200);
    const elsewhere = { address: '198.51.100.7' };
    expect(await core.protocol.operations.tokeninfo({ caller: elsewhere, idToken })).toMatchObject({ sub: 'u-alice' });
  });

  it('may expire without counting as a guess', async () => {
    const { core, idToken } = await start('HS256');
    core.clock.advance(3_600_000);
    for (let turn = 0; turn < 11; turn++) {
      const reading = core.protocol.operations.tokeninfo({ caller, idToken });
      await expect(reading).rejects.toMatchObject({ failure: { code: 'invalid_token' } });
    }
  });

  it("is believed as it is, and not with another client's secret", async () => {
    const { core, idToken } = await start('HS256');
    expect((await present(core, idToken)).status).toBe(200);
    await expectRefused(core, await forge(decodeJwt(idToken), 'other-secret'));
    await expectRefused(core, await forge({ ...decodeJwt(idToken), aud: 'other' }, 'other-secret'), ['app', SECRET]);
  });

  it('does not let a client that knows the secret invent a sign-in that never was', async () => {
    const { core, idToken } = await start('HS256');
    const claims = decodeJwt(idToken);
    const invented = [
      { ...claims, sub: 'u-admin' },
      { ...claims, sid: `${String(claims['sid']).slice(0, 9)}${'A'.repeat(22)}.oauth2` },
      { ...claims, sid: undefined },
    ];
    for (const each of invented) {
      expect((await present(core, await forge(each))).body['error']).toBe('invalid_grant');
    }
  });

  it('does not outlive the sign-in, however late the client says that it expires', async () => {
    const { core, idToken, tokens } = await start('HS256');
    await core.revoke({ token: String(tokens['refresh_token']) });
    expect((await present(core, await forge({ ...decodeJwt(idToken), exp: 4_102_444_800 }))).body['error']).toBe(
      'invalid_grant',
    );
  });

  it('cannot name the sign-in of another client', async () => {
    const { core, idToken } = await start('HS256');
    const stolen = await forge({ ...decodeJwt(idToken), aud: 'other' }, 'other-secret');
    expect((await present(core, stolen, ['other', 'other-secret'])).body['error']).toBe('invalid_grant');
  });

  it('is refused with alg none', async () => {
    const { core, idToken } = await start('HS256');
    const { payload } = parts(idToken);
    await expectRefused(core, `${json({ alg: 'none' })}.${payload}.`);
  });
});
