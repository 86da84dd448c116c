import type { Clock } from '../model/clock.ts';
import type { TokenSettings } from '../model/config.ts';
import { DependencyUnavailable, ProtocolError } from '../model/failure.ts';
import type { TokenAnswer } from '../model/protocol.ts';
import type { Authorization, Family, Identity, TokenRef } from '../model/token.ts';
import type { TokenPolicy } from '../model/token_policy.ts';
import { inSeconds, type Seconds, seconds } from '../model/units.ts';
import type { TokenStore } from '../stores/token_store.ts';
import { listAccess, listRefresh, newFamilyRef } from './families.ts';
import { tokenHash } from './hashing.ts';
import { type Cast, mintAccess, mintRefresh } from './minting.ts';
import { seal, unseal } from './replay.ts';
import { planRotation } from './rotation.ts';
import type { TokenMarks } from './token_marks.ts';

/** Makes tokens and writes their records: the only code that mints what clients hold. */
export interface Issuer {
  /** Begins a family. Its refresh token lives for the refresh time from now, and each rotation starts that time anew. */
  issue(order: IssueOrder): Promise<TokenAnswer>;
  /**
   * Replaces the presented refresh token by a new pair; inside the grace window it gives the last pair again. Where the policy
   * does not rotate, the refresh token stays as it is and the answer has none.
   * @throws ProtocolError `invalid_refresh_token` for a token that was rotated out before, after ending its family.
   */
  refresh(order: RefreshOrder): Promise<TokenAnswer>;
  /** Ends a family: every access and refresh token of it. @returns whether there was one. */
  end(family: TokenRef): Promise<boolean>;
}

export interface IssueOrder {
  readonly policy: TokenPolicy;
  readonly authorization: Authorization;
  /** What the family may ever have: the scopes of the authorization, or fewer if the client asked for fewer. */
  readonly scopes: readonly string[];
  readonly refreshable: boolean;
  /** Fixed beforehand for codes; absent for a fresh one. */
  readonly family?: TokenRef | undefined;
  readonly device?: string | undefined;
}

export interface RefreshOrder {
  readonly policy: TokenPolicy;
  /** Where the family lives. */
  readonly ref: TokenRef;
  /** The family as it was read; if it has changed since, it is read again. */
  readonly family: Family;
  /** The refresh token as the client sent it. */
  readonly presented: string;
  /** What the new access token may do; the family keeps its own scopes (RFC 6749 §6). */
  readonly scopes: readonly string[];
  /** Who the user is by now; absent for what the family says. */
  readonly user?: Identity | undefined;
}

export interface IssuerDependencies {
  readonly store: TokenStore;
  readonly clock: Clock;
  readonly settings: TokenSettings;
  /** Marks what is minted; absent: nothing is marked. */
  readonly marks?: Pick<TokenMarks, 'key'> | undefined;
  /** Told of a family that was ended because one of its old refresh tokens came again. */
  readonly reused?: ((family: Family, ref: TokenRef) => void) | undefined;
  /**
   * Whether the client and the user are still served. Asked once the tokens are written: whoever ends what somebody holds then either
   * finds them, or was there before and is seen here.
   */
  readonly mayHold?: ((authorization: Authorization) => Promise<boolean>) | undefined;
}

/** Rounds in which somebody else may change the family first. */
const MOST_ROUNDS = 32;

export function createIssuer(deps: IssuerDependencies): Issuer {
  const { store, clock, settings, marks, reused: told, mayHold } = deps;

  async function issue(order: IssueOrder): Promise<TokenAnswer> {
    const now = inSeconds(clock.now());
    const ref = order.family ?? newFamilyRef(order.policy);
    const authorization = { ...authorizationOf(order.authorization), scopes: order.scopes };
    const casts = await castsOf(order.policy, now);
    const access = mintAccess(ref, authorization, casts.access);
    const refresh = order.refreshable ? mintRefresh(ref, 0, casts.refresh) : undefined;
    const family: Family = {
      ...authorization,
      id: ref.hash,
      ...(order.device !== undefined && { device: order.device }),
      generation: 0,
      live: [access.listing],
      refresh: refresh ? [refresh.listing] : [],
      issuedAt: now,
      expiresAt: latest(access.expiresAt, refresh?.expiresAt),
    };
    await store.put([{ kind: 'family', ref, record: family }, access.entry, ...(refresh ? [refresh.entry] : [])]);
    await stillServed(authorization, ref);
    return {
      accessToken: access.token,
      refreshToken: refresh?.token,
      scopes: order.scopes,
      issuedAt: now,
      expiresIn: casts.access.ttl,
    };
  }

  async function refresh(order: RefreshOrder): Promise<TokenAnswer> {
    const presented = tokenHash(order.presented);
    const swap = order.policy.rotates ? rotate : renew;
    let family: Family | undefined = order.family;
    // A lost swap means that the generation moved on. Where tokens rotate, the second plan can then only replay or refuse;
    // where they do not, every round somebody wins.
    for (let round = 0; round < MOST_ROUNDS; round++) {
      if (!family) throw ended();
      const plan = planRotation(family, presented, clock.now());
      if (plan.do === 'replay') return replay(plan.sealed, order, family);
      if (plan.do === 'reuse') {
        await store.revoke(order.ref);
        told?.(family, order.ref);
        throw reused();
      }
      const answer = await swap(order, family);
      if (answer) {
        await stillServed(family, order.ref);
        return answer;
      }
      family = await store.get('family', order.ref);
    }
    throw new DependencyUnavailable('token store', 'a rotation could not be settled');
  }

  /** @returns undefined if somebody else rotated or ended the family first: then nothing was written. */
  async function rotate(order: RefreshOrder, family: Family): Promise<TokenAnswer | undefined> {
    const { ref, scopes } = order;
    const now = inSeconds(clock.now());
    const generation = family.generation + 1;
    const authorization = { ...authorizationOf(family), ...(order.user && { user: order.user }) };
    const casts = await castsOf(order.policy, now);
    const access = mintAccess(ref, { ...authorization, scopes }, casts.access);
    const refresh = mintRefresh(ref, generation, casts.refresh);
    const pair = { accessToken: access.token, refreshToken: refresh.token, scopes, issuedAt: now };
    const record: Family = {
      ...family,
      ...authorization,
      generation,
      live: listAccess(family, access.listing, now),
      refresh: listRefresh(family, refresh.listing, now),
      replay: {
        sealed: seal({ ...pair, expiresAt: access.expiresAt }, order.presented, { family: family.id, generation }),
        until: seconds(now + settings.refreshGrace),
      },
      expiresAt: latest(access.expiresAt, refresh.expiresAt),
    };
    const swapped = await store.rotate(ref, family.generation, [
      { kind: 'family', ref, record },
      access.entry,
      refresh.entry,
    ]);
    return swapped ? { ...pair, expiresIn: casts.access.ttl } : undefined;
  }

  /** Adds an access token to the family and leaves its refresh token alone. @returns undefined as `rotate` does. */
  async function renew(order: RefreshOrder, family: Family): Promise<TokenAnswer | undefined> {
    const { ref, scopes } = order;
    const now = inSeconds(clock.now());
    const authorization = { ...authorizationOf(family), ...(order.user && { user: order.user }) };
    const { access: cast } = await castsOf(order.policy, now);
    const access = mintAccess(ref, { ...authorization, scopes }, cast);
    const record: Family = {
      ...family,
      ...authorization,
      generation: family.generation + 1,
      live: listAccess(family, access.listing, now),
      expiresAt: latest(access.expiresAt, family.expiresAt),
    };
    const swapped = await store.rotate(ref, family.generation, [{ kind: 'family', ref, record }, access.entry]);
    return swapped ? { accessToken: access.token, scopes, issuedAt: now, expiresIn: cast.ttl } : undefined;
  }

  /** @throws ProtocolError `invalid_grant` after ending the family, if not. */
  async function stillServed(authorization: Authorization, ref: TokenRef): Promise<void> {
    if (!mayHold || (await mayHold(authorization))) return;
    await store.revoke(ref);
    throw new ProtocolError(
      'invalid_grant',
      'The app or its user was locked or removed in this moment: have it unlocked, or another user sign in.',
    );
  }

  /** What the policy says of both tokens, with the configuration's lifetimes where it says nothing. */
  async function castsOf(
    policy: TokenPolicy,
    now: Seconds,
  ): Promise<{ readonly access: Cast; readonly refresh: Cast }> {
    const mark = await marks?.key();
    return {
      access: { shape: policy.access, now, mark, ttl: policy.accessTtl ?? settings.accessTtl },
      refresh: { shape: policy.refresh, now, mark, ttl: settings.refreshTtl },
    };
  }

  function replay(sealed: string, order: RefreshOrder, family: Family): TokenAnswer {
    const { expiresAt, ...pair } = unseal(sealed, order.presented, {
      family: family.id,
      generation: family.generation,
    });
    // A retry is the same request again. One that asks for other scopes must not be given more than it asked for.
    if (!sameScopes(pair.scopes, order.scopes)) throw otherScopes();
    return { ...pair, expiresIn: seconds(Math.max(0, expiresAt - inSeconds(clock.now()))) };
  }

  return { issue, refresh, end: (family) => store.revoke(family) };
}

/** The parts that a family and its access tokens have in common, and nothing else of a larger record. */
function authorizationOf({ client, user, scopes, audience, authenticatedAt }: Authorization): Authorization {
  return { client, scopes, audience, ...(user && { user }), ...(authenticatedAt !== undefined && { authenticatedAt }) };
}

const latest = (one: Seconds, other: Seconds | undefined): Seconds =>
  other !== undefined && other > one ? other : one;

function sameScopes(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((scope) => others.includes(scope));
}

const ended = () =>
  new ProtocolError('invalid_refresh_token', 'This refresh token is no longer valid: ask the user to sign in again.');

const reused = () =>
  new ProtocolError(
    'invalid_refresh_token',
    'This refresh token was used before, so all tokens of this sign-in were revoked: ask the user to sign in again.',
  );

const otherScopes = () =>
  new ProtocolError(
    'invalid_scope',
    'This refresh token was just used for other scopes: repeat that request unchanged, or use the new refresh token.',
  );
