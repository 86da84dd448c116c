import type { Client } from '../model/client.ts';
import type { Clock } from '../model/clock.ts';
import { CorruptRecord, DependencyUnavailable } from '../model/failure.ts';
import type { RevocationRequest } from '../model/protocol.ts';
import type { TokenRef } from '../model/token.ts';
import { inSeconds, milliseconds, type Seconds } from '../model/units.ts';
import type { Denials, TokenStore } from '../stores/token_store.ts';
import { familyRef, isLastAccess } from '../tokens/families.ts';
import { refOf } from '../tokens/format.ts';
import type { AuthenticateClient } from './client_authentication.ts';

export interface RevocationDependencies {
  readonly authenticate: AuthenticateClient;
  readonly store: TokenStore;
  readonly clock: Clock;
  /** What this node can do while the store is away; absent: say so, and nothing else. */
  readonly alone?: Alone | undefined;
}

export interface Alone {
  /** As `authenticate`, with wrong secrets counted on this node. */
  readonly authenticate: AuthenticateClient;
  readonly denials: Denials;
}

/** The store itself must answer, or each step would wait for it anew. */
const NO_STALENESS = milliseconds(0);

/**
 * RFC 7009: a refresh token takes its family with it (§2.1), an access token goes alone, unless it was all that is left of it. A token that is unknown, or another
 * client's, is answered in the same way and left as it is: the answer tells nobody which tokens exist.
 *
 * While the store is away the answer is 503, and this node denies what the token may stand for from then on (G5). The first step
 * that gets no answer is the last one that asks, so a caller waits for one budget of time.
 */
export function createRevocation(deps: RevocationDependencies): (request: RevocationRequest) => Promise<undefined> {
  const { authenticate, store, clock, alone } = deps;
  const now = (): Seconds => inSeconds(clock.now());

  return async ({ credentials, caller, token }) => {
    const ref = refOf(token);
    let client: Client | undefined;
    let finish: (() => Promise<unknown>) | undefined;
    try {
      client = await authenticate(credentials, caller);
      finish = ref && (await ending(store, client, ref, now()));
    } catch (error) {
      if (!(error instanceof DependencyUnavailable) || !alone || !ref) throw error;
      const known = client ?? (await alone.authenticate(credentials, caller));
      alone.denials.deny(ref, known.id, async (behind) => (await ending(behind, known, ref, now()))?.());
      throw error;
    }
    // What fails from here on the store in front denies by itself, as it is told what it is.
    await finish?.();
    return undefined;
  };
}

/** @returns what ends the token, if it is one of this client's. */
async function ending(
  store: TokenStore,
  client: Client,
  ref: TokenRef,
  now: Seconds,
): Promise<(() => Promise<unknown>) | undefined> {
  const access = await Promise.try(() => store.get('access', ref, NO_STALENESS)).catch(orCorrupt);
  // Nobody can say whose it was, and nobody can use it: it may go.
  if (access instanceof CorruptRecord) return () => store.take('access', ref).catch(orCorrupt);
  if (access) {
    if (access.client !== client.id) return undefined;
    const grant = familyRef(ref.tag, access.family);
    const whole = await Promise.try(() => store.get('family', grant)).catch(orCorrupt);
    // Ended in one step: taken first, a grant with nothing left would stay listed if the next step failed.
    const isLast = whole && !(whole instanceof CorruptRecord) && isLastAccess(whole, ref.hash, now);
    return isLast ? () => store.revoke(grant) : () => store.take('access', ref);
  }
  const refresh = await store.get('refresh', ref);
  if (!refresh) return undefined;
  const family = familyRef(ref.tag, refresh.family);
  const owner = (await store.get('family', family))?.client;
  return owner === client.id ? () => store.revoke(family) : undefined;
}

/** @returns a record that cannot be read as the fact that it cannot. @throws everything else. */
function orCorrupt(error: unknown): CorruptRecord {
  if (error instanceof CorruptRecord) return error;
  throw error;
}
