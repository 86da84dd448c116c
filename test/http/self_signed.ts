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

/** A fresh certificate for localhost, as files; gone when the test is over. */
export async function selfSigned(): Promise<CertificateFiles> {
  const { remove, ...files } = await makeSelfSigned();
  onTestFinished(remove);
  return files;
}

/** A fresh certificate for localhost, as files, until they are removed. */
export async function makeSelfSigned(): Promise<CertificateFiles & { readonly remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-tls-'));
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
  await promisify(execFile)('openssl', ['req', '-x509', ...curve, ...subject, '-keyout', key, '-out', cert]);
  return { cert, key, remove: () => rm(folder, { recursive: true }) };
}
