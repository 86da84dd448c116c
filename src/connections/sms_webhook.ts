import type { Milliseconds } from '../model/units.ts';
import { handOver, type SmsCarrier } from './sms_carrier.ts';

export interface WebhookOptions {
  readonly url: string;
  readonly method: 'POST' | 'PUT';
  readonly headers: Readonly<Record<string, string>>;
  /** With `{recipient}` and `{code}`. */
  readonly body: string;
  readonly timeout: Milliseconds;
}

/** Any HTTP service, by a template of its body. */
export function webhook({ url, method, headers, body, timeout }: WebhookOptions): SmsCarrier {
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(new Headers(headers).get('content-type') ?? '');
  // A number is `+` and digits, which only a form would read as something else.
  const written = isForm ? encodeURIComponent : (text: string) => text;

  return ({ recipient, code }) => {
    const filled = body.replaceAll('{recipient}', written(recipient)).replaceAll('{code}', written(code));
    return handOver(url, { method, headers: { ...headers }, body: filled }, timeout);
  };
}

export function isHeaders(headers: Readonly<Record<string, string>>): boolean {
  try {
    new Headers(headers);
    return true;
  } catch {
    return false;
  }
}
