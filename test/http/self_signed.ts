import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';

export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** A key that OpenSSL makes and, by Node's terms, takes from nobody. */
export const TOO_SHORT = ['-newkey', 'rsa:1024'];

const CURVE = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];

/** A fresh certificate for localhost, as files; gone when the test is over. */
export async function selfSigned(newKey?: readonly string[]): Promise<CertificateFiles> {
  const { remove, ...files } = await makeSelfSigned(newKey);
  onTestFinished(remove);
  return files;
}

/** A fresh certificate for localhost, as files, until they are removed. */
export async function makeSelfSigned(
  newKey: readonly string[] = CURVE,
): Promise<CertificateFiles & { readonly remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-tls-'));
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const terms = ['-nodes', '-days', '1'];
  await promisify(execFile)('openssl', ['req', '-x509', ...newKey, ...terms, ...subject, '-keyout', key, '-out', cert]);
  return { cert, key, remove: () => rm(folder, { recursive: true }) };
}
