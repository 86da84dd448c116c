import type { SigningKey } from '../model/client.ts';
import { type Seconds, seconds } from '../model/units.ts';
import type { KeyAlgorithm } from './jws.ts';

/** When a key signs: keys of one algorithm follow each other like the links of a chain. */
export type KeySlot = Pick<SigningKey, 'algorithm' | 'activeFrom' | 'activeUntil'>;

/**
 * The key that signs now. Where none has begun yet (this machine's clock is a little behind the one that made the first), it is
 * the next to begin: a verifier asks for the key by its name, not by its time.
 */
export function signingNow<Slot extends KeySlot>(
  slots: readonly Slot[],
  algorithm: KeyAlgorithm,
  now: Seconds,
): Slot | undefined {
  const chain = slots
    .filter((slot) => slot.algorithm === algorithm && slot.activeUntil > now)
    .sort((one, other) => one.activeFrom - other.activeFrom);
  return chain.findLast(({ activeFrom }) => activeFrom <= now) ?? chain[0];
}

/**
 * The link that is missing, if any: there must be a key that signs now, and the one after it must be public already, so that
 * verifiers know it before it signs. The id follows from where the chain ends: nodes that look at the same time make the same
 * link, and the store keeps one of them.
 */
export function missingKey(
  slots: readonly KeySlot[],
  algorithm: KeyAlgorithm,
  now: Seconds,
  rotation: Seconds,
): { readonly id: string; readonly slot: KeySlot } | undefined {
  const chain = slots.filter((slot) => slot.algorithm === algorithm);
  const end = chain.reduce((latest, { activeUntil }) => Math.max(latest, activeUntil), 0);
  const current = signingNow(chain, algorithm, now);
  if (current && end > current.activeUntil) return undefined;
  const activeFrom = current ? current.activeUntil : now;
  return {
    id: `${algorithm}.${end}`,
    slot: { algorithm, activeFrom, activeUntil: seconds(activeFrom + rotation) },
  };
}
