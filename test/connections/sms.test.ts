import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { OneTimeCodeConnection } from '../../src/connections/connection.ts';
import { sms } from '../../src/connections/sms.ts';
import { codeConnectionContract } from '../contract/code_connection.ts';
import { codesOf } from './codes_under_test.ts';

/** A provider: keeps every request, and answers as it is told. */
interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}
let received: Received[] = [];
let answer: 'ok' | 'error' | 'redirect' | 'nothing' = 'ok';
let provider: Server;
let url = '';

beforeAll(async () => {
  provider = createServer(async (request, response) => {
    const { method = '', url: path = '', headers } = request;
    const body = await text(request);
    if (answer === 'nothing') return;
    if (answer === 'error') return void response.writeHead(400).end(`{"message": "no such number ${body}"}`);
    if (answer === 'redirect') return void response.writeHead(302, { location: '/elsewhere' }).end();
    received.push({ method, path, headers, body });
    response.writeHead(201).end('{"sid": "SM1"}');
  }).listen(0, '127.0.0.1');
  await once(provider, 'listening');
  url = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
});
afterAll(() => {
  provider.closeAllConnections();
  provider.close();
});
beforeEach(() => {
  received = [];
  answer = 'ok';
});

const failures = (['error', 'redirect', 'nothing'] as const).map((how) => ({
  how,
  begin: () => (answer = how),
  end: () => (answer = 'ok'),
}));
const numbers = {
  recipient: '+15550100',
  spellings: ['+1 555 0100', '+1-555-0100', '+1 (555) 0100', ' +15550100 ', '+1.555.0100'],
  none: [
    '15550100',
    '0015550100',
    '+05550100',
    '+1555',
    '+1234567890123456',
    '+1555o100',
    '+15550100,+15550101',
    '+1 555 0100 x',
    '+١٥٥٥٠١٠٠',
    '++15550100',
    '+1555\n0100',
    'tel:+15550100',
  ],
  unknown: '+15550199',
};

describe('sms by twilio', () => {
  const options = () => ({
    provider: 'twilio',
    account_sid: 'AC/1',
    auth_token: 'token',
    from: '+15550000',
    url,
    timeout: '300ms',
  });
  let connection: OneTimeCodeConnection;
  beforeAll(async () => {
    connection = await codesOf(sms, options());
  });
  codeConnectionContract(() => ({
    connection,
    ...numbers,
    messages: () => received.map(({ body }) => [...new URLSearchParams(body).values()].join(' ')),
    break: failures,
  }));

  it('is the form that its documentation shows', async () => {
    await connection.deliver('+15550100', '012345');
    const [{ method, path, headers, body }] = received as [Received];
    expect([method, path]).toEqual(['POST', '/2010-04-01/Accounts/AC%2F1/Messages.json']);
    expect(headers.authorization).toBe(`Basic ${Buffer.from('AC/1:token').toString('base64')}`);
    expect(headers['content-type']).toMatch(/^application\/x-www-form-urlencoded/);
    expect(Object.fromEntries(new URLSearchParams(body))).toEqual({
      To: '+15550100',
      From: '+15550000',
      Body: '012345 is your verification code.',
    });
  });
});

describe('sms by webhook', () => {
  const options = (more: object = {}) => ({
    provider: 'webhook',
    url: `${url}/send?key=k`,
    body: '{"to": "{recipient}", "text": "Code {code}, again {code}"}',
    timeout: '300ms',
    ...more,
  });
  let connection: OneTimeCodeConnection;
  beforeAll(async () => {
    connection = await codesOf(sms, options());
  });
  codeConnectionContract(() => ({
    connection,
    ...numbers,
    messages: () => received.map(({ body }) => body),
    break: failures,
  }));

  it('fills its template', async () => {
    await connection.deliver('+15550100', '012345');
    expect(received).toMatchObject([
      { method: 'POST', path: '/send?key=k', headers: { 'content-type': 'application/json' } },
    ]);
    expect(JSON.parse(received[0]?.body ?? '')).toEqual({ to: '+15550100', text: 'Code 012345, again 012345' });
  });

  it('takes other methods and headers, and writes a form so that the plus sign arrives', async () => {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded', authorization: 'Key k' };
    const form = await codesOf(sms, options({ method: 'PUT', headers, body: 'to={recipient}&code={code}' }));
    await form.deliver('+15550100', '012345');
    expect(received).toMatchObject([
      { method: 'PUT', headers: { authorization: 'Key k' }, body: 'to=%2B15550100&code=012345' },
    ]);
  });
});

describe('sms by console', () => {
  const lines: string[] = [];
  let connection: OneTimeCodeConnection;
  beforeAll(async () => {
    connection = await codesOf(sms, { provider: 'console' }, (line) => lines.push(line));
  });
  codeConnectionContract(() => ({ connection, ...numbers, messages: () => lines }));
});

describe('who has a number', () => {
  it('is not a disabled user, nor a new one with their number', async () => {
    const open = await codesOf(sms, { provider: 'console', sign_up: true });
    expect(await open.identify('+15550109')).toBeUndefined();
    expect(
      await open.current?.({ subject: 'u-gone', username: 'gone', connection: 'codes', roles: [] }),
    ).toBeUndefined();
  });

  it('is a new user where people may sign up, until somebody is given the number', async () => {
    const open = await codesOf(sms, { provider: 'console', sign_up: true });
    const identity = {
      subject: 'codes|+15550199',
      username: '+15550199',
      phoneNumber: '+15550199',
      connection: 'codes',
      roles: [],
    };
    expect(await open.identify('+15550199')).toEqual(identity);
    expect(await open.current?.(identity)).toEqual(identity);
    expect(await open.current?.({ ...identity, subject: 'codes|+15550100', phoneNumber: '+15550100' })).toBeUndefined();
    const closed = await codesOf(sms, { provider: 'console' });
    expect(await closed.current?.(identity)).toBeUndefined();
  });
});

describe('the options', () => {
  it.each([
    ['twilio without its keys', { provider: 'twilio' }, /account_sid[\s\S]*auth_token[\s\S]*from/],
    ['a webhook without an address', { provider: 'webhook', body: '{recipient} {code}' }, /url/],
    [
      'a webhook without a place for the code',
      { provider: 'webhook', url: 'https://x.example', body: '{recipient}' },
      /\{recipient\} and \{code\}/,
    ],
    ['plain http', { provider: 'webhook', url: 'http://x.example', body: '{recipient} {code}' }, /https/],
    [
      'headers that are none',
      { provider: 'webhook', url: 'https://x.example', body: '{recipient} {code}', headers: { 'a b': 'c' } },
      /headers/,
    ],
    ['a text without the code', { provider: 'console', text: 'hello' }, /\{code\}/],
    ['another provider', { provider: 'pigeon' }, /provider/],
    ['unknown keys', { provider: 'console', tls: true }, /tls/],
  ])('refuse %s', (_title, options, message) => {
    const outcome = sms.options.safeParse(options);
    expect(outcome.success).toBe(false);
    expect(JSON.stringify(outcome.error?.issues)).toMatch(message);
  });
});
