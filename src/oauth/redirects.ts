/** Where browsers may be sent, and with what. */

/** `http://127.0.0.1` or `http://[::1]`, a port or none, and the rest, which must not begin with anything that moves the host. */
const LOOPBACK = /^http:\/\/(127\.0\.0\.1|\[::1\])(?::(\d{1,5}))?([/?].*)?$/s;

/**
 * Whether a client registered this redirect URI: character by character (RFC 9700 §2.1), except that a native app may choose
 * its port at a loopback address when it starts (RFC 8252 §7.3). `localhost` is no loopback address (RFC 8252 §8.3).
 */
export function isRegistered(redirectUri: string, registered: readonly string[]): boolean {
  if (redirectUri.includes('#')) return false;
  return registered.some((known) => known === redirectUri || sameButForThePort(known, redirectUri));
}

function sameButForThePort(registered: string, sent: string): boolean {
  const [, host, , rest] = LOOPBACK.exec(registered) ?? [];
  const [, sentHost, port, sentRest] = LOOPBACK.exec(sent) ?? [];
  const portIsOne = port === undefined || (Number(port) > 0 && Number(port) < 65_536);
  return host !== undefined && host === sentHost && rest === sentRest && portIsOne;
}

/**
 * A redirect URI with parameters added to whatever query it has (RFC 6749 §3.1.2). The URI is not parsed and written again:
 * the app gets exactly the characters it registered.
 */
export function withParameters(redirectUri: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const pairs = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : [`${encodeURIComponent(name)}=${encodeURIComponent(value.toWellFormed())}`],
  );
  return redirectUri + separatorFor(redirectUri) + pairs.join('&');
}

function separatorFor(redirectUri: string): string {
  if (!redirectUri.includes('?')) return '?';
  return /[?&]$/.test(redirectUri) ? '' : '&';
}
