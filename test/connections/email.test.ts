import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { OneTimeCodeConnection } from '../../src/connections/connection.ts';
import { email } from '../../src/connections/email.ts';
import { DependencyUnavailable } from '../../src/model/failure.ts';
import { codeConnectionContract } from '../contract/code_connection.ts';
import { selfSigned } from '../http/self_signed.ts';
import { codesOf } from './codes_under_test.ts';

interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly message: string;
  readonly secure: boolean;
  readonly user: string | undefined;
}
let received: Mail[] = [];
let answer: 'ok' | 'refuse' | 'nothing' = 'ok';

/** A real mail server that keeps what it is given. */
async function startSmtp(options: SMTPServerOptions): Promise<{ port: number; close(): void }> {
  const server = new SMTPServer({
    authOptional: true,
    disableReverseLookup: true,
    onAuth: ({ username, password }, _session, done) =>
      password === 'secret' ? done(null, { user: username }) : done(new Error('535 no')),
    async onData(stream, session, done) {
      const message = await text(stream);
      if (answer === 'nothing') return;
      if (answer === 'refuse') return done(new Error(`550 no such mailbox: ${message}`));
      const { mailFrom, rcptTo } = session.envelope;
      received.push({
        from: mailFrom ? mailFrom.address : '',
        to: rcptTo.map(({ address }) => address),
        message,
        secure: session.secure,
        user: session.user,
      });
      done();
    },
    ...options,
  });
  server.on('error', () => {}); // clients that hang up on a certificate
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  return { port: (server.server.address() as AddressInfo).port, close: () => server.close() };
}

beforeEach(() => {
  received = [];
  answer = 'ok';
});

const addresses = {
  recipient: 'alice@example.com',
  spellings: ['Alice@Example.COM', ' alice@example.com '],
  none: [
    ...[
      'alice',
      'alice@',
      '@example.com',
      'alice@localhost',
      'alice@example',
      'alice@-example.com',
      'a..b@example.com',
    ],
    ...[
      '.a@example.com',
      'a.@example.com',
      'alice@example.com,bob@example.com',
      'Alice <alice@example.com>',
      '"a b"@example.com',
    ],
    ...[
      'alice@example.com\r\nBcc: x@example.com',
      'alice(x)@example.com',
      'alice@[127.0.0.1]',
      'älice@example.com',
      'alice@exämple.com',
    ],
    ...['a@b@example.com', `${'a'.repeat(65)}@example.com`, `a@${'b'.repeat(64)}.com`, 'alice@example.com.'],
  ],
  unknown: 'nobody@example.com',
};

describe('email by smtp', () => {
  let server: { port: number; close(): void };
  let connection: OneTimeCodeConnection;
  const options = (more: object = {}) => ({
    ...{
      provider: 'smtp',
      host: '127.0.0.1',
      port: server.port,
      security: 'none',
      from: 'Gatehouse <no-reply@example.com>',
    },
    ...{ timeout: '400ms', ...more },
  });
  beforeAll(async () => {
    server = await startSmtp({ hideSTARTTLS: true });
    connection = await codesOf(email, options());
  });
  afterAll(() => server.close());

  codeConnectionContract(() => ({
    connection,
    ...addresses,
    messages: () => received.map(({ to, message }) => `${to} ${message}`),
    break: (['refuse', 'nothing'] as const).map((how) => ({
      how,
      begin: () => (answer = how),
      end: () => (answer = 'ok'),
    })),
  }));

  it('is one mail to one recipient, as configured', async () => {
    const own = await codesOf(email, options({ subject: 'Signing in', text: 'Use {code}. Really: {code}' }));
    await own.deliver('alice@example.com', '012345');
    expect(received).toHaveLength(1);
    const [{ from, to, message }] = received as [Mail];
    expect([from, to]).toEqual(['no-reply@example.com', ['alice@example.com']]);
    expect(message).toMatch(/^From: Gatehouse <no-reply@example.com>\r$/m);
    expect(message).toMatch(/^To: alice@example.com\r$/m);
    expect(message).toMatch(/^Subject: Signing in\r$/m);
    expect(message).toContain('\r\n\r\nUse 012345. Really: 012345');
  });

  it('gives up on a server that is not there', async () => {
    const nowhere = await codesOf(email, options({ port: 1 }));
    await expect(nowhere.deliver('alice@example.com', '012345')).rejects.toThrow(DependencyUnavailable);
  });

  it('gives up after its timeout, whatever the server does meanwhile', async () => {
    answer = 'nothing';
    const began = performance.now();
    await expect(connection.deliver('alice@example.com', '012345')).rejects.toThrow(DependencyUnavailable);
    expect(performance.now() - began).toBeLessThan(1_500);
  });

  it('sends nothing in the clear where TLS was asked for', async () => {
    const careful = await codesOf(email, options({ security: 'starttls' }));
    await expect(careful.deliver('alice@example.com', '012345')).rejects.toThrow(DependencyUnavailable);
    expect(received).toEqual([]);
  });
});

describe('email by smtp with TLS', () => {
  it.each([['starttls'], ['tls']] as const)(
    'signs in and sends over %s, to a server whose certificate it knows',
    async (security) => {
      const files = await selfSigned();
      const [cert, key] = await Promise.all([readFile(files.cert, 'utf8'), readFile(files.key, 'utf8')]);
      const server = await startSmtp({ secure: security === 'tls', cert, key });
      onTestFinished(() => server.close());
      const options = {
        ...{ provider: 'smtp', host: 'localhost', port: server.port, security, from: 'a@example.com', timeout: '2s' },
        ...{ username: 'gatehouse', password: 'secret' },
      };
      await (await codesOf(email, { ...options, ca: cert })).deliver('alice@example.com', '012345');
      expect(received).toMatchObject([{ secure: true, user: 'gatehouse' }]);

      const stranger = await codesOf(email, options);
      await expect(stranger.deliver('alice@example.com', '012345')).rejects.toThrow(DependencyUnavailable);
      const wrong = await codesOf(email, { ...options, ca: cert, password: 'wrong' });
      await expect(wrong.deliver('alice@example.com', '012345')).rejects.toThrow(DependencyUnavailable);
      expect(received).toHaveLength(1);
    },
  );
});

describe('email by console', () => {
  const lines: string[] = [];
  let connection: OneTimeCodeConnection;
  beforeAll(async () => {
    connection = await codesOf(email, { provider: 'console' }, (line) => lines.push(line));
  });
  codeConnectionContract(() => ({ connection, ...addresses, messages: () => lines }));
});

describe('the options', () => {
  it.each([
    ['smtp without a server', { provider: 'smtp' }, /host[\s\S]*from/],
    ['a name without a password', { provider: 'smtp', host: 'h', from: 'a@b.example', username: 'u' }, /password/],
    [
      'a password in the clear',
      { provider: 'smtp', host: 'h', from: 'a@b.example', username: 'u', password: 'p', security: 'none' },
      /security/,
    ],
    ['a text without the code', { provider: 'console', text: 'hello' }, /\{code\}/],
    ['a subject of two lines', { provider: 'console', subject: 'a\nb' }, /one line/],
    ['unknown keys', { provider: 'console', url: 'x' }, /url/],
  ])('refuse %s', (_title, options, message) => {
    const outcome = email.options.safeParse(options);
    expect(outcome.success).toBe(false);
    expect(JSON.stringify(outcome.error?.issues)).toMatch(message);
  });
});
