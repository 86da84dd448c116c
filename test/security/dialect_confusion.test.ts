/*
 * Dialects promise different things: oauth2 replaces a refresh token when it is used, and wants the client's secret with it; auth0
 * does neither (`/delegation` takes a client at its word). Where both are on, what one gave must not be presented to the other:
 * whoever found a refresh token of a confidential oauth2 client could change it for an `id_token` without any secret, and that for
 * access tokens, again without one.
 */
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auth0 } from '../../src/dialects/auth0.ts';
import type { DialectVariant } from '../../src/dialects/dialect.ts';
import { oauth2 } from '../../src/dialects/oauth2.ts';
import { roambi } from '../../src/dialects/roambi.ts';
import { hasShape, mint } from '../../src/tokens/format.ts';
import { demoConfig } from '../support/demo_config.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const APP = { client_id: 'demo-app', client_secret: 'demo-secret' };
const ALICE = { grant_type: 'password', username: 'alice', password: 'wonderland' };

let gatehouse: GatehouseProcess;
beforeAll(async () => {
  gatehouse = await startGatehouse(await demoConfig('{ type: memory }', '', 'config/migration.yaml'));
});
afterAll(() => gatehouse.stop());

interface Answer {
  readonly status: number | undefined;
  readonly body: Readonly<Record<string, string>>;
}

/** One form to one of the four hosts, whether or not this machine can resolve their names. */
function post(host: string, path: string, form: Record<string, string>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { host: `${host}.localhost`, 'content-type': 'application/x-www-form-urlencoded' };
    const outgoing = request(`${gatehouse.url}${path}`, { method: 'POST', headers }, (incoming) => {
      text(incoming).then(
        (body) => resolve({ status: incoming.statusCode, body: JSON.parse(body) as Answer['body'] }),
        reject,
      );
    });
    outgoing.on('error', reject).end(new URLSearchParams(form).toString());
  });
}

async function refreshTokenOf(host: 'oauth2' | 'auth0'): Promise<string> {
  const scope = 'openid offline_access';
  const { body } = await (host === 'oauth2'
    ? post('oauth2', '/oauth2/token', { ...APP, ...ALICE, scope })
    : post('auth0', '/oauth/ro', {
        ...{ client_id: 'demo-app', ...ALICE, scope, device: 'a phone' },
        connection: 'Username-Password-Authentication',
      }));
  return body['refresh_token'] ?? '';
}

describe('a refresh token of oauth2', () => {
  it('is not changed for an id_token where no secret is asked for', async () => {
    const refresh_token = await refreshTokenOf('oauth2');
    const delegation = { client_id: 'demo-app', grant_type: JWT_BEARER };
    const { status, body } = await post('auth0', '/delegation', { ...delegation, refresh_token });
    expect([status, body['error']]).toEqual([400, 'invalid_grant']);
    const own = await post('auth0', '/delegation', { ...delegation, refresh_token: await refreshTokenOf('auth0') });
    expect(own.status).toBe(200);
  });

  it('is not used where it would not be replaced, and is still good where it was given', async () => {
    const form = { ...APP, grant_type: 'refresh_token', refresh_token: await refreshTokenOf('oauth2') };
    const elsewhere = await post('auth0', '/oauth/token', form);
    expect([elsewhere.status, elsewhere.body['error']]).toEqual([400, 'invalid_grant']);
    expect((await post('oauth2', '/oauth2/token', form)).status).toBe(200);
  });
});

describe('a refresh token of auth0', () => {
  it('is no refresh token of oauth2', async () => {
    const form = { ...APP, grant_type: 'refresh_token', refresh_token: await refreshTokenOf('auth0') };
    const { status, body } = await post('oauth2', '/oauth2/token', form);
    expect([status, body['error']]).toEqual([400, 'invalid_grant']);
    expect((await post('auth0', '/oauth/token', form)).status).toBe(200);
  });
});

/** Locus gives no codes, and its refresh tokens are the only ones of their length. */
const policies = [oauth2, roambi, auth0].map((variant: DialectVariant) => {
  const { tokens } = variant.create(variant.options.parse({}), { prefix: variant.prefix });
  return [variant.type, tokens] as const;
});

describe.each(policies)('what %s gives', (type, tokens) => {
  it.each(policies.filter(([other]) => other !== type))('cannot be taken for what %s gives', (_, others) => {
    for (const kind of ['refresh', 'code'] as const) {
      expect(hasShape(mint(tokens[kind]), others[kind])).toBe(false);
    }
  });
});

describe('an id_token of oauth2', () => {
  it('signs nobody in where no secret is asked for, although the same key signed it', async () => {
    const text = await demoConfig('{ type: memory }', '', 'config/migration.yaml');
    const sharing = text.replace(/( *)- \{ type: auth0,/, '$1- { type: auth0, id_token_signing: RS256,');
    expect(sharing).not.toBe(text);
    const before = gatehouse;
    gatehouse = await startGatehouse(sharing);
    try {
      const own = await post('auth0', '/oauth/ro', {
        ...{ client_id: 'demo-app', ...ALICE, scope: 'openid' },
        connection: 'Username-Password-Authentication',
      });
      const foreign = await post('oauth2', '/oauth2/token', { ...APP, ...ALICE, scope: 'openid' });
      const again = (id_token: string | undefined) =>
        post('auth0', '/oauth/ro', {
          client_id: 'demo-app',
          connection: 'Username-Password-Authentication',
          ...{ grant_type: JWT_BEARER, id_token: id_token ?? '', scope: 'openid' },
        });
      expect((await again(own.body['id_token'])).status).toBe(200);
      expect((await again(foreign.body['id_token'])).status).toBe(400);
    } finally {
      await gatehouse.stop();
      gatehouse = before;
    }
  });
});
