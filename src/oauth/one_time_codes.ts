import { createHmac, randomInt } from 'node:crypto';
import type { OneTimeCodeConnection } from '../connections/connection.ts';
import type { Clock } from '../model/clock.ts';
import type { Caller } from '../model/protocol.ts';
import type { TokenHash, TokenRef } from '../model/token.ts';
import { inSeconds, milliseconds, seconds } from '../model/units.ts';
import type { CounterStore } from '../stores/counter_store.ts';
import type { TokenStore } from '../stores/token_store.ts';
import { hashToken, sameSecret } from '../tokens/hashing.ts';
import { type Admit, createAdmission } from './bounds.ts';
import { createRehearsals } from './rehearsals.ts';
import { createSendCaps } from './send_caps.ts';

/**
 * One-time codes: six digits, sent to a phone or a mailbox, good for five minutes and one sign-in. Whether a recipient is known
 * shows neither in an answer nor in its time. The channels (`connections/`) only carry what this file decides.
 */
export interface OneTimeCodes {
  /**
   * Sends a fresh code, which replaces the last one. Nobody is sent one who could not sign in with it.
   * @param recipient canonical. @throws ProtocolError `too_many_attempts`, DependencyUnavailable: then the last code still counts.
   */
  send(connection: OneTimeCodeConnection, recipient: string, caller: Caller): Promise<void>;
  /**
   * Whether this is the code, which is used up then.
   * @param recipient canonical. @throws ProtocolError `too_many_attempts` after five tries, however many codes were sent meanwhile.
   */
  redeem(connection: OneTimeCodeConnection, recipient: string, code: string): Promise<boolean>;
}

export interface OneTimeCodesDependencies {
  readonly store: TokenStore;
  readonly counters: CounterStore;
  readonly clock: Clock;
  /** The key of what is stored: a million possible codes are soon tried against a hash without one. */
  readonly secret: string;
}

const DIGITS = 6;
const LIFETIME = seconds(5 * 60);
/** Two counters, so that a code has five tries whenever the recipient's window ends, and a resend gives no more. */
const TRIES_PER_RECIPIENT = { most: 5, window: milliseconds(LIFETIME * 1000) };
const TRIES_PER_CODE = { most: 5, window: milliseconds(2 * LIFETIME * 1000) };

export function createOneTimeCodes({ store, counters, clock, secret }: OneTimeCodesDependencies): OneTimeCodes {
  const caps = createSendCaps({ counters, clock });
  const admit: Admit = createAdmission({ counters, clock });
  const rehearsals = createRehearsals(clock);

  /** Not the number or the address itself, nor a hash that it could be found from. */
  function refOf({ name }: OneTimeCodeConnection, recipient: string): TokenRef {
    const hash = hmac('recipient', name, recipient);
    return { tag: hash.slice(0, 8), hash };
  }

  // The one place besides tokens/hashing.ts where text becomes a TokenHash: as long and as unpredictable.
  const hmac = (...parts: readonly string[]): TokenHash =>
    createHmac('sha256', secret).update(JSON.stringify(parts)).digest('base64url') as TokenHash;

  return {
    async send(connection, recipient, caller) {
      // 1. May another one be sent? Counted for everybody alike.
      const excuse = await caps(connection, recipient, caller);

      // 2. Sent to whom it concerns. For anybody else this takes as long, and ends in the same way.
      const code = String(randomInt(10 ** DIGITS)).padStart(DIGITS, '0');
      try {
        const known = await connection.identify(recipient);
        if (known) await rehearsals.perform(connection.name, () => connection.deliver(recipient, code));
        else await rehearsals.pretend(connection.name);
      } catch (error) {
        // Counters that are away too do not change what went wrong first.
        await excuse().catch(() => {});
        throw error;
      }

      // 3. Kept now that it was sent: a code that never left must not replace one that did.
      const expiresAt = seconds(inSeconds(clock.now()) + LIFETIME);
      const mac = hmac('code', connection.name, recipient, code);
      await store.put([{ kind: 'otp', ref: refOf(connection, recipient), record: { mac, expiresAt } }]);
    },

    async redeem(connection, recipient, code) {
      const ref = refOf(connection, recipient);
      const tries = `otp:recipient:${ref.hash}`;
      await admit(tries, TRIES_PER_RECIPIENT);

      // A recipient without a code costs the same work as one with.
      const record = await store.get('otp', ref);
      await admit(`otp:code:${hashToken(record?.mac ?? ref.hash)}`, TRIES_PER_CODE);
      const right = sameSecret(hmac('code', connection.name, recipient, code), record?.mac ?? '');
      if (!right || !record) return false;

      // Of many who have it right at once, one takes it; and a code that was sent meanwhile is another one.
      const taken = await store.take('otp', ref);
      if (taken?.mac !== record.mac) return false;
      await counters.reset(tries);
      return true;
    },
  };
}
