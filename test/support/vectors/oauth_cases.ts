/**
 * What the standard endpoints must answer, by the section that says so. In forms and headers `{code}`, `{verifier}`, `{access}` and
 * `{refresh}` stand for those of a sign-in that went before, of the client `app` with the scope `read write`.
 */
export interface OAuthCase {
  readonly rfc: string;
  readonly title: string;
  readonly endpoint: 'token' | 'revoke' | 'introspect' | 'authorize';
  readonly method?: string;
  /** Of the query, or of the form for everything but `authorize`. */
  readonly parameters: readonly (readonly [name: string, value: string])[];
  readonly query?: string;
  /** Of the Authorization header; `null` for none. */
  readonly authorization?: string | null;
  readonly contentType?: string;
  readonly status: number;
  readonly error?: string;
  /** Members that the JSON answer must have, with these values. */
  readonly has?: Readonly<Record<string, unknown>>;
  /** Members that it must not have. */
  readonly hasNot?: readonly string[];
  /** Of `authorize`: whether the error goes to the app. */
  readonly redirects?: boolean;
}

type Form = Readonly<Record<string, string>>;
const list = (form: Form) => Object.entries(form);
const basic = (text: string) => `Basic ${Buffer.from(text, 'latin1').toString('base64')}`;
const without = (form: Form, name: string): Form => Object.fromEntries(list(form).filter(([it]) => it !== name));

const machine = { grant_type: 'client_credentials' };
const password = { grant_type: 'password', username: 'alice', password: 'wonderland' };
const redeem = {
  grant_type: 'authorization_code',
  code: '{code}',
  redirect_uri: 'https://app.example.com/callback',
  code_verifier: '{verifier}',
};
const refresh = { grant_type: 'refresh_token', refresh_token: '{refresh}' };
const request = {
  response_type: 'code',
  client_id: 'app',
  redirect_uri: 'https://app.example.com/callback',
  scope: 'read',
  state: 'xyz',
  code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  code_challenge_method: 'S256',
};

/** Of the right form, and never issued: whoever may not ask learns nothing about either. */
const UNKNOWN = `gha_${'0'.repeat(40)}`;
const about: readonly (readonly [endpoint: 'token' | 'revoke' | 'introspect', form: Form])[] = [
  ['token', machine],
  ['revoke', { token: UNKNOWN }],
  ['introspect', { token: UNKNOWN }],
];

const badCredentials: readonly (readonly [title: string, authorization: string | null, form: Form])[] = [
  ['a wrong secret', basic('app:wrong'), {}],
  ['an unknown client', basic('nobody:app-secret'), {}],
  ['an empty secret', basic('app:'), {}],
  ['no colon', basic('app'), {}],
  ['no base64', 'Basic *****', {}],
  ['nothing behind the scheme', 'Basic', {}],
  ['bytes that are no UTF-8', `Basic ${Buffer.from([0xff, 0x3a, 0xfe]).toString('base64')}`, {}],
  ['a broken escape', basic('app:%zz'), {}],
  ['another scheme', 'Bearer {access}', {}],
  ['a secret in another case', basic('app:APP-SECRET'), {}],
  ['a secret with something behind it', basic('app:app-secret '), {}],
  ['a secret for a public client', basic('spa:x'), {}],
  ['no client at all', null, {}],
  ['a name without a secret', null, { client_id: 'app' }],
  ['a wrong secret in the form', null, { client_id: 'app', client_secret: 'wrong' }],
];

const clientAuthentication = about.flatMap(([endpoint, form]) =>
  badCredentials.map(
    ([title, authorization, more]): OAuthCase => ({
      rfc: 'RFC 6749 §2.3.1',
      title: `${endpoint}: ${title}`,
      ...{ endpoint, parameters: list({ ...form, ...more }), authorization, status: 401, error: 'invalid_client' },
    }),
  ),
);

const twoMethods = about.flatMap(([endpoint, form]): OAuthCase[] => [
  {
    rfc: 'RFC 6749 §2.3.1',
    title: `${endpoint}: a secret without a name`,
    ...{ endpoint, parameters: list({ ...form, client_secret: 'app-secret' }), authorization: null },
    ...{ status: 400, error: 'invalid_request' },
  },
  {
    rfc: 'RFC 6749 §2.3',
    title: `${endpoint}: two methods at once`,
    ...{
      endpoint,
      parameters: list({ ...form, client_id: 'app', client_secret: 'app-secret' }),
      status: 400,
      error: 'invalid_request',
    },
  },
  {
    rfc: 'RFC 6749 §2.3',
    title: `${endpoint}: another client in the form`,
    ...{ endpoint, parameters: list({ ...form, client_id: 'other' }), status: 400, error: 'invalid_request' },
  },
  {
    rfc: 'RFC 6749 §2.3.1',
    title: `${endpoint}: a secret in the query`,
    ...{ endpoint, parameters: list(form), query: '?client_secret=app-secret', status: 400, error: 'invalid_request' },
  },
]);

const repeated = [
  ...[
    'grant_type',
    'scope',
    'username',
    'password',
    'code',
    'redirect_uri',
    'code_verifier',
    'refresh_token',
    'assertion',
    'client_id',
    'unheard_of',
  ].map((name) => ['token', machine, name] as const),
  ...['token', 'token_type_hint', 'client_id'].flatMap((name) => [
    ['revoke', { token: UNKNOWN }, name] as const,
    ['introspect', { token: UNKNOWN }, name] as const,
  ]),
].map(
  ([endpoint, form, name]): OAuthCase => ({
    rfc: 'RFC 6749 §3.2',
    title: `${endpoint}: ${name} twice`,
    ...{
      endpoint,
      parameters: [...list(without(form, name)), [name, 'a'], [name, 'a']],
      status: 400,
      error: 'invalid_request',
    },
  }),
);

const missing = (
  [
    ['RFC 6749 §4.1.3', redeem, ['grant_type', 'code']],
    ['RFC 6749 §4.3.2', password, ['grant_type', 'username', 'password']],
    ['RFC 6749 §6', refresh, ['grant_type', 'refresh_token']],
  ] as const
).flatMap(([rfc, form, names]) =>
  names.flatMap((name): OAuthCase[] => [
    {
      rfc,
      title: `${form.grant_type} without ${name}`,
      endpoint: 'token',
      parameters: list(without(form, name)),
      status: 400,
      error: 'invalid_request',
    },
    {
      rfc: 'RFC 6749 §3.2',
      title: `${form.grant_type} with an empty ${name}`,
      endpoint: 'token',
      parameters: list({ ...form, [name]: '' }),
      status: 400,
      error: 'invalid_request',
    },
  ]),
);

const grants: readonly OAuthCase[] = (
  [
    ['RFC 6749 §4.1.4', 'a code', redeem, 200, { scope: 'read', token_type: 'Bearer' }],
    [
      'RFC 6749 §4.1.3',
      'a code with another redirect URI',
      { ...redeem, redirect_uri: 'https://app.example.com/callback2' },
      400,
      'invalid_grant',
    ],
    ['RFC 6749 §4.1.3', 'a code without its redirect URI', without(redeem, 'redirect_uri'), 400, 'invalid_grant'],
    ['RFC 7636 §4.6', 'a code without its verifier', without(redeem, 'code_verifier'), 400, 'invalid_grant'],
    [
      'RFC 7636 §4.6',
      'a code with another verifier',
      { ...redeem, code_verifier: 'a'.repeat(43) },
      400,
      'invalid_grant',
    ],
    [
      'RFC 7636 §4.6',
      'a code with its challenge for a verifier',
      { ...redeem, code_verifier: request.code_challenge },
      400,
      'invalid_grant',
    ],
    ['RFC 6749 §5.2', 'a code that never was', { ...redeem, code: `ghc_${'0'.repeat(40)}` }, 400, 'invalid_grant'],
    ['RFC 6749 §5.2', 'an access token for a code', { ...redeem, code: '{access}' }, 400, 'invalid_grant'],
    ['RFC 6749 §4.3.3', 'a password', password, 200, { scope: 'read write', token_type: 'Bearer', expires_in: 3600 }],
    ['RFC 6749 §3.3', 'a password for one scope', { ...password, scope: 'read' }, 200, { scope: 'read' }],
    ['RFC 6749 §5.2', 'a wrong password', { ...password, password: 'x' }, 400, 'invalid_grant'],
    ['RFC 6749 §5.2', 'an unknown user', { ...password, username: 'x' }, 400, 'invalid_grant'],
    ['RFC 6749 §4.4.3', 'client credentials', machine, 200, { token_type: 'Bearer', scope: 'read write' }],
    ['RFC 6749 §6', 'a refresh token', refresh, 200, { token_type: 'Bearer', scope: 'read write' }],
    ['RFC 6749 §6', 'a refresh token for less', { ...refresh, scope: 'write' }, 200, { scope: 'write' }],
    ['RFC 6749 §6', 'a refresh token for more', { ...refresh, scope: 'read write admin' }, 400, 'invalid_scope'],
    [
      'RFC 6749 §5.2',
      'an access token for a refresh token',
      { ...refresh, refresh_token: '{access}' },
      400,
      'invalid_grant',
    ],
    [
      'RFC 6749 §5.2',
      'a refresh token that never was',
      { ...refresh, refresh_token: `ghr_${'0'.repeat(40)}` },
      400,
      'invalid_grant',
    ],
    ['RFC 6749 §5.2', 'an unknown grant', { grant_type: 'magic' }, 400, 'unsupported_grant_type'],
    [
      'RFC 6749 §5.2',
      'a grant in another case',
      { ...machine, grant_type: 'Client_Credentials' },
      400,
      'unsupported_grant_type',
    ],
    [
      'RFC 6749 §3.2',
      'parameters nobody knows',
      { ...machine, foo: 'bar', __proto: 'x' },
      200,
      { token_type: 'Bearer' },
    ],
    ['RFC 6749 §3.2', 'an empty scope is none', { ...machine, scope: '' }, 200, { scope: 'read write' }],
    ...['admin', 'read admin', 'READ', 'rea"d', 'read\\', 'read\ttab', 'réad'].map(
      (scope) =>
        ['RFC 6749 §3.3', `the scope ${JSON.stringify(scope)}`, { ...machine, scope }, 400, 'invalid_scope'] as const,
    ),
  ] as const
).map(([rfc, title, form, status, result]) => ({
  ...{ rfc, title, endpoint: 'token' as const, parameters: list(form as Form), status },
  ...(typeof result === 'string' ? { error: result } : { has: result }),
  ...(title === 'client credentials' && { hasNot: ['refresh_token'] }),
}));

const foreign: readonly OAuthCase[] = (
  [
    ['token', 'RFC 6749 §4.1.3', 'another client’s code', redeem, 400, 'invalid_grant'],
    ['token', 'RFC 6749 §6', 'another client’s refresh token', refresh, 400, 'invalid_grant'],
    ['introspect', 'RFC 7662 §4', 'another client’s access token', { token: '{access}' }, 200, { active: false }],
    ['introspect', 'RFC 7662 §4', 'another client’s refresh token', { token: '{refresh}' }, 200, { active: false }],
  ] as const
).map(([endpoint, rfc, title, form, status, result]) => ({
  ...{ rfc, title, endpoint, parameters: list(form), authorization: basic('other:app-secret'), status },
  ...(typeof result === 'string' ? { error: result } : { has: result }),
}));

const aboutTokens: readonly OAuthCase[] = [
  {
    rfc: 'RFC 7009 §2.1',
    title: 'revoke: no token',
    endpoint: 'revoke',
    parameters: [],
    status: 400,
    error: 'invalid_request',
  },
  {
    rfc: 'RFC 7662 §2.1',
    title: 'introspect: no token',
    endpoint: 'introspect',
    parameters: [],
    status: 400,
    error: 'invalid_request',
  },
  ...['{access}', '{refresh}', `gha_${'0'.repeat(40)}`, 'x y{z}', '{code}'].map(
    (token): OAuthCase => ({
      rfc: 'RFC 7009 §2.2',
      title: `revoke: ${token}`,
      endpoint: 'revoke',
      parameters: [['token', token]],
      status: 200,
    }),
  ),
  {
    rfc: 'RFC 7009 §2.1',
    title: 'revoke: a wrong hint',
    endpoint: 'revoke',
    parameters: [
      ['token', '{access}'],
      ['token_type_hint', 'refresh_token'],
    ],
    status: 200,
  },
  {
    rfc: 'RFC 7662 §2.2',
    title: 'introspect: an access token',
    endpoint: 'introspect',
    parameters: [['token', '{access}']],
    status: 200,
    has: { active: true, client_id: 'app', token_type: 'Bearer', sub: 'u-alice' },
  },
  {
    rfc: 'RFC 7662 §2.2',
    title: 'introspect: a refresh token',
    endpoint: 'introspect',
    parameters: [['token', '{refresh}']],
    status: 200,
    has: { active: true },
  },
  ...[`gha_${'0'.repeat(40)}`, 'x', '{"a":1}'].map(
    (token): OAuthCase => ({
      rfc: 'RFC 7662 §2.2',
      title: `introspect: ${token}`,
      endpoint: 'introspect',
      parameters: [['token', token]],
      status: 200,
      has: { active: false },
      hasNot: ['scope', 'client_id', 'exp', 'sub'],
    }),
  ),
];

const wrongMethods = about.flatMap(([endpoint, form]) =>
  ['GET', 'PUT', 'DELETE'].map(
    (method): OAuthCase => ({
      rfc: 'RFC 6749 §3.2',
      title: `${endpoint} by ${method}`,
      endpoint,
      method,
      parameters: method === 'GET' ? [] : list(form),
      status: 405,
    }),
  ),
);

const atThePage = (title: string, change: Form): OAuthCase => ({
  ...{ rfc: 'RFC 6749 §4.1.2.1', title: `authorize: ${title}`, endpoint: 'authorize' as const },
  ...{ parameters: list({ ...request, ...change }), status: 400, redirects: false },
});
const toTheApp = (rfc: string, title: string, change: Form, error: string): OAuthCase => ({
  ...{ rfc, title: `authorize: ${title}`, endpoint: 'authorize' as const },
  ...{ parameters: list({ ...request, ...change }), status: 303, redirects: true, error },
});

const authorize: readonly OAuthCase[] = [
  atThePage('no client', { client_id: '' }),
  atThePage('an unknown client', { client_id: 'nobody' }),
  ...[
    'https://evil.example/callback',
    'https://app.example.com/callback/',
    'https://app.example.com/callback?x',
    'https://app.example.com/Callback',
    'http://app.example.com/callback',
    'https://app.example.com:443/callback',
    'https://app.example.com/callback#x',
    'https://app.example.com/callback/../x',
    'https://app.example.com.evil.example/callback',
    'https://app.example.com@evil.example/callback',
    'javascript:alert(1)',
    '//app.example.com/callback',
  ].map((redirect_uri) => atThePage(`the redirect URI ${redirect_uri}`, { redirect_uri })),
  toTheApp('RFC 6749 §4.1.2.1', 'no response_type', { response_type: '' }, 'invalid_request'),
  ...['token', 'code token', 'id_token', 'CODE'].map((response_type) =>
    toTheApp('RFC 6749 §4.1.2.1', `the response_type ${response_type}`, { response_type }, 'unsupported_response_type'),
  ),
  ...['admin', 'read admin', 'rea"d'].map((scope) =>
    toTheApp('RFC 6749 §4.1.2.1', `the scope ${scope}`, { scope }, 'invalid_scope'),
  ),
  toTheApp('RFC 7636 §4.4.1', 'no challenge', { code_challenge: '', code_challenge_method: '' }, 'invalid_request'),
  toTheApp('RFC 7636 §4.4.1', 'the method plain', { code_challenge_method: 'plain' }, 'invalid_request'),
  toTheApp('RFC 7636 §4.4.1', 'no method, which means plain', { code_challenge_method: '' }, 'invalid_request'),
  toTheApp('RFC 7636 §4.2', 'a short challenge', { code_challenge: 'abc' }, 'invalid_request'),
  toTheApp('OpenID Connect Core §3.1.2.6', 'prompt=none without a session', { prompt: 'none' }, 'login_required'),
  ...['state', 'client_id', 'redirect_uri', 'scope'].map(
    (name): OAuthCase => ({
      rfc: 'RFC 6749 §3.1',
      title: `authorize: ${name} twice`,
      endpoint: 'authorize',
      parameters: [...list(request), [name, 'again']],
      status: 400,
      redirects: false,
    }),
  ),
];

export const OAUTH_CASES: readonly OAuthCase[] = [
  ...clientAuthentication,
  ...twoMethods,
  ...repeated,
  ...missing,
  ...grants,
  ...foreign,
  ...aboutTokens,
  ...wrongMethods,
  ...authorize,
];
