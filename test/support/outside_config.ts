import { hashPassword } from '../../src/connections/password_hash.ts';
import type { OutsideProvider } from './outside_provider.ts';

/** A configuration whose users come from its own database and from outside providers, which are named by their keys. */
export async function outsideConfig(providers: Readonly<Record<string, OutsideProvider>>): Promise<string> {
  const outside = Object.entries(providers).map(
    ([name, { issuer, clientId, clientSecret }]) => `
  - name: ${name}
    type: oidc
    label: ${name === 'corp' ? 'Example Corp' : `Sign-in of ${name}`}
    issuer: ${issuer}
    allow_insecure: true
    client_id: ${clientId}
    client_secret: "${clientSecret}"
    password: true`,
  );
  return `
listen: { port: 0 }
admin: { port: 0 }
store: { type: memory }
routes:
  - { name: demo, path: /demo/*, upstream: demo, strip_prefix: /demo, scopes: [read] }
  - { name: staff, path: /staff/*, upstream: demo, strip_prefix: /staff, connections: [corp] }
clients:
  - id: app
    name: The App
    secret: of-the-app
    grants: [authorization_code, password, client_credentials, refresh_token]
    redirect_uris: ["http://127.0.0.1:1/callback"]
    scopes: [read]
  - id: page
    name: A Page
    public: true
    grants: [authorization_code]
    redirect_uris: ["http://127.0.0.1:1/callback"]
    scopes: [read]
  - id: own-users-only
    secret: of-the-app
    grants: [authorization_code, password]
    redirect_uris: ["http://127.0.0.1:1/callback"]
    scopes: [read]
    connections: [users]
connections:
  - name: users
    type: database
    users:
      - { id: u-alice, username: alice, name: Alice Liddell, email: alice@example.com, phone_number: "+15550100", password_hash: "${await hashPassword('wonderland')}" }
${outside.join('')}
`;
}
