import { expect, it } from 'vitest';
import { oauth2 } from '../../src/dialects/oauth2.ts';
import { ISSUER, startCore } from '../oauth/core_under_test.ts';

it('RFC 8414 §2, §3.2: says where everything is and what is supported', async () => {
  const core = await startCore();
  const { status, body, headers } = await core.send('metadata', {});
  expect(status).toBe(200);
  expect(headers.get('content-type')).toBe('application/json');
  expect(body).toEqual({
    issuer: ISSUER,
    authorization_endpoint: `${ISSUER}/oauth2/authorize`,
    token_endpoint: `${ISSUER}/oauth2/token`,
    revocation_endpoint: `${ISSUER}/oauth2/revoke`,
    introspection_endpoint: `${ISSUER}/oauth2/introspect`,
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
    revocation_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
    introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: [
      ...['authorization_code', 'refresh_token', 'password', 'client_credentials'],
      'urn:ietf:params:oauth:grant-type:jwt-bearer',
    ],
    scopes_supported: ['read', 'write'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
  });
});

it('follows the prefix, except for the well-known paths', () => {
  const paths = oauth2.create({ require_pkce: true }, { prefix: '/auth/' }).endpoints.map(({ path }) => path);
  expect(paths).toEqual([
    '/auth/authorize',
    '/auth/token',
    '/auth/revoke',
    '/auth/introspect',
    '/.well-known/oauth-authorization-server',
    '/.well-known/openid-configuration',
    '/auth/jwks',
    '/auth/userinfo',
    '/auth/userinfo',
  ]);
});
