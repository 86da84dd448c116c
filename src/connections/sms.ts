import { z } from 'zod';
import { duration } from '../model/fields.ts';
import { variant } from '../model/variant.ts';
import { createRecipients } from './code_recipients.ts';
import type { ConnectionDependencies, ConnectionVariant, OneTimeCodeConnection } from './connection.ts';
import { consoleCarrier, type SmsCarrier } from './sms_carrier.ts';
import { twilio } from './sms_twilio.ts';
import { isHeaders, webhook } from './sms_webhook.ts';

/**
 * One-time codes by SMS, through Twilio's REST API or any HTTP service. It carries codes and knows whose number is whose; what a
 * code is, and how often one is sent, is decided in `oauth/one_time_codes.ts`.
 */

const options = z
  .strictObject({
    provider: z
      .enum(['twilio', 'webhook', 'console'])
      .describe('Who sends the messages; `console` prints the codes where the gateway runs, for development.'),
    account_sid: z.string().min(1).max(256).optional().describe('twilio: the account.'),
    auth_token: z.string().min(1).max(256).optional().describe('twilio: its secret; better written as file:PATH.'),
    from: z.string().min(1).max(64).optional().describe('twilio: the number or name that messages come from.'),
    url: z
      .url({ protocol: /^https?$/, error: 'must be a URL such as https://sms.example.com/send' })
      .optional()
      .describe('webhook: where a message is handed over. twilio: another address than https://api.twilio.com.'),
    method: z.enum(['POST', 'PUT']).default('POST').describe('webhook: the method.'),
    headers: z
      .record(z.string(), z.string())
      .refine(isHeaders, 'must be names and values of HTTP headers')
      .default({ 'content-type': 'application/json' })
      .describe('webhook: the headers, such as authorization.'),
    body: z.string().min(1).max(8192).optional().describe('webhook: the body, with {recipient} and {code}.'),
    text: z
      .string()
      .max(320)
      .refine((text) => text.includes('{code}'), 'must contain {code}')
      .default('{code} is your verification code.')
      .describe('twilio: the message, with {code}.'),
    timeout: duration().prefault('5s').describe('How long to wait for the provider.'),
    sign_up: z.boolean().default(false).describe('Whether a number that nobody has becomes a new user.'),
  })
  .superRefine((it, context) => {
    const missing = NEEDED[it.provider].filter((key) => it[key] === undefined);
    for (const key of missing) {
      context.addIssue({ code: 'custom', path: [key], message: `is missing: provider ${it.provider} needs it` });
    }
    const body = it.body;
    if (body !== undefined && !(body.includes('{recipient}') && body.includes('{code}'))) {
      context.addIssue({ code: 'custom', path: ['body'], message: 'must contain {recipient} and {code}' });
    }
    const url = it.url === undefined ? null : URL.parse(it.url);
    if (url?.protocol === 'http:' && !LOOPBACK.test(url.hostname)) {
      context.addIssue({ code: 'custom', path: ['url'], message: 'must use https; http is for loopback addresses' });
    }
  });
export type SmsOptions = z.infer<typeof options>;

const NEEDED = {
  twilio: ['account_sid', 'auth_token', 'from'],
  webhook: ['url', 'body'],
  console: [],
} as const;
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** E.164: a country code and up to 15 digits in all. */
const E164 = /^\+[1-9]\d{6,14}$/;
/** What people write between the digits, to read them. */
const SEPARATORS = /[ .()-]/g;

export const sms: ConnectionVariant = {
  sendsCodes: true,
  ...variant<SmsOptions, ConnectionDependencies, readonly [OneTimeCodeConnection]>({
    type: 'sms',
    options,
    create(settings, dependencies) {
      const carry = carrierOf(settings, dependencies);
      return [
        {
          kind: 'otp',
          channel: 'sms',
          name: dependencies.name,
          canonical,
          deliver: (recipient, code) => carry({ recipient, code }),
          ...createRecipients({ channel: 'sms', signUp: settings.sign_up }, dependencies),
        },
      ];
    },
  }),
};

/** Strict: without a country code nobody knows whose number it is. */
function canonical(recipient: string): string | undefined {
  const digits = recipient.length <= 32 ? recipient.replace(SEPARATORS, '') : '';
  return E164.test(digits) ? digits : undefined;
}

function carrierOf(it: SmsOptions, { name, print }: ConnectionDependencies): SmsCarrier {
  // Which options there are is what the schema has checked; the empty texts are never reached.
  const { account_sid = '', auth_token = '', from = '', url = '', body = '' } = it;
  switch (it.provider) {
    case 'twilio':
      return twilio({
        accountSid: account_sid,
        authToken: auth_token,
        from,
        url: it.url,
        text: it.text,
        timeout: it.timeout,
      });
    case 'webhook':
      return webhook({ url, method: it.method, headers: it.headers, body, timeout: it.timeout });
    case 'console':
      return consoleCarrier(name, print);
  }
}
