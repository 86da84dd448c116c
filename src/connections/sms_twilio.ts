import type { Milliseconds } from '../model/units.ts';
import { handOver, type SmsCarrier } from './sms_carrier.ts';

export interface TwilioOptions {
  readonly accountSid: string;
  readonly authToken: string;
  readonly from: string;
  /** Another address than Twilio's own. */
  readonly url?: string | undefined;
  readonly text: string;
  readonly timeout: Milliseconds;
}

/** Twilio's REST API, version 2010-04-01: a form to the account's messages. */
export function twilio({ accountSid, authToken, from, url, text, timeout }: TwilioOptions): SmsCarrier {
  const base = (url ?? 'https://api.twilio.com').replace(/\/$/, '');
  const messages = `${base}/2010-04-01/Accounts/${encodeURIComponent(accountSid)}/Messages.json`;
  const authorization = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`;

  return ({ recipient, code }) => {
    const body = new URLSearchParams({ To: recipient, From: from, Body: text.replaceAll('{code}', code) });
    return handOver(messages, { method: 'POST', headers: { authorization }, body }, timeout);
  };
}
