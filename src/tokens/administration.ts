import type { AccessToken, Family, TokenRef } from '../model/token.ts';
import type { Owner, TokenStore } from '../stores/token_store.ts';
import { familyRef, isLiveRefresh } from './families.ts';
import { refOf } from './format.ts';

/** What operators may see and do: look at what was granted, and end it. No answer holds a token or a hash of one. */
export interface TokenAdministration {
  /** The grants of a user or a client, latest expiry first. @param limit 1 to 1,000. */
  list(owner: Owner, limit: number): Promise<readonly GrantView[]>;
  /** @returns undefined for what is no token, or no longer one. */
  inspect(token: string): Promise<TokenView | undefined>;
  /** Ends the grant of a refresh token, or an access token alone (RFC 7009 §2.1). @returns whether there was one. */
  revoke(token: string): Promise<boolean>;
  /** Ends every grant of a user or a client. @param device only those that were given to this device. @returns how many there were. */
  revokeAll(owner: Owner, device?: string): Promise<number>;
}

export type GrantView = Omit<Family, 'live' | 'refresh' | 'replay'>;
export type TokenView =
  | ({ readonly kind: 'access_token' } & AccessToken)
  | { readonly kind: 'refresh_token'; readonly live: boolean; readonly grant: GrantView };

const FIRST_PAGE = 1_000;
/** How many grants are ended at the same time. */
const AT_ONCE = 50;

export function createTokenAdministration({ store }: { readonly store: TokenStore }): TokenAdministration {
  async function list(owner: Owner, limit: number): Promise<readonly GrantView[]> {
    const listings = await store.families(owner, limit);
    const families = await Promise.all(listings.map(({ ref }) => store.get('family', ref)));
    return families.filter((family) => family !== undefined).map(viewOf);
  }

  async function inspect(token: string): Promise<TokenView | undefined> {
    const ref = refOf(token);
    if (!ref) return undefined;
    const access = await store.get('access', ref);
    if (access) return { kind: 'access_token', ...access };
    const refresh = await store.get('refresh', ref);
    const family = refresh && (await store.get('family', familyRef(ref.tag, refresh.family)));
    if (!refresh || !family) return undefined;
    return { kind: 'refresh_token', live: isLiveRefresh(family, ref.hash), grant: viewOf(family) };
  }

  async function revoke(token: string): Promise<boolean> {
    const ref = refOf(token);
    if (!ref) return false;
    const refresh = await store.get('refresh', ref);
    if (refresh) return store.revoke(familyRef(ref.tag, refresh.family));
    return (await store.take('access', ref)) !== undefined;
  }

  async function revokeAll(owner: Owner, device?: string): Promise<number> {
    const belongs = async (ref: TokenRef) =>
      device === undefined || (await store.get('family', ref))?.device === device;

    let ended = 0;
    // Listings may outlive their family, so a page without a living one proves nothing: only a page that is not full is the end.
    for (let limit = FIRST_PAGE; ; limit *= 2) {
      const listings = await store.families(owner, limit);
      for (let index = 0; index < listings.length; index += AT_ONCE) {
        const batch = listings.slice(index, index + AT_ONCE);
        const outcomes = await Promise.all(batch.map(async ({ ref }) => (await belongs(ref)) && store.revoke(ref)));
        ended += outcomes.filter(Boolean).length;
      }
      if (listings.length < limit) return ended;
    }
  }

  return { list, inspect, revoke, revokeAll };
}

function viewOf({ live: _live, refresh: _refresh, replay: _replay, ...view }: Family): GrantView {
  return view;
}
