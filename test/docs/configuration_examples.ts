/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how the configuration writes variables. */

/** What docs/configuration.md begins with. The tables follow from the schema. */
export const INTRODUCTION = `
# Configuration

<!-- Made by \`npm run docs\` from the schema and from test/docs/configuration_examples.ts. Do not edit it here. -->

One YAML file says everything. \`gatehouse check --config FILE\` tells every problem of it at once, with line and column.
[\`config/gatehouse.yaml\`](../config/gatehouse.yaml) is a file to begin with, and editors complete it with
[\`config/gatehouse.schema.json\`](../config/gatehouse.schema.json).

Only \`routes\`, and what they need, must be written. Unknown keys, keys that are there twice, anchors, aliases and tags are errors.

## How values are written

| kind | example | |
|---|---|---|
| duration | \`250ms\`, \`5s\`, \`1m\`, \`1h\`, \`30d\` | a whole number and a unit |
| size | \`512B\`, \`64KiB\`, \`10MiB\` | a whole number and a unit |
| variable | \`\${NAME}\`, \`\${NAME:-default}\` | from the environment; the default if it is unset or empty. Write \`$\${\` for a literal \`\${\`. Inside \`{ }\` and \`[ ]\` put it in quotes |
| file | \`file:/run/secrets/shop\` | the value is the content of that file, without its last line end. A relative path starts from the folder of the configuration |
| path of a file | \`tls/cert.pem\` | where a key wants a file itself, such as a certificate: without \`file:\` |

A value that looks like a number is read as text where text is wanted, so a secret may be made of digits.

Which keys can change while Gatehouse runs is in [Operating Gatehouse](operations.md).
`;

/** Examples for each section, checked like every other block. What they write is shown beside each key. */
export const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  listen: [
    `
listen:
  host: 0.0.0.0
  port: 8443
  public_url: https://auth.example.com
  workers: auto
  tls: { cert: tls/cert.pem, key: tls/key.pem }
  http2: true
  max_connections: 20000
  max_connections_per_address: 500
  max_delay: 1s
  min_body_rate: 500
  fast_lane: true
  trusted_proxies: [10.0.0.0/8]
store: { type: redis, url: redis://127.0.0.1:6379/0 }
`,
    `
listen:
  path: run/gatehouse.sock # behind a proxy on the same machine
  public_url: https://auth.example.com
`,
  ],
  forward_auth: ['forward_auth: true\n'],
  admin: [
    `
admin:
  host: 0.0.0.0
  port: 8081
  tls: { cert: tls/admin.pem, key: tls/admin.key }
  public_url: https://gatehouse-admin.example.com
  console: true
  session_ttl: 8h
  bearer_scope: gatehouse:admin
  terms_url: https://www.example.com/terms
`,
  ],
  account: [
    `
account:
  path: /account
  personal_tokens:
    scopes: [orders:read]
    audience: [https://api.example.com]
    max_ttl: 90d
`,
    'account: false # no such pages\n',
  ],
  store: [
    'store: { type: embedded, path: ./data/gatehouse.db }\n',
    'store: { type: memory }\n',
    `
store:
  type: redis
  url: \${REDIS_URL:-redis://127.0.0.1:6379/0}
  username: gatehouse
  password: \${REDIS_PASSWORD}
  tls: { ca: file:tls/redis-ca.pem, servername: redis.internal }
  key_prefix: gh
  command_timeout: 250ms
  wait_replicas: 1
`,
    `
store:
  type: redis
  sentinels: [10.0.0.1:26379, 10.0.0.2:26379, 10.0.0.3:26379]
  master: mymaster
  sentinel_password: \${SENTINEL_PASSWORD}
`,
    `
store:
  type: redis
  cluster: [10.0.0.1:6379, 10.0.0.2:6379, 10.0.0.3:6379]
`,
  ],
  cache: ['cache: { max_tokens: 100000, ttl: 60s, staleness: 5s, negative_ttl: 1s }\n'],
  tokens: [
    `
tokens:
  access_ttl: 1h
  refresh_ttl: 30d
  code_ttl: 60s
  refresh_grace: 10s
  id_token_ttl: 1h
  key_rotation: 30d
`,
  ],
  dialects: [
    `
dialects:
  - { type: oauth2, prefix: /oauth2, host: auth.example.com, require_pkce: true, id_token_signing: ES256 }
  - { type: roambi, prefix: /1, host: roambi.example.com, require_client_secret: false }
  - { type: locus, prefix: /oauth, host: locus.example.com }
  - { type: auth0, prefix: /auth0, host: auth0.example.com, id_token_signing: RS256 }
`,
    'dialects: [oauth2] # a name alone is short for a mapping with that type\n',
  ],
  routes: [
    `
routes:
  - name: orders
    path: /orders/*
    host: api.example.com
    methods: [GET, POST]
    upstream: http://127.0.0.1:9000
    strip_prefix: /orders
    add_prefix: /v2/orders
    auth: required
    scopes: { GET: [orders:read], POST: [orders:write] }
    audience: https://api.example.com
    connections: [users]
    dialect: oauth2
    limits: { per_token: 100/1m, per_client: 1000/1m, concurrent: 10, status: 429 }
    on_store_outage: { serve_cached: 30s }
    forward_authorization: false
    max_body: 10MiB
    request_headers: { set: { X-Api-Key: 'file:api.key' }, remove: [Cookie] }
    response_headers: { set: { X-Frame-Options: DENY }, remove: [Server] }
    cors:
      origins: [https://app.example.com]
      methods: [GET, POST]
      headers: [Authorization, Content-Type]
      expose: [ETag]
      credentials: false
      max_age: 10m
`,
    `
routes:
  - name: carts
    path: /carts/*
    upstream:
      targets: [https://10.0.0.5:9443, https://10.0.0.6:9443]
      balance: consistent_hash
      health: { path: /health, interval: 5s, timeout: 2s, healthy_after: 2, unhealthy_after: 3, expect: [200] }
      breaker: { max_failures: 5, retry_after: 2s, statuses: [502, 503] }
      retries: 1
      connect_timeout: 5s
      timeout: 30s
      idle_timeout: 60s
      total_timeout: 5m
      max_connections: 1024
      queue: 1024
      tls: { ca: tls/ca.pem, cert: tls/gatehouse.pem, key: tls/gatehouse.key, server_name: api.internal }
`,
  ],
  clients: [
    `
clients:
  - id: shop
    name: The Shop
    description: The web server of the shop
    secret: file:/run/secrets/shop
    grants: [authorization_code, refresh_token]
    redirect_uris: [https://shop.example.com/callback]
    scopes: [orders:read, orders:write]
    audience: [https://api.example.com]
    connections: [users]
    dialects: [oauth2]
  - id: mobile
    public: true # cannot keep a secret: it has none, and must use PKCE
    grants: [authorization_code, refresh_token]
    redirect_uris: [com.example.mobile:/callback]
    scopes: [orders:read]
  - id: nightly-report
    secret_hash: sha256:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU
    grants: [client_credentials]
    scopes: [orders:read]
    disabled: true
`,
  ],
  connections: [
    `
connections:
  - name: users
    type: database
    users:
      - id: u-maria
        username: maria
        name: Maria Lopez
        email: maria@example.com
        phone_number: '+15550100'
        password_hash: \${MARIA_HASH} # printed by: gatehouse hash-password
        roles: [admin]
        disabled: false
`,
    `
connections:
  - name: corp
    type: ldap
    directory: generic
    urls: [ldap://ldap1.example.com, ldap://ldap2.example.com]
    start_tls: true
    tls: { ca: file:/etc/gatehouse/ldap-ca.pem }
    bind_dn: cn=gatehouse,dc=example,dc=com
    bind_password: \${LDAP_PASSWORD}
    base_dn: ou=people,dc=example,dc=com
    user_filter: (&(objectClass=person)(uid={username}))
    attributes: { id: entryUUID, username: uid, name: cn, email: mail, phone: telephoneNumber }
    more_attributes: { department: departmentNumber }
    groups: { base_dn: 'ou=groups,dc=example,dc=com', filter: '(member={dn})', attribute: cn }
    group_roles: { gateway-admins: [admin] }
    group_scopes: { editors: [demo:read, demo:write] }
    connect_timeout: 250ms
    operation_timeout: 2s
    timeout: 5s
    pool: { size: 8, idle: 60s }
  - name: lab
    type: ldap
    url: ldap://ldap.lab.example.com
    allow_insecure: true
    base_dn: dc=lab,dc=example,dc=com
`,
    `
connections:
  - name: fs
    type: adfs
    server: https://adfs.example.com
    flow: oauth
    audience: urn:gatehouse
    client_id: 11111111-2222-3333-4444-555555555555
    client_secret: \${ADFS_SECRET}
    claims: { username: upn, name: unique_name, email: email, roles: role }
    timeout: 5s
    allow_insecure: false
  - name: older-fs
    type: adfs
    server: https://adfs.example.org
    path: /adfs/services/trust/13/usernamemixed
    audience: urn:gatehouse
`,
    `
connections:
  - name: partner
    type: oidc
    issuer: https://login.example.com
    client_id: gatehouse
    client_secret: \${PARTNER_SECRET}
    client_authentication: client_secret_basic
    scopes: [openid, profile, email]
    claims: { username: preferred_username, name: name, email: email, phone_number: phone_number, roles: roles }
    trust_unverified: false
    label: Example Corp
    browser: true
    password: false
    timeout: 5s
    allow_insecure: false
`,
    `
connections:
  - name: sms
    type: sms
    provider: twilio
    account_sid: AC00000000000000000000000000000000
    auth_token: \${TWILIO_TOKEN}
    from: '+15550000'
    text: '{code} is your code for Example.'
    timeout: 5s
    sign_up: false
  - name: other-sms
    type: sms
    provider: webhook
    url: https://sms.example.com/messages
    method: POST
    headers: { authorization: 'Bearer \${SMS_KEY}', content-type: application/json }
    body: '{"to": "{recipient}", "text": "{code} is your code for Example."}'
  - name: email
    type: email
    provider: smtp
    host: smtp.example.com
    port: 587
    security: starttls
    ca: file:/etc/gatehouse/smtp-ca.pem
    username: gatehouse
    password: \${SMTP_PASSWORD}
    from: Example <no-reply@example.com>
    subject: Your code for Example
    text: '{code} is your code for Example.'
    timeout: 10s
    sign_up: true
server_secret: file:/run/secrets/gatehouse
`,
  ],
  identity_headers: [
    `
identity_headers:
  user_id: X-User-Id
  user_name: X-User-Name
  user_email: false
  client_id: X-Client-Id
  scopes: X-Token-Scopes
  connection: X-Auth-Connection
  attributes: { department: X-User-Department }
  request_id: X-Request-Id
`,
  ],
  server_secret: ['server_secret: file:/run/secrets/gatehouse # made by: openssl rand -base64 32\n'],
  log: ['log: { level: info, access: combined }\n'],
  audit: [
    `
audit:
  keep: 365d
  log: true
  webhook: { url: https://hooks.example.com/gatehouse, secret: file:/run/secrets/webhook }
`,
  ],
  tracing: ['tracing: { otlp: http://127.0.0.1:4318, sample: 0.1, service_name: gatehouse }\n'],
};
