import { DependencyUnavailable } from '../model/failure.ts';
import type { Milliseconds } from '../model/units.ts';

/** Hands a mail with a code over to whoever sends it. @throws DependencyUnavailable when they did not take it. */
export type MailCarrier = (mail: { readonly recipient: string; readonly code: string }) => Promise<void>;

export interface SmtpOptions {
  readonly host: string;
  readonly port: number;
  readonly security: 'starttls' | 'tls' | 'none';
  readonly ca?: string | undefined;
  readonly account?: { readonly user: string; readonly pass: string } | undefined;
  readonly from: string;
  readonly subject: string;
  /** With `{code}`. */
  readonly text: string;
  readonly timeout: Milliseconds;
}

/** A connection for each mail: codes are few, and a connection that is kept may be dead when one is due. */
export function smtpCarrier({ security, timeout, from, subject, text, ...server }: SmtpOptions): MailCarrier {
  const settings = {
    host: server.host,
    port: server.port,
    secure: security === 'tls',
    // Without it, somebody on the way could answer that there is no TLS, and read along.
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    tls: server.ca === undefined ? {} : { ca: server.ca },
    ...(server.account && { auth: server.account }),
    dnsTimeout: timeout,
    connectionTimeout: timeout,
    greetingTimeout: timeout,
    socketTimeout: timeout,
    disableFileAccess: true,
    disableUrlAccess: true,
  };

  return async ({ recipient, code }) => {
    const mail = { from, to: { name: '', address: recipient }, subject, text: text.replaceAll('{code}', code) };
    // Late, because a start without e-mail needs no SMTP.
    const { createTransport } = await import('nodemailer');
    // Each of its timeouts begins anew with every step of the exchange; this one is for all of them together.
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error('late')), timeout);
    try {
      await Promise.race([createTransport(settings).sendMail(mail), late.promise]);
    } catch {
      // What the server said may quote the mail.
      throw new DependencyUnavailable('mail server', 'it did not take the mail');
    } finally {
      clearTimeout(timer);
    }
  };
}
