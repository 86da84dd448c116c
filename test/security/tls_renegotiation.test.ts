/*
 * A caller of TLS 1.2 has the server shake hands anew and anew on one connection (CVE-2011-1473): each time costs the server far more
 * than the caller, and no limit of connections or requests sees it. Node's own limit does not hold with the OpenSSL that it has.
 */
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startEdge } from '../http/edge_under_test.ts';
import { type CertificateFiles, makeSelfSigned } from '../http/self_signed.ts';

let certificate: CertificateFiles & { remove(): Promise<void> };
beforeAll(async () => {
  certificate = await makeSelfSigned();
});
afterAll(() => certificate.remove());

/** @returns the error that the caller gets; undefined if the hands were shaken anew. */
function renegotiate(socket: TLSSocket): Promise<Error | undefined> {
  return new Promise((resolve) => {
    socket.once('error', resolve);
    socket.once('close', () => resolve(new Error('closed')));
    socket.renegotiate({ rejectUnauthorized: false }, (error) => resolve(error ?? undefined));
  });
}

it('is refused, the first time, and others go on being served', async () => {
  const edge = await startEdge({ listen: { tls: certificate } });
  const open = async () => {
    const to = { port: edge.port, host: '127.0.0.1', rejectUnauthorized: false };
    const socket = connect({ ...to, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' });
    await once(socket, 'secureConnect');
    return socket;
  };
  const [attacker, other] = [await open(), await open()];
  expect(await renegotiate(attacker)).toBeInstanceOf(Error);
  attacker.destroy();
  other.write('GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  expect(String(await once(other, 'data'))).toMatch(/^HTTP\/1\.1 200 /);
  other.destroy();
  await edge.drain();
});
