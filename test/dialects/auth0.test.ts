import { describe, expect, it } from 'vitest';
import { auth0 } from '../../src/dialects/auth0.ts';
import type { Dialect, OperationEndpoint } from '../../src/dialects/dialect.ts';
import type { ErrorCode, Failure } from '../../src/model/failure.ts';
import type { OperationName } from '../../src/model/protocol.ts';
import { seconds } from '../../src/model/units.ts';
import type { Pair, WireRequest } from '../../src/model/wire.ts';

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

const dialectWith = (options: object = {}): Dialect => auth0.create(auth0.options.parse(options), { prefix: '' });
const dialect = dialectWith();

function endpoint<O extends OperationName>(operation: O, path: string): OperationEndpoint<O> {
  const found = dialect.endpoints.find((each) => each.operation === operation && each.path === path);
  // `operation` is the discriminant that was just compared.
  return found as OperationEndpoint<O>;
}

const request = (body: Record<string, string>, more: Partial<WireRequest> = {}): WireRequest => ({
  method: 'POST',
  path: '/',
  query: [],
  body: Object.entries(body) as Pair[],
  callerAddress: '203.0.113.7',
  ...more,
});

const signIn = endpoint('token', '/oauth/ro');
const SIGN_IN = {
  client_id: 'app',
  grant_type: 'password',
  connection: 'Username-Password-Authentication',
  username: 'alice',
  password: 'wonderland',
};

const refusal = (code: ErrorCode, description?: string) => ({
  failure: description === undefined ? { code } : { code, description },
});
const thrownBy = (action: () => unknown): unknown => {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
};

describe('POST /oauth/ro', () => {
  it('asks for tokens with a user’s password, of a client that only names itself', () => {
    expect(signIn.decode(request({ ...SIGN_IN, scope: 'openid name', device: '', id_token: '' }))).toEqual({
      dialect: 'auth0',
      caller: { address: '203.0.113.7' },
      credentials: { id: 'app', secret: undefined, method: 'none', secretOptional: true },
      grantType: 'password',
      connection: 'Username-Password-Authentication',
      username: 'alice',
      password: 'wonderland',
      scopes: ['openid', 'name'],
      device: undefined,
    });
  });

  it('hands a secret that is sent on to be checked', () => {
    const { credentials } = signIn.decode(request({ ...SIGN_IN, client_secret: 's' }));
    expect(credentials).toEqual({ id: 'app', secret: 's', method: 'client_secret_post', secretOptional: true });
  });

  it('signs in again with an id_token, where no user is named', () => {
    const again = { client_id: 'app', grant_type: JWT_BEARER, id_token: 'a.b.c', device: 'phone' };
    const right = { grantType: JWT_BEARER, assertion: 'a.b.c', device: 'phone', scopes: [] };
    expect(signIn.decode(request(again))).toMatchObject(right);
  });

  it.each(['client_id', 'grant_type', 'connection', 'username', 'password'])('names a missing %s', (name) => {
    for (const body of [{ ...SIGN_IN, [name]: '' }, without(SIGN_IN, name)]) {
      const right = refusal('invalid_request', `missing ${name} parameter`);
      expect(thrownBy(() => signIn.decode(request(body)))).toMatchObject(right);
    }
  });

  it('wants a device for offline_access, and only for that', () => {
    const scope = 'openid offline_access';
    const right = refusal('invalid_request', 'missing device parameter');
    expect(thrownBy(() => signIn.decode(request({ ...SIGN_IN, scope })))).toMatchObject(right);
    expect(signIn.decode(request({ ...SIGN_IN, scope, device: 'phone' })).device).toBe('phone');
  });

  it.each(['refresh_token', 'authorization_code', 'client_credentials'])('has no grant %s', (grant_type) => {
    const attempt = () => signIn.decode(request({ ...SIGN_IN, grant_type }));
    expect(thrownBy(attempt)).toMatchObject(refusal('unsupported_grant_type'));
  });

  it('answers with what the scopes ask for, and no more', () => {
    const answer = { accessToken: 'a', expiresIn: seconds(60), issuedAt: seconds(0), scopes: ['openid'] };
    expect(JSON.parse(signIn.encode(answer).body)).toEqual({ access_token: 'a', token_type: 'bearer' });
    expect(JSON.parse(signIn.encode({ ...answer, idToken: 'i', refreshToken: 'r' }).body)).toEqual({
      access_token: 'a',
      token_type: 'bearer',
      id_token: 'i',
      refresh_token: 'r',
    });
  });
});

describe('POST /passwordless/start', () => {
  const start = endpoint('send_code', '/passwordless/start');

  it.each([
    ['sms', { phone_number: '+15550100' }, '+15550100'],
    ['email', { email: 'alice@example.com', send: 'code' }, 'alice@example.com'],
    ['company-mail', { email: 'alice@example.com' }, 'alice@example.com'],
  ])('%s', (connection, members, recipient) => {
    expect(start.decode(request({ client_id: 'app', connection, ...members }))).toEqual({
      caller: { address: '203.0.113.7' },
      clientId: 'app',
      connection,
      recipient,
    });
  });

  it.each([
    ['sms', 'phone_number'],
    ['email', 'email'],
  ])('names what is missing for %s', (connection, name) => {
    const right = refusal('invalid_request', `missing ${name} parameter`);
    expect(thrownBy(() => start.decode(request({ client_id: 'app', connection })))).toMatchObject(right);
  });

  it('sends no links', () => {
    const body = { client_id: 'app', connection: 'email', email: 'alice@example.com', send: 'link' };
    expect(thrownBy(() => start.decode(request(body)))).toMatchObject(refusal('invalid_request'));
  });

  it('answers everybody the same', () => {
    expect(start.encode(undefined)).toMatchObject({ status: 200, body: '{}' });
  });
});

describe('the other endpoints', () => {
  it('GET /userinfo reads the token from the header, and has user_id beside sub', () => {
    const userinfo = endpoint('userinfo', '/userinfo');
    expect(userinfo.decode(request({}, { authorization: 'Bearer abc' }))).toEqual({ token: 'abc' });
    expect(userinfo.decode(request({}, { authorization: 'Basic abc' }))).toEqual({ token: undefined });
    expect(JSON.parse(userinfo.encode({ sub: 'u', name: 'A' }).body)).toEqual({ sub: 'u', name: 'A', user_id: 'u' });
  });

  it('POST /delegation takes a refresh token', () => {
    const delegation = endpoint('delegation', '/delegation');
    const body = { client_id: 'app', grant_type: JWT_BEARER, refresh_token: 'r', scope: 'openid', api_type: 'app' };
    expect(delegation.decode(request(body))).toMatchObject({ refreshToken: 'r', scopes: ['openid'] });
    const wrong = () => delegation.decode(request({ ...body, grant_type: 'password' }));
    expect(thrownBy(wrong)).toMatchObject(refusal('unsupported_grant_type'));
    expect(JSON.parse(delegation.encode({ idToken: 'i', expiresIn: seconds(9) }).body)).toEqual({
      token_type: 'bearer',
      expires_in: 9,
      id_token: 'i',
    });
  });

  it('POST /oauth/token wants the client to prove itself', () => {
    const exchange = endpoint('token', '/oauth/token');
    const body = { grant_type: 'authorization_code', code: 'c', client_id: 'app' };
    expect(exchange.decode(request(body)).credentials).toEqual({ id: 'app', method: 'none' });
    const attempt = () => exchange.decode(request({ ...SIGN_IN }));
    expect(thrownBy(attempt)).toMatchObject(refusal('unsupported_grant_type'));
  });

  it('publishes keys where there are any', () => {
    const paths = (it: Dialect) => it.endpoints.map(({ path }) => path);
    expect(paths(dialect)).not.toContain('/.well-known/jwks.json');
    expect(paths(dialectWith({ id_token_signing: 'RS256' }))).toContain('/.well-known/jwks.json');
  });
});

describe('errors', () => {
  const worded = (failure: Failure) => {
    const { status, headers, body } = dialect.fail(failure, 'endpoint');
    return { status, challenge: new Map(headers).get('www-authenticate'), ...JSON.parse(body) };
  };

  it.each([
    [{ code: 'invalid_credentials' }, 401, 'invalid_user_password', 'Wrong email or password.'],
    [{ code: 'invalid_verification_code' }, 401, 'invalid_user_password', 'Wrong phone number or verification code.'],
    [
      { code: 'invalid_verification_code', channel: 'email' },
      401,
      'invalid_user_password',
      'Wrong email or verification code.',
    ],
    [{ code: 'invalid_client' }, 403, 'unauthorized_client', 'x'],
    [{ code: 'unauthorized_client' }, 403, 'unauthorized_client', 'x'],
    [{ code: 'access_denied' }, 401, 'access_denied', 'x'],
    [{ code: 'too_many_attempts' }, 429, 'too_many_attempts', 'x'],
    [{ code: 'invalid_request' }, 400, 'invalid_request', 'x'],
  ] as const)('%o', (failure, status, error, error_description) => {
    expect(worded({ description: 'x', ...failure })).toEqual({
      status,
      challenge: undefined,
      error,
      error_description,
    });
  });

  it('challenge only for the bearer’s token', () => {
    const { status, challenge } = worded({ code: 'invalid_token', description: 'Get another.' });
    expect([status, challenge]).toEqual([
      401,
      'Bearer realm="gatehouse", error="invalid_token", error_description="Get another."',
    ]);
  });
});

describe('tokens', () => {
  it('are refreshed for offline_access only, and refresh tokens are kept', () => {
    expect(dialect.tokens).toMatchObject({ refreshScope: 'offline_access', rotates: false, idTokens: 'HS256' });
    expect(dialectWith({ id_token_signing: 'RS256' }).tokens.idTokens).toBe('RS256');
  });
});

const without = (body: Record<string, string>, name: string) =>
  Object.fromEntries(Object.entries(body).filter(([key]) => key !== name));
