import { DependencyUnavailable } from '../model/failure.ts';
import type { Milliseconds } from '../model/units.ts';

/** A code for a number. */
export interface Message {
  readonly recipient: string;
  readonly code: string;
}

/** Hands a message over to whoever sends it. @throws DependencyUnavailable when they did not take it. */
export type SmsCarrier = (message: Message) => Promise<void>;

/** Prints the message for the developer. */
export const consoleCarrier =
  (connection: string, print: (line: string) => void = () => {}): SmsCarrier =>
  async ({ recipient, code }) =>
    print(`${connection}: the code for ${recipient} is ${code}`);

/**
 * One request to a provider. What it answers is nobody's business but the provider's: it may quote the message.
 * @throws DependencyUnavailable unless it says 2xx in time.
 */
export async function handOver(url: string, request: RequestInit, timeout: Milliseconds): Promise<void> {
  const status = await fetch(url, { ...request, redirect: 'manual', signal: AbortSignal.timeout(timeout) }).then(
    async (response) => {
      await response.body?.cancel();
      return response.status;
    },
    // The error names the address, which may carry a key.
    () => undefined,
  );
  if (status === undefined) throw new DependencyUnavailable('SMS provider', 'no answer');
  if (status < 200 || status > 299) throw new DependencyUnavailable('SMS provider', `answered ${status}`);
}
