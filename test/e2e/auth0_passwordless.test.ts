import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoConfig } from '../support/demo_config.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { call } from '../support/token_client.ts';

/** An Auth0 app whose users have no passwords, against config/auth0.yaml as it is shipped: the gateway prints the codes. */
let gatehouse: GatehouseProcess;
beforeAll(async () => {
  gatehouse = await startGatehouse(await demoConfig('{ type: memory }', '', 'config/auth0.yaml'));
});
afterAll(() => gatehouse.stop());

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, string>>;
}

async function send(path: string, body: Record<string, string>): Promise<Answer> {
  const headers = { 'content-type': 'application/json' };
  const members = JSON.stringify({ client_id: 'demo-app', ...body });
  const response = await fetch(`${gatehouse.url}${path}`, { method: 'POST', headers, body: members });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

const signIn = (connection: string, username: string, password: string) =>
  send('/oauth/ro', { connection, grant_type: 'password', username, password, scope: 'openid' });

const subjectOf = (idToken = ''): unknown =>
  JSON.parse(Buffer.from(idToken.split('.')[1] ?? '', 'base64url').toString()).sub;

const another = (code: string) => (code === '000000' ? '000001' : '000000');

describe.each([
  [
    'sms',
    { phone_number: '+15550100' },
    '+15550100',
    /\+15550100\D.*\b(\d{6})\b/,
    'Wrong phone number or verification code.',
  ],
  [
    'email',
    { email: 'alice@example.com', send: 'code' },
    'alice@example.com',
    /alice@example\.com\D.*\b(\d{6})\b/,
    'Wrong email or verification code.',
  ],
])('signing in by %s', (connection, members, recipient, printed, error_description) => {
  const refusal = { status: 401, body: { error: 'invalid_user_password', error_description } };

  it('takes the code that was sent, once', async () => {
    expect(await send('/passwordless/start', { connection, ...members })).toEqual({ status: 200, body: {} });
    const [, code = ''] = printed.exec(await gatehouse.line(printed)) ?? [];

    expect(await signIn(connection, recipient, another(code))).toEqual(refusal);
    const { status, body } = await signIn(connection, recipient, code);
    expect(status).toBe(200);
    expect(subjectOf(body['id_token'])).toBe('u-alice');
    expect((await call(gatehouse.url, body['access_token'] ?? '')).status).toBe(200);

    expect(await signIn(connection, recipient, code)).toEqual(refusal);
  });
});

describe('somebody whom nobody knows', () => {
  it('is answered like anybody else, and sent nothing', async () => {
    const start = await send('/passwordless/start', { connection: 'sms', phone_number: '+15550199' });
    expect(start).toEqual({ status: 200, body: {} });
    const answer = await signIn('sms', '+15550199', '123456');
    expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_user_password' } });
    expect(gatehouse.output()).not.toContain('5550199');
  });
});

describe('a request that cannot be meant', () => {
  it.each([
    ['no connection', { phone_number: '+15550100' }, 'missing connection parameter'],
    ['no number', { connection: 'sms' }, 'missing phone_number parameter'],
    [
      'a connection that takes passwords',
      { connection: 'Username-Password-Authentication', email: 'a@example.com' },
      '',
    ],
    ['a number that is none', { connection: 'sms', phone_number: '555' }, ''],
    ['a link', { connection: 'email', email: 'a@example.com', send: 'link' }, 'send must be code'],
  ])('%s', async (_, body, description) => {
    const { status, body: answer } = await send('/passwordless/start', body);
    expect([status, answer['error']]).toEqual([400, 'invalid_request']);
    expect(answer['error_description']).toContain(description);
  });
});
