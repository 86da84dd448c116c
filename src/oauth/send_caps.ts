import type { OneTimeCodeConnection } from '../connections/connection.ts';
import type { Clock } from '../model/clock.ts';
import { networkOf } from '../model/networks.ts';
import type { Caller } from '../model/protocol.ts';
import { milliseconds } from '../model/units.ts';
import type { CounterStore } from '../stores/counter_store.ts';
import { hashToken } from '../tokens/hashing.ts';
import { type Bound, createAdmission, type Excuse } from './bounds.ts';

/**
 * How many codes may be sent. Messages cost money, and whoever owns an expensive range of numbers earns by having them sent there
 * (SMS pumping): so they are capped by the range too, not by the number alone. Known or unknown recipients count alike.
 * @throws ProtocolError `too_many_attempts`. @returns what takes the count back when nothing was sent.
 */
export type SendCaps = (connection: OneTimeCodeConnection, recipient: string, caller: Caller) => Promise<Excuse>;

const HOUR = milliseconds(3_600_000);
const PER_ADDRESS: Bound = { most: 30, window: HOUR };
const PER_RECIPIENT: Bound = { most: 5, window: milliseconds(15 * 60_000) };
const PER_RECIPIENT_AND_DAY: Bound = { most: 20, window: milliseconds(24 * HOUR) };
const PER_PREFIX: Bound = { most: 50, window: HOUR };
/** `+` with the country and the first digits after it: what one operator sells as a range. */
const PREFIX_LENGTH = 6;

export function createSendCaps(deps: { readonly counters: CounterStore; readonly clock: Clock }): SendCaps {
  const admit = createAdmission(deps);

  return async ({ name, channel }, recipient, { address }) => {
    const to = hashToken(`${name}:${recipient}`);
    // The caller first: one that is refused must not use up what others are sent.
    const caps: (readonly [key: string, bound: Bound])[] = [
      [`send:address:${networkOf(address)}`, PER_ADDRESS],
      [`send:recipient:${to}`, PER_RECIPIENT],
      [`send:day:${to}`, PER_RECIPIENT_AND_DAY],
    ];
    if (channel === 'sms') caps.push([`send:prefix:${recipient.slice(0, PREFIX_LENGTH)}`, PER_PREFIX]);

    const excuses: Excuse[] = [];
    for (const [key, bound] of caps) excuses.push(await admit(key, bound));
    return async () => {
      await Promise.all(excuses.map((excuse) => excuse()));
    };
  };
}
