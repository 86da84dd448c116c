import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { BerReader } from 'ldapts';
import { DependencyUnavailable } from '../model/failure.ts';
import type { Milliseconds } from '../model/units.ts';

/**
 * Opens sockets to directory servers, encrypted as configured, before any LDAP library sees them. StartTLS is done here because what
 * it must guard against is easily lost: nothing that was received before the encryption may be read after it, and a connection that
 * breaks must never be opened again without it.
 */
export interface SocketSettings {
  readonly startTls: boolean;
  /** Authorities to trust, as PEM; absent: the system's. */
  readonly ca: string | undefined;
  readonly connectTimeout: Milliseconds;
  /** For each step after the connection stands. */
  readonly operationTimeout: Milliseconds;
}

/** ExtendedRequest, message 1, of 1.3.6.1.4.1.1466.20037 (RFC 4511 §4.14.1). */
const START_TLS = Buffer.from('301d02010177188016312e332e362e312e342e312e313436362e3230303337', 'hex');
const MESSAGE = 0x30;
const EXTENDED_RESPONSE = 0x78;
const LONGEST_ANSWER = 4096;

/** @throws DependencyUnavailable when the server cannot be reached, or not as securely as configured, or `deadline` comes first. */
export async function openSocket(server: string, settings: SocketSettings, deadline: AbortSignal): Promise<Socket> {
  const { protocol, hostname, port } = new URL(server);
  const isSecure = protocol === 'ldaps:';
  const host = hostname.replace(/^\[|\]$/g, '');
  const socket = connect({ host, port: port === '' ? (isSecure ? 636 : 389) : Number(port), noDelay: true });
  const closed = new AbortController();
  socket.once('close', () => closed.abort(refusal('CLOSED')));
  const within = (time: Milliseconds) => ({
    signal: AbortSignal.any([deadline, closed.signal, AbortSignal.timeout(time)]),
  });

  const encrypted = async (): Promise<TLSSocket> => {
    const name = isIP(host) === 0 ? { servername: host } : {};
    const tls = connectTls({ socket, host, ...name, ...(settings.ca !== undefined && { ca: settings.ca }) });
    tls.on('error', ignore);
    await once(tls, 'secureConnect', within(settings.operationTimeout));
    return tls;
  };

  // A socket whose error nobody listens to ends the process; who waits for it is told by `once`.
  socket.on('error', ignore);
  try {
    await once(socket, 'connect', within(settings.connectTimeout));
    if (isSecure) return await encrypted();
    if (!settings.startTls) return socket;
    await askForTls(socket, within(settings.operationTimeout).signal);
    return await encrypted();
  } catch (error) {
    socket.destroy();
    throw new DependencyUnavailable('ldap', `no connection (${codeOf(error)})`);
  }
}

async function askForTls(socket: Socket, signal: AbortSignal): Promise<void> {
  socket.write(START_TLS);
  let received: Buffer = Buffer.alloc(0);
  for (;;) {
    const [chunk] = await once(socket, 'data', { signal });
    received = Buffer.concat([received, chunk]);
    const answer = new BerReader(received);
    if (answer.readSequence(MESSAGE) === null || answer.remain < answer.length) {
      if (received.length > LONGEST_ANSWER) throw refusal('NO_START_TLS');
      continue;
    }
    // One byte more, and somebody in between has put in what would be read as if it had come encrypted.
    if (answer.remain > answer.length) throw refusal('BYTES_BEFORE_TLS');
    const isGranted =
      answer.readInt() === 1 && answer.readSequence(EXTENDED_RESPONSE) !== null && answer.readEnumeration() === 0;
    if (!isGranted) throw refusal('NO_START_TLS');
    return;
  }
}

const refusal = (code: string): Error => Object.assign(new Error(code), { code });

/** A code such as ECONNREFUSED or CERT_HAS_EXPIRED. Messages quote addresses and certificates, so they stay here. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'UNKNOWN';
  // What `once` throws for a signal has the signal's own reason as its cause.
  if (error.name === 'AbortError') return error.cause === undefined ? 'TIMEOUT' : codeOf(error.cause);
  if (error.name === 'TimeoutError') return 'TIMEOUT';
  return 'code' in error && /^[A-Z][A-Z0-9_]{1,63}$/.test(String(error.code)) ? String(error.code) : 'UNKNOWN';
}

function ignore(): void {}
