import { createHmac } from 'node:crypto';
import { z } from 'zod';
import type { Actor } from '../../model/audit.ts';
import type { Clock } from '../../model/clock.ts';
import type { KeptAnswer, TokenRef } from '../../model/token.ts';
import { type Milliseconds, type Seconds, seconds } from '../../model/units.ts';
import type { WireResponse } from '../../model/wire.ts';
import type { TokenStore } from '../../stores/token_store.ts';
import { sameDigest, tokenHash } from '../../tokens/hashing.ts';
import { keyFor, openSealed, sealText } from '../../tokens/sealing.ts';
import { ApiProblem } from './problems.ts';

/** A request that must not be done twice. */
export interface OnceRequest {
  /** What the caller chose for it; undefined: they do not mind. */
  readonly key: string | undefined;
  readonly actor: Actor;
  readonly method: string;
  /** The canonical path. */
  readonly path: string;
  readonly body: unknown;
}

/**
 * Does what is asked once for each key of an actor, and answers the same again for a day: of any number of requests at once, one is
 * done. Only what was done is kept; what was refused may be sent again with the same key.
 *
 * While it is under way the key is held by a lease, which is renewed until there is an answer. When the process that does it dies, or
 * cannot write for that long, the lease ends and the next request with the key is done anew: nobody can know how far the first one came.
 *
 * The store learns neither the key nor the answer, which may hold a secret: the answer is sealed with a key that follows from the
 * caller's, and the request is known by an HMAC with it.
 * @throws ApiProblem `under_way`, `key_reused`, and what `act` throws.
 */
export type Once = (request: OnceRequest, act: () => Promise<WireResponse>) => Promise<WireResponse>;

export interface OnceDependencies {
  readonly store: Pick<TokenStore, 'get' | 'put' | 'take' | 'claim'>;
  readonly clock: Clock;
  /** Without it whoever can read the store can try out keys that people would think of. */
  readonly serverSecret: () => string | undefined;
  /** How long a key is held by a request of which nothing is heard any more; a minute by default. */
  readonly lease?: Seconds | undefined;
}

const KEPT = seconds(24 * 60 * 60);
const LEASE = seconds(60);
/** In the time of one lease, so that a lost one does not end it. */
const RENEWALS = 3;
const REPLAYED = ['Idempotency-Replayed', 'true'] as const;

const kept = z.strictObject({
  status: z.int(),
  headers: z.array(z.tuple([z.string(), z.string()])),
  body: z.string(),
});

export function createOnce({ store, clock, serverSecret, lease = LEASE }: OnceDependencies): Once {
  const renewalTime = (lease * 1000) / (RENEWALS + 1);
  /** Rounded up, so that a lease is never shorter than it says. */
  const after = (time: Seconds): Seconds => seconds(Math.ceil(clock.now() / 1000) + time);

  const write = (ref: TokenRef, record: KeptAnswer): Promise<void> => store.put([{ kind: 'answer', ref, record }]);

  return async (request, act) => {
    const { key } = request;
    if (key === undefined) return act();
    const keys = keysFor(key, request, serverSecret());
    const underWay = () => ({ fingerprint: keys.fingerprint, sealed: '', expiresAt: after(lease) });

    // 1. One of all that come with this key goes on.
    const began = clock.monotonic();
    if (!(await store.claim(keys.ref, underWay()))) return replay(keys);
    const holding = hold(began, () => write(keys.ref, underWay()));
    let answer: WireResponse;
    try {
      answer = await act();
    } catch (error) {
      // 2. Not done: it may be tried again, at once or, if that cannot be written, when the lease is over.
      await holding.end();
      if (holding.lasts()) await store.take('answer', keys.ref).catch(() => undefined);
      throw error;
    }
    // 3. Done. What cannot be written now is tried until the lease is over: somebody may be asking for it.
    await holding.end();
    const sealed = sealText(JSON.stringify(answer), keys.seal, keys.owner);
    const finished = async () => {
      const record = { fingerprint: keys.fingerprint, sealed, expiresAt: after(KEPT) };
      if (holding.lasts()) await write(keys.ref, record);
      else await store.claim(keys.ref, record);
    };
    await finished().catch(() => tryAgain(finished));
    return answer;
  };

  /**
   * Renews until it is ended, and a renewal under way is over: it must not be written over the answer. Once the lease is over, which it
   * is when nothing could be written for so long, or this process stood still, the key may be somebody else's: it is left alone.
   */
  function hold(began: Milliseconds, renew: () => Promise<void>): { end(): Promise<void>; lasts(): boolean } {
    let since = began;
    let renewing = Promise.resolve();
    const lasts = (): boolean => clock.monotonic() - since < lease * 1000;
    const again = async (): Promise<void> => {
      const now = clock.monotonic();
      if (!lasts()) return;
      await renew();
      since = now;
    };
    const timer = setInterval(() => {
      renewing = renewing.then(again).catch(() => {});
    }, renewalTime).unref();
    return {
      lasts,
      async end() {
        clearInterval(timer);
        await renewing;
      },
    };
  }

  function tryAgain(finish: () => Promise<void>, left = RENEWALS): void {
    if (left > 0) setTimeout(() => void finish().catch(() => tryAgain(finish, left - 1)), renewalTime).unref();
  }

  async function replay({ ref, fingerprint, seal, owner }: Keys): Promise<WireResponse> {
    const found = await store.get('answer', ref);
    if (found && !sameDigest(found.fingerprint, fingerprint)) {
      throw new ApiProblem('key_reused', 'This Idempotency-Key was used for another request: choose a new one.');
    }
    if (!found || found.sealed === '') {
      const left = found ? Math.max(1, Math.ceil(found.expiresAt - clock.now() / 1000)) : 1;
      const detail = `The first request with this Idempotency-Key is not over. If it broke off, sending it again after ${left} s does it anew.`;
      throw new ApiProblem('under_way', detail, { retryAfter: 1 });
    }
    const { headers, ...answer } = kept.parse(JSON.parse(openSealed(found.sealed, seal, owner)));
    return { ...answer, headers: [...headers, REPLAYED] };
  }
}

type Keys = ReturnType<typeof keysFor>;

/** Everything follows from the key, the actor and, if there is one, the server's secret. */
function keysFor(key: string, { actor, method, path, body }: OnceRequest, secret = '') {
  const derived = (what: string) =>
    keyFor(`${key}\n${secret}`, `gatehouse idempotency ${what} ${actor.kind} ${actor.id}`);
  const place = derived('place').toString('base64url');
  const fingerprint = createHmac('sha256', derived('request')).update(JSON.stringify([method, path, body ?? null]));
  return {
    ref: { tag: place.slice(0, 8), hash: tokenHash(place) },
    fingerprint: fingerprint.digest('base64url'),
    seal: derived('answer'),
    /** Opens for this request of this actor alone. */
    owner: `${actor.id} ${method} ${path}`,
  };
}

/** @throws ApiProblem `malformed` for a header that is no key. */
export function idempotencyKeyOf(header: string | readonly string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && /^[\x21-\x7e]{16,128}$/.test(header)) return header;
  const detail = 'Idempotency-Key must be 16 to 128 visible ASCII characters, such as a random UUID.';
  throw new ApiProblem('malformed', detail);
}
