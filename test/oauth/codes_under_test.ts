import type { Connection, UserDirectory } from '../../src/connections/connection.ts';
import { email } from '../../src/connections/email.ts';
import { sms } from '../../src/connections/sms.ts';
import { systemClock } from '../../src/model/clock.ts';
import type { Identity } from '../../src/model/token.ts';
import { alice, app, type Core, type CoreOptions, caller, startCore } from './core_under_test.ts';

/** The protocol core with connections that send one-time codes to alice, and the codes that were printed. */

export const PHONE = '+15550100';
export const owner = { ...alice, phoneNumber: PHONE };

export interface CodesOptions extends CoreOptions {
  readonly signUp?: boolean;
  /** Runs instead of printing: a provider that is slow or down. */
  readonly deliver?: (line: string) => Promise<void>;
}

export async function startCodes(options: CodesOptions = {}) {
  const lines: string[] = [];
  const connections = (users: UserDirectory): readonly Connection[] =>
    [sms, email].flatMap((variant) => {
      const settings = variant.options.parse({ provider: 'console', sign_up: options.signUp ?? false });
      const made = variant.create(settings, {
        name: variant.type,
        clock: systemClock,
        users,
        passwords: { verify: async () => false },
        print: (line) => lines.push(line),
        report: () => {},
      });
      return made.map((it) => (it.kind === 'otp' ? delivering(it, options.deliver) : it));
    });
  const core = await startCore({ users: [owner], ...options, connections });
  return {
    ...core,
    lines,
    /** The code of the last message. */
    lastCode: () => /(\d{6})$/.exec(lines.at(-1) ?? '')?.[1] ?? 'none',
    send: (recipient: string, connection = 'sms', address = caller.address) =>
      sendTo(core, recipient, connection, address),
    redeem: (
      code: string,
      recipient = PHONE,
      connection = 'sms',
      address = caller.address,
    ): Promise<Identity | undefined> =>
      core.desk.signIn(app, { caller: { address }, connection, username: recipient, password: code }),
  };
}
export type Codes = Awaited<ReturnType<typeof startCodes>>;

const sendTo = (core: Core, recipient: string, connection: string, address: string) =>
  core.protocol.operations.send_code({ clientId: 'app', connection, recipient, caller: { address } });

function delivering<C extends Extract<Connection, { kind: 'otp' }>>(it: C, deliver: CodesOptions['deliver']): C {
  if (!deliver) return it;
  return {
    ...it,
    async deliver(recipient, code) {
      await deliver(code);
      await it.deliver(recipient, code);
    },
  };
}

export const another = (code: string): string => (code === '000000' ? '000001' : '000000');
