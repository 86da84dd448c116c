import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A certificate and its key, as PEM files. */
export interface Issued {
  readonly cert: string;
  readonly key: string;
}

/** An authority of one's own, which issues certificates until it is removed with all of them. */
export interface Authority {
  readonly ca: string;
  /** @param names what the certificate is for, such as `DNS:localhost` or `IP:127.0.0.1`; a client's certificate has none. */
  issue(commonName: string, ...names: readonly string[]): Promise<Issued>;
  close(): Promise<void>;
}

const CURVE = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
const openssl = (...args: readonly string[]) => promisify(execFile)('openssl', ['req', '-x509', ...CURVE, ...args]);

export async function startAuthority(): Promise<Authority> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-ca-'));
  const [ca, key] = [join(folder, 'ca.pem'), join(folder, 'ca.key')];
  await openssl('-subj', '/CN=Test authority', '-keyout', key, '-out', ca);
  let serial = 0;
  return {
    ca,
    async issue(commonName, ...names) {
      const issued = { cert: join(folder, `${++serial}.pem`), key: join(folder, `${serial}.key`) };
      const extension = names.length > 0 ? ['-addext', `subjectAltName=${names.join(',')}`] : [];
      const leaf = ['-CA', ca, '-CAkey', key, '-addext', 'basicConstraints=critical,CA:FALSE', ...extension];
      await openssl('-subj', `/CN=${commonName}`, ...leaf, '-keyout', issued.key, '-out', issued.cert);
      return issued;
    },
    close: () => rm(folder, { recursive: true }),
  };
}
