import { constants } from 'node:crypto';
import type { Server } from 'node:https';
import type { TlsOptions } from 'node:tls';
import { checkKeyPair, type KeyPair, readFiles, watchFiles } from '../gateway/tls_files.ts';
import type { Milliseconds } from '../model/units.ts';
import type { Trouble } from './failure_of.ts';

/** PEM files. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/**
 * How TLS is spoken, whatever the certificate: Node's ciphers and curves, nothing that is out of use (RFC 8996), and hands are shaken
 * once, because each time costs us more than the caller.
 */
const TERMS = { minVersion: 'TLSv1.2', secureOptions: constants.SSL_OP_NO_RENEGOTIATION } as const;

/** @throws what the system says of files that cannot be read, or UnusableKeyPair. */
export function tlsOptions(files: TlsFiles, http2: boolean): TlsOptions {
  return {
    ...TERMS,
    ...usable(readFiles(pathsOf(files))),
    handshakeTimeout: 10_000,
    ALPNProtocols: http2 ? ['h2', 'http/1.1'] : ['http/1.1'],
  };
}

/** @throws what the system says of files that cannot be read, or UnusableKeyPair; nothing has changed then. */
export function useCertificate(server: Server, files: TlsFiles): void {
  server.setSecureContext({ ...TERMS, ...usable(readFiles(pathsOf(files))) });
}

/**
 * Serves new handshakes with the files' contents of the moment; a pair that does not fit together changes nothing and is told.
 * @returns what stops it.
 */
export function renewCertificate(
  server: Server,
  files: TlsFiles,
  { trouble, interval }: { readonly trouble: Trouble; readonly interval?: Milliseconds | undefined },
): () => void {
  return watchFiles({
    paths: pathsOf(files),
    interval,
    take: (pair) => server.setSecureContext({ ...TERMS, ...usable(pair) }),
    failed: (error) =>
      trouble('error', 'certificate_not_renewed', {
        cert: files.cert,
        key: files.key,
        reason: error instanceof Error ? error.message : 'unknown',
      }),
  });
}

/** The configuration's object may hold more than the two paths. */
const pathsOf = ({ cert, key }: TlsFiles): TlsFiles => ({ cert, key });

function usable(pair: KeyPair): KeyPair {
  checkKeyPair(pair);
  return pair;
}
