import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Check, Checked } from './check.ts';

export const listenersApart: Check = ({ sections, reader }) => {
  const [main, admin] = [sections.listen.values, sections.admin.values];
  if (main.path !== undefined) return;
  if (main.port === undefined || main.port === 0 || main.port !== admin.port) return;
  const everywhere = (host: string | undefined) => host === '0.0.0.0' || host === '::';
  if (main.host !== admin.host && !everywhere(main.host) && !everywhere(admin.host)) return;
  reader.report(['admin', 'port'], `is the port of listen too (${main.port}): choose another`);
};

/** A socket has no host, no port and no URL. */
export const socketAlone: Check = ({ sections, reader }) => {
  const { path, public_url: publicUrl } = sections.listen.values;
  if (path === undefined) return;
  for (const key of ['host', 'port']) {
    if (reader.at(['listen', key]) !== undefined) {
      reader.report(['listen', key], 'is not used with path, which listens on a unix socket alone: remove one of them');
    }
  }
  if (publicUrl === undefined) {
    reader.report(
      ['listen', 'path'],
      'has no URL that clients could use: write the one of the proxy in front as public_url',
    );
  }
};

/** Each process would have a memory of its own, and a token of one would be unknown to the others. */
export const memoryIsOneProcess: Check = ({ sections, reader }) => {
  const { workers } = sections.listen.values;
  if (sections.store.type !== 'memory' || workers === undefined || workers === 1) return;
  reader.report(
    ['listen', 'workers'],
    'must be 1 with the store memory, which processes cannot share: use embedded or redis',
  );
};

export const tlsFiles: Check = (it) => {
  certificateOf('listen', it);
  certificateOf('admin', it);
};

function certificateOf(section: 'listen' | 'admin', { sections, reader, readFile }: Checked): void {
  const { tls } = sections[section].values;
  if (!tls) return;
  let sound = true;
  for (const key of ['cert', 'key'] as const) {
    const objection = objectionTo(
      readFile,
      tls[key],
      key === 'cert' ? /-----BEGIN CERTIFICATE-----/ : /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
    );
    if (objection) reader.report([section, 'tls', key], `the file it names ${objection}`);
    if (objection) sound = false;
  }
  if (sound && !belongTogether(readFile(tls.cert), readFile(tls.key)))
    reader.report([section, 'tls', 'key'], 'the file it names is not the private key of the certificate');
}

export function belongTogether(cert: string, key: string): boolean {
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

export function objectionTo(readFile: (path: string) => string, path: string, begin: RegExp): string | undefined {
  try {
    return begin.test(readFile(path)) ? undefined : 'is not the PEM file it should be';
  } catch (error) {
    return error instanceof Error ? error.message : 'cannot be read';
  }
}

export const refreshOutlivesAccess: Check = ({ sections, reader }) => {
  const { access_ttl: access, refresh_ttl: refresh } = sections.tokens.values;
  if (access === undefined || refresh === undefined || refresh >= access) return;
  reader.report(['tokens', 'refresh_ttl'], 'must not be shorter than access_ttl');
};
