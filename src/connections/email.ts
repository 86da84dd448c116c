import { z } from 'zod';
import { duration } from '../model/fields.ts';
import { variant } from '../model/variant.ts';
import { createRecipients } from './code_recipients.ts';
import type { ConnectionDependencies, ConnectionVariant, OneTimeCodeConnection } from './connection.ts';
import { type MailCarrier, smtpCarrier } from './email_smtp.ts';

/**
 * One-time codes by e-mail, through an SMTP server. It carries codes and knows whose address is whose; what a code is, and how
 * often one is sent, is decided in `oauth/one_time_codes.ts`.
 */

const line = (text: string): boolean => /^[^\p{Cc}]+$/u.test(text);

const options = z
  .strictObject({
    provider: z
      .enum(['smtp', 'console'])
      .describe('Who sends the mail; `console` prints the codes where the gateway runs, for development.'),
    host: z.string().min(1).max(253).optional().describe('smtp: the server.'),
    port: z.int().min(1).max(65_535).default(587).describe('smtp: its port.'),
    security: z
      .enum(['starttls', 'tls', 'none'])
      .default('starttls')
      .describe('smtp: TLS after a plain beginning, from the beginning (port 465), or not at all.'),
    ca: z
      .string()
      .min(1)
      .optional()
      .describe('smtp: the certificate (PEM) to trust instead of the public ones; file:PATH.'),
    username: z.string().min(1).max(256).optional().describe('smtp: the account, if the server wants one.'),
    password: z.string().min(1).max(1024).optional().describe('smtp: its password; better written as file:PATH.'),
    from: z.string().max(320).refine(line, 'must be one line').optional().describe('smtp: the sender.'),
    subject: z
      .string()
      .max(200)
      .refine(line, 'must be one line')
      .default('Your verification code')
      .describe('The subject.'),
    text: z
      .string()
      .max(4096)
      .refine((text) => text.includes('{code}'), 'must contain {code}')
      .default(
        '{code} is your verification code. It is good for five minutes.\n\nIf you did not ask for it, ignore this mail.\n',
      )
      .describe('The text, with {code}.'),
    timeout: duration().prefault('10s').describe('How long to wait for the server.'),
    sign_up: z.boolean().default(false).describe('Whether an address that nobody has becomes a new user.'),
  })
  .superRefine((it, context) => {
    const report = (key: keyof typeof it, message: string) =>
      context.addIssue({ code: 'custom', path: [key], message });
    if (it.provider === 'smtp') {
      for (const key of ['host', 'from'] as const) {
        if (it[key] === undefined) report(key, 'is missing: provider smtp needs it');
      }
    }
    if ((it.username === undefined) !== (it.password === undefined)) {
      report('password', 'belongs with username: write both, or neither');
    }
    if (it.password !== undefined && it.security === 'none') {
      report('security', 'must be starttls or tls where a password is sent');
    }
  });
export type EmailOptions = z.infer<typeof options>;

export const email: ConnectionVariant = {
  sendsCodes: true,
  ...variant<EmailOptions, ConnectionDependencies, readonly [OneTimeCodeConnection]>({
    type: 'email',
    options,
    create(settings, dependencies) {
      const carry = carrierOf(settings, dependencies);
      return [
        {
          kind: 'otp',
          channel: 'email',
          name: dependencies.name,
          canonical,
          deliver: (recipient, code) => carry({ recipient, code }),
          ...createRecipients({ channel: 'email', signUp: settings.sign_up }, dependencies),
        },
      ];
    },
  }),
};

/** A dot-atom and a host name (RFC 5321 §4.1.2), so that nothing in it is syntax to a mail server: no quotes, comments or lists. */
const ADDRESS =
  /^(?=.{3,254}$)(?=.{1,64}@)[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$/;

/** In lower case: no mail server of today keeps `Alice@` and `alice@` apart. */
function canonical(recipient: string): string | undefined {
  const address = recipient.length <= 320 ? recipient.trim().toLowerCase() : '';
  return ADDRESS.test(address) ? address : undefined;
}

function carrierOf(it: EmailOptions, { name, print = () => {} }: ConnectionDependencies): MailCarrier {
  if (it.provider === 'console') {
    return async ({ recipient, code }) => print(`${name}: the code for ${recipient} is ${code}`);
  }
  // That they are there is what the schema has checked.
  const { host = '', from = '', port, security, ca, username, password, subject, text, timeout } = it;
  const account = username !== undefined && password !== undefined ? { user: username, pass: password } : undefined;
  return smtpCarrier({ host, port, security, ca, account, from, subject, text, timeout });
}
