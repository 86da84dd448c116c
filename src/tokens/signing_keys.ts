import type { Clock } from '../model/clock.ts';
import { DependencyUnavailable } from '../model/failure.ts';
import type { TokenPolicy } from '../model/token_policy.ts';
import { inMilliseconds, inSeconds, milliseconds, type Seconds, seconds } from '../model/units.ts';
import type { DocumentStore } from '../stores/document_store.ts';
import type { Jwk, KeyAlgorithm, SignWith } from './jws.ts';
import { keyRecords, type ReadKey } from './key_records.ts';
import { missingKey, signingNow } from './key_schedule.ts';

/** The keys that sign `id_token`s, shared by every node through the store and rotated on a schedule. */
export interface SigningKeys {
  /** What signs now. @throws CorruptRecord, DependencyUnavailable */
  current(algorithm: KeyAlgorithm): Promise<SignWith>;
  /** The key with this name, as long as anything that it signed may be valid. */
  find(kid: string): Promise<ReadKey | undefined>;
  /** Every public key: those that signed what may still be valid, those that sign, and those that will sign next (RFC 7517). */
  published(): Promise<readonly Jwk[]>;
}

/** The algorithms that keys are needed for, when tokens are made by these policies. */
export const keyAlgorithms = (policies: readonly TokenPolicy[]): readonly KeyAlgorithm[] => [
  ...new Set(policies.flatMap(({ idTokens }) => (idTokens === 'HS256' ? [] : idTokens))),
];

export interface SigningKeysDependencies {
  readonly documents: DocumentStore;
  readonly clock: Clock;
  /** Those that are needed; a key of another algorithm is not made, but published and believed as long as it is there. */
  readonly algorithms: readonly KeyAlgorithm[];
  /** How long each key signs. */
  readonly rotation: Seconds;
  /** How long what they sign is valid. */
  readonly tokenTtl: Seconds;
  readonly serverSecret?: string | undefined;
}

/** Keys are public for a day longer than they must be: clocks differ, and `tokenTtl` may have been longer before. */
const MARGIN = 86_400;
const MOST_KEYS = 1_000;
/** The keys that were read serve for so long: far less than a key is public before it signs. */
const FRESH = milliseconds(60_000);
/** A name that nobody knows makes us look again, but not for every token that a stranger invents. */
const FRESH_FOR_UNKNOWN = milliseconds(1_000);
/** Links of the chain that somebody else may make first. */
const MOST_ROUNDS = 8;

export function createSigningKeys(deps: SigningKeysDependencies): SigningKeys {
  const { documents, clock, algorithms, rotation } = deps;
  const records = keyRecords(deps.serverSecret);
  const overlap = seconds(deps.tokenTtl + MARGIN);
  const fresh = Math.min(FRESH, inMilliseconds(rotation) / 4);
  let held: { readonly keys: readonly ReadKey[]; readonly at: number } | undefined;
  let loading: Promise<readonly ReadKey[]> | undefined;
  const now = () => inSeconds(clock.now());

  /** The keys as they were at most `maxAge` ago. However many ask at once, the store is asked once. */
  function keysWithin(maxAge: number): Promise<readonly ReadKey[]> {
    if (held && clock.monotonic() - held.at <= maxAge) return Promise.resolve(held.keys);
    loading ??= load().finally(() => {
      loading = undefined;
    });
    return loading;
  }

  async function load(): Promise<readonly ReadKey[]> {
    const at = clock.monotonic();
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const { items } = await documents.list('signing_key', MOST_KEYS);
      const slots = items.map(({ document }) => document);
      const missing = algorithms.flatMap((algorithm) => missingKey(slots, algorithm, now(), rotation) ?? []);
      if (missing.length === 0) {
        const past = items.filter(({ document }) => document.publishedUntil <= now());
        await Promise.all(past.map(({ id }) => documents.delete('signing_key', id)));
        const living = items.filter((item) => !past.includes(item));
        const keys = await Promise.all(living.map(({ id, document }) => records.read(id, document)));
        held = { keys: keys.map((key) => known(key)), at };
        return held.keys;
      }
      // Whoever is first makes the key; the others find it in the next round.
      for (const { id, slot } of missing) {
        await documents.put('signing_key', id, await records.make(slot, overlap), { ifAbsent: true });
      }
    }
    throw new DependencyUnavailable('document store', 'the signing keys could not be settled');
  }

  /** A key that was read before, with its private half already open. */
  const known = (key: ReadKey): ReadKey =>
    held?.keys.find(({ kid, activeUntil }) => kid === key.kid && activeUntil === key.activeUntil) ?? key;

  return {
    async current(algorithm) {
      const key =
        signingNow(await keysWithin(fresh), algorithm, now()) ?? signingNow(await keysWithin(0), algorithm, now());
      if (!key) throw new DependencyUnavailable('document store', `there is no signing key for ${algorithm}`);
      return key.signWith();
    },
    async find(kid) {
      const named = (keys: readonly ReadKey[]) => keys.find((key) => key.kid === kid && key.publishedUntil > now());
      return named(await keysWithin(fresh)) ?? named(await keysWithin(FRESH_FOR_UNKNOWN));
    },
    async published() {
      const keys = await keysWithin(fresh);
      return keys.filter(({ publishedUntil }) => publishedUntil > now()).map(({ publicJwk }) => publicJwk);
    },
  };
}
