import type { ServerFacts } from '../model/protocol.ts';
import type { TokenPolicy } from '../model/token_policy.ts';

/** What the standard dialect says of itself. Facts are the configuration's, paths the dialect's. */

export type Paths = Readonly<Record<'authorize' | 'token' | 'revoke' | 'introspect' | 'userinfo' | 'jwks', string>>;

/** RFC 8414 §2; empty lists are left out (§3.2). */
export function serverMetadata(facts: ServerFacts, paths: Paths): object {
  const base = facts.issuer.replace(/\/$/, '');
  const everybody = ['client_secret_basic', 'client_secret_post', 'none'];
  return {
    issuer: facts.issuer,
    authorization_endpoint: base + paths.authorize,
    token_endpoint: base + paths.token,
    token_endpoint_auth_methods_supported: everybody,
    revocation_endpoint: base + paths.revoke,
    revocation_endpoint_auth_methods_supported: everybody,
    introspection_endpoint: base + paths.introspect,
    introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: facts.grantTypes,
    scopes_supported: facts.scopes.length > 0 ? facts.scopes : undefined,
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
  };
}

/** OpenID Connect Discovery §3. What is false by default and false here is left out; `request_uri` would be true. */
export function providerMetadata(facts: ServerFacts, paths: Paths, idTokens: TokenPolicy['idTokens']): object {
  const base = facts.issuer.replace(/\/$/, '');
  return {
    ...serverMetadata(facts, paths),
    userinfo_endpoint: base + paths.userinfo,
    jwks_uri: base + paths.jwks,
    scopes_supported: [...new Set(['openid', ...facts.scopes])],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [idTokens],
    claims_supported: CLAIMS,
    prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
    request_uri_parameter_supported: false,
  };
}

const CLAIMS = [
  ...['iss', 'sub', 'aud', 'exp', 'iat', 'auth_time', 'nonce', 'at_hash', 'jti', 'sid'],
  ...['name', 'preferred_username', 'email', 'phone_number'],
];
