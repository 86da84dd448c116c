import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { DependencyUnavailable } from '../../src/model/failure.ts';
import { type LdapServer, person, startLdap } from '../support/ldap_server.ts';
import { connectionTo } from './ldap_under_test.ts';

let server: LdapServer;
let other: LdapServer;
beforeAll(async () => {
  [server, other] = await Promise.all([startLdap(person('alice', 'wonderland')), startLdap('')]);
});
afterAll(() => Promise.all([server.stop(), other.stop()]));

const signIn = (url: string, options: Readonly<Record<string, unknown>>) =>
  connectionTo(url, options).connection.signIn('alice', 'wonderland');

describe.each([
  ['LDAPS', () => server.secureUrl, {}],
  ['StartTLS', () => server.url, { start_tls: true }],
] as const)('%s', (_way, url, how) => {
  it('signs in over a connection that the configured authority vouches for', async () => {
    expect(await signIn(url(), { ...how, tls: { ca: server.ca } })).toMatchObject({ ok: true });
    await expect.poll(() => server.log()).toMatch(/BIND dn="uid=alice,.* ssf=(?!0)/);
  });

  it.each([
    ['nobody vouches for', () => ({})],
    ['another authority vouches for', () => ({ ca: other.ca })],
  ])('is away, not open, with a certificate that %s', async (_case, tls) => {
    await expect(signIn(url(), { ...how, tls: tls() })).rejects.toThrow(DependencyUnavailable);
  });

  it('is away with a certificate for another name', async () => {
    const elsewhere = url().replace('127.0.0.1', 'localhost');
    await expect(signIn(elsewhere, { ...how, tls: { ca: server.ca } })).rejects.toThrow(DependencyUnavailable);
  });
});

describe('StartTLS', () => {
  /** ExtendedRequest, message 1, of 1.3.6.1.4.1.1466.20037. */
  const ASKED = Buffer.from('301d02010177188016312e332e362e312e342e312e313436362e3230303337', 'hex');
  /** Success for message 1, as a server answers. */
  const GRANTED = Buffer.from('300c02010178070a010004000400', 'hex');
  const REFUSED = Buffer.from('300c02010178070a013504000400', 'hex');
  /** A successful bind as message 2: the library's first. */
  const BOUND = Buffer.from('300c02010261070a010004000400', 'hex');

  /** Something in between that answers the first message with this, and keeps what it is sent afterwards. */
  async function answering(answer: Buffer) {
    const heard: Buffer[] = [];
    const fake = createServer((socket: Socket) => {
      socket.on('error', () => {});
      socket.on('data', (chunk: Buffer) => {
        heard.push(chunk);
        if (heard.length === 1) socket.write(answer);
      });
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void fake.close());
    await once(fake, 'listening');
    return { url: `ldap://127.0.0.1:${(fake.address() as AddressInfo).port}`, said: () => Buffer.concat(heard) };
  }

  it.each([
    ['is refused', REFUSED],
    ['is answered by nonsense', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['is granted with an answer to what was not asked yet', Buffer.concat([GRANTED, BOUND])],
    ['is granted with the first bytes of such an answer', Buffer.concat([GRANTED, BOUND.subarray(0, -1)])],
  ])('that %s gets neither a password nor another try in the clear', async (_case, answer) => {
    const between = await answering(answer);
    await expect(signIn(between.url, { start_tls: true, timeout: '2s' })).rejects.toThrow(DependencyUnavailable);
    expect(between.said()).toEqual(ASKED);
  });

  it('that is never answered, or never followed by TLS, ends with the time-out', async () => {
    for (const answer of [Buffer.alloc(0), GRANTED]) {
      const between = await answering(answer);
      const start = performance.now();
      const times = { operation_timeout: '200ms', timeout: '5s' };
      await expect(signIn(between.url, { start_tls: true, ...times })).rejects.toThrow(DependencyUnavailable);
      expect(performance.now() - start).toBeLessThan(2_000);
      expect(between.said().toString('latin1')).not.toContain('secret');
    }
  });

  it('is asked for again when a connection had to be opened again', async () => {
    const { connection } = connectionTo(server.url, { start_tls: true, tls: { ca: server.ca } });
    expect(await connection.signIn('alice', 'wonderland')).toMatchObject({ ok: true });
    await server.restart();
    expect(await connection.signIn('alice', 'wonderland')).toMatchObject({ ok: true });
    await expect.poll(() => server.log().match(/BIND dn="uid=alice,.* mech=SIMPLE.*/g)?.length).toBeGreaterThan(3);
    expect(server.log()).not.toMatch(/BIND dn="uid=alice,.* ssf=0$/m);
  });
});
