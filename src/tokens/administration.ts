import type { Clock } from '../model/clock.ts';
import type { AccessToken, Family, Identity, TokenRef } from '../model/token.ts';
import { inSeconds, type Seconds } from '../model/units.ts';
import type { FamilyListing, Owner, TokenStore } from '../stores/token_store.ts';
import { familyRef, isLastAccess, isLiveRefresh } from './families.ts';
import { refOf } from './format.ts';
import { endListed } from './listed.ts';
import { createSessionAdministration, type SessionAdministration } from './session_administration.ts';

/** What operators may see and do: look at what was granted, and end it. No answer holds a token or a hash of one. */
export interface TokenAdministration extends SessionAdministration {
  /** The grants of a user or a client, latest expiry first. @param limit 1 to 1,000. */
  list(owner: Owner, limit: number): Promise<readonly GrantView[]>;
  /** One page of those that end last, 20,000 at most. One that ended while somebody looks may make some appear twice. */
  page(owner: Owner, request: GrantPageRequest): Promise<GrantPage>;
  get(grant: TokenRef): Promise<GrantView | undefined>;
  /** @returns undefined for what is no token, or no longer one. */
  inspect(token: string): Promise<TokenView | undefined>;
  /** Ends the grant of a refresh token, or an access token alone (RFC 7009 §2.1). @returns what it was; undefined if there was none. */
  revoke(token: string): Promise<{ readonly kind: TokenView['kind']; readonly grant: TokenRef } | undefined>;
  /** Ends a grant with every token of it. @returns whether there was one. */
  endGrant(grant: TokenRef): Promise<boolean>;
  /** Ends every grant of a user or a client. @param which only those that fit. @returns how many there were. */
  revokeAll(owner: Owner, which?: GrantFilter): Promise<number>;
  /** Ends every grant and every browser session of a user. */
  signOut(subject: string): Promise<{ readonly grants: number; readonly sessions: number }>;
}

export type GrantView = Omit<Family, 'live' | 'refresh' | 'replay'> & {
  readonly ref: TokenRef;
  /** How many of its access tokens are good now. */
  readonly liveAccessTokens: number;
  /** Whether its refresh token is good now. */
  readonly refreshable: boolean;
};
export type TokenView =
  | ({ readonly kind: 'access_token'; readonly ref: TokenRef } & AccessToken)
  | { readonly kind: 'refresh_token'; readonly live: boolean; readonly grant: GrantView };

/** What a grant must have; what is absent does not matter. */
export interface GrantFilter {
  readonly client?: string | undefined;
  readonly device?: string | undefined;
}

export interface GrantPageRequest extends GrantFilter {
  readonly limit: number;
  readonly after?: FamilyListing | undefined;
}

export interface GrantPage {
  readonly items: readonly GrantView[];
  /** Where the next page begins; absent on the last one. */
  readonly next?: FamilyListing | undefined;
}

/** How many grants are read at the same time. */
const AT_ONCE = 50;
/** How many listings are looked through. */
const MOST_LISTED = 20_000;

export interface TokenAdministrationDependencies {
  readonly store: TokenStore;
  readonly clock: Clock;
}

export function createTokenAdministration({ store, clock }: TokenAdministrationDependencies): TokenAdministration {
  const sessions = createSessionAdministration(store);
  const now = (): Seconds => inSeconds(clock.now());

  async function grantsAt(listings: readonly FamilyListing[]): Promise<readonly GrantView[]> {
    const families = await Promise.all(listings.map(({ ref }) => store.get('family', ref)));
    return families.flatMap((family, index) => {
      const ref = listings[index]?.ref;
      return family && ref ? [viewOf(family, ref, now())] : [];
    });
  }

  async function page(owner: Owner, { limit, after, ...which }: GrantPageRequest): Promise<GrantPage> {
    for (let most = limit + 1; ; most = Math.min(most * 4, MOST_LISTED)) {
      const listings = await store.families(owner, most);
      const isWhole = listings.length < most || most === MOST_LISTED;
      let index = after ? placeAfter(listings, after) : 0;
      // The page begins further on.
      if (index === undefined && !isWhole) continue;
      index ??= listings.findIndex(({ expiresAt }) => after && expiresAt <= after.expiresAt);
      if (index < 0) return { items: [] };
      const items: GrantView[] = [];
      while (items.length < limit && index < listings.length) {
        const batch = listings.slice(index, index + Math.min(AT_ONCE, limit - items.length));
        items.push(...(await grantsAt(batch)).filter((grant) => fits(grant, which)));
        index += batch.length;
      }
      if (index < listings.length) return { items, next: listings[index - 1] };
      if (isWhole) return { items };
    }
  }

  async function get(grant: TokenRef): Promise<GrantView | undefined> {
    const family = await store.get('family', grant);
    return family && viewOf(family, grant, now());
  }

  async function inspect(token: string): Promise<TokenView | undefined> {
    const ref = refOf(token);
    if (!ref) return undefined;
    const access = await store.get('access', ref);
    if (access) return { kind: 'access_token', ref: familyRef(ref.tag, access.family), ...access };
    const refresh = await store.get('refresh', ref);
    const grant = refresh && familyRef(ref.tag, refresh.family);
    const family = grant && (await store.get('family', grant));
    if (!family) return undefined;
    return { kind: 'refresh_token', live: isLiveRefresh(family, ref.hash), grant: viewOf(family, grant, now()) };
  }

  async function revoke(token: string) {
    const ref = refOf(token);
    if (!ref) return undefined;
    const refresh = await store.get('refresh', ref);
    if (refresh) {
      const grant = familyRef(ref.tag, refresh.family);
      return (await store.revoke(grant)) ? { kind: 'refresh_token' as const, grant } : undefined;
    }
    const access = await store.take('access', ref);
    if (!access) return undefined;
    const grant = familyRef(ref.tag, access.family);
    // A grant that can get nothing new and has nothing left would go on being listed as one with a good token.
    const family = await store.get('family', grant);
    if (family && isLastAccess(family, ref.hash, now())) await store.revoke(grant);
    return { kind: 'access_token' as const, grant };
  }

  async function revokeAll(owner: Owner, which: GrantFilter = {}): Promise<number> {
    const isChosen = which.client !== undefined || which.device !== undefined;
    const belongs = async (ref: TokenRef): Promise<boolean> => {
      const family = isChosen ? await store.get('family', ref) : undefined;
      return !isChosen || (family !== undefined && fits(family, which));
    };
    return endListed(
      (limit, until) => store.families(owner, limit, until),
      async ({ ref }) => (await belongs(ref)) && store.revoke(ref),
    );
  }

  return {
    ...sessions,
    list: async (owner, limit) => grantsAt(await store.families(owner, limit)),
    page,
    get,
    inspect,
    revoke,
    endGrant: (grant) => store.revoke(grant),
    revokeAll,
    async signOut(subject) {
      // Sessions first: none of them can give another grant while the grants end.
      const ended = await sessions.endSessions(subject);
      return { sessions: ended, grants: await revokeAll({ of: 'user', id: subject }) };
    },
  };
}

const fits = (grant: { client: string; device?: string | undefined }, { client, device }: GrantFilter): boolean =>
  (client === undefined || grant.client === client) && (device === undefined || grant.device === device);

/** Behind this listing; undefined if it is not among them, because it ended, or because they are too few. */
function placeAfter(listings: readonly FamilyListing[], { ref }: FamilyListing): number | undefined {
  const found = listings.findIndex((it) => it.ref.hash === ref.hash && it.ref.tag === ref.tag);
  return found < 0 ? undefined : found + 1;
}

function viewOf(family: Family, ref: TokenRef, now: Seconds): GrantView {
  const { live, refresh, replay: _replay, ...view } = family;
  const good = refresh.at(-1);
  return {
    ...view,
    ref,
    liveAccessTokens: live.filter(([, expiresAt]) => expiresAt > now).length,
    refreshable: good !== undefined && good[1] > now,
  };
}

/** Who somebody was when they signed in last, as far as a grant or a session still tells. */
export async function lastIdentity(
  tokens: Pick<TokenAdministration, 'list' | 'sessions'>,
  subject: string,
): Promise<Identity | undefined> {
  const [sessions, grants] = await Promise.all([
    tokens.sessions(subject, 10),
    tokens.list({ of: 'user', id: subject }, 10),
  ]);
  const known = [
    ...sessions.map(({ user, authenticatedAt }) => ({ user, at: authenticatedAt })),
    ...grants.flatMap(({ user, issuedAt }) => (user ? [{ user, at: issuedAt }] : [])),
  ];
  return known.sort((one, other) => other.at - one.at)[0]?.user;
}
