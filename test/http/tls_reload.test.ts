import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { expect, it, onTestFinished } from 'vitest';
import { createListener } from '../../src/http/listener.ts';
import type { TlsFiles } from '../../src/http/tls.ts';
import { milliseconds } from '../../src/model/units.ts';
import { selfSigned } from './self_signed.ts';

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'gatehouse-renewal-'));
  onTestFinished(() => rm(made, { recursive: true }));
  return made;
}

/** Copies a pair into a folder as `cert.pem` and `key.pem`. */
async function put(pair: TlsFiles, into: string): Promise<TlsFiles> {
  const files = { cert: join(into, 'cert.pem'), key: join(into, 'key.pem') };
  await cp(pair.cert, files.cert);
  await cp(pair.key, files.key);
  return files;
}

async function served(tls: TlsFiles) {
  const told: object[] = [];
  const waiting: (() => void)[] = [];
  const listener = createListener({
    ...{ host: '127.0.0.1', port: 0, tls, renewalInterval: milliseconds(20) },
    handle: (_request, response) => response.end('ok'),
    trouble: (level, event, detail) => {
      told.push({ level, event, ...detail });
      for (const resolve of waiting.splice(0)) resolve();
    },
  });
  onTestFinished(() => listener.drain(milliseconds(0)));
  const port = Number(new URL(await listener.listen()).port);
  const fingerprint = async (): Promise<string | undefined> => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const seen = socket.getPeerX509Certificate()?.fingerprint256;
    socket.destroy();
    return seen;
  };
  return {
    port,
    told,
    fingerprint,
    nextTrouble: () => new Promise<void>((resolve) => waiting.push(resolve)),
    /** Resolves when the certificate of this file is served. */
    async serves(pair: TlsFiles) {
      const wanted = await fingerprintOf(pair);
      await expect.poll(fingerprint, { timeout: 5_000, interval: 10 }).toBe(wanted);
    },
  };
}

async function fingerprintOf({ cert }: TlsFiles): Promise<string> {
  return new X509Certificate(await readFile(cert)).fingerprint256;
}

it('serves a certificate that was written over the old one, without disturbing who is connected', async () => {
  const [old, fresh] = await Promise.all([selfSigned(), selfSigned()]);
  const into = await folder();
  const edge = await served(await put(old, into));
  const before = connect({ port: edge.port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(before, 'secureConnect');
  await edge.serves(old);
  await put(fresh, into);
  await edge.serves(fresh);
  before.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  expect(String((await once(before, 'data'))[0])).toMatch(/^HTTP\/1.1 200 /);
  before.destroy();
});

it('serves a certificate that was renamed into place', async () => {
  const [old, fresh] = await Promise.all([selfSigned(), selfSigned()]);
  const into = await folder();
  const files = await put(old, into);
  const edge = await served(files);
  const aside = await folder();
  const next = await put(fresh, aside);
  await rename(next.key, files.key);
  await rename(next.cert, files.cert);
  await edge.serves(fresh);
});

it('serves a certificate that a symlink of its folder was turned to, as Kubernetes does', async () => {
  const [old, fresh] = await Promise.all([selfSigned(), selfSigned()]);
  const root = await folder();
  await Promise.all([mkdir(join(root, '..old')), mkdir(join(root, '..fresh'))]);
  await put(old, join(root, '..old'));
  await put(fresh, join(root, '..fresh'));
  await symlink('..old', join(root, '..data'));
  const files = { cert: join(root, 'cert.pem'), key: join(root, 'key.pem') };
  await symlink(join('..data', 'cert.pem'), files.cert);
  await symlink(join('..data', 'key.pem'), files.key);
  const edge = await served(files);
  await edge.serves(old);
  await symlink('..fresh', join(root, '..data_tmp'));
  await rename(join(root, '..data_tmp'), join(root, '..data'));
  await edge.serves(fresh);
});

it.each([
  ['a key that is another certificate’s', async (files: TlsFiles) => cp((await selfSigned()).key, files.key)],
  ['a file that is no certificate', (files: TlsFiles) => writeFile(files.cert, 'not yet')],
  ['a file that is gone', (files: TlsFiles) => rm(files.key)],
])('goes on with the old certificate, and says so once, after %s', async (_what, spoil) => {
  const [old, fresh] = await Promise.all([selfSigned(), selfSigned()]);
  const files = await put(old, await folder());
  const edge = await served(files);
  const trouble = edge.nextTrouble();
  await spoil(files);
  await trouble;
  expect(edge.told).toMatchObject([{ level: 'error', event: 'certificate_not_renewed', cert: files.cert }]);
  expect(JSON.stringify(edge.told)).not.toContain('PRIVATE KEY');
  await edge.serves(old);
  expect(edge.told).toHaveLength(1);
  await cp(fresh.cert, files.cert);
  await cp(fresh.key, files.key);
  await edge.serves(fresh);
});

it('does not start with a pair that does not fit together', async () => {
  const [one, other] = await Promise.all([selfSigned(), selfSigned()]);
  const start = () =>
    createListener({ host: '127.0.0.1', port: 0, tls: { cert: one.cert, key: other.key }, handle: () => {} });
  expect(start).toThrow(/not the one of the certificate/);
});
