import type { Identity } from '../model/token.ts';
import type { GrantView } from '../tokens/administration.ts';
import type { Administration } from './administration.ts';
import { instantOf } from './fields.ts';
import { grantCursor, grantIdOf, noSuchGrant, readGrantCursor, readGrantId } from './grant_id.ts';
import { invalidFields } from './problem.ts';
import type { GrantEntry, TokenReport } from './token_view.ts';

/** What the operations on grants and tokens do. */

interface Holder {
  readonly user?: string | undefined;
  readonly client?: string | undefined;
  readonly device?: string | undefined;
}

export async function listGrants(
  { tokens }: Administration,
  input: Holder & { readonly limit: number; readonly after?: string | undefined },
): Promise<{ items: GrantEntry[]; next?: string | undefined }> {
  const { limit, after } = input;
  const { owner, which } = ownerOf(input);
  const { items, next } = await tokens.page(owner, {
    ...{ limit, ...which },
    ...(after !== undefined && { after: readGrantCursor(after) }),
  });
  return { items: items.map(entryOf), next: next && grantCursor(next) };
}

export async function findGrant({ tokens }: Administration, id: string): Promise<GrantEntry> {
  const grant = await tokens.get(readGrantId(id));
  if (!grant) throw noSuchGrant();
  return entryOf(grant);
}

export async function endGrant({ tokens }: Administration, id: string): Promise<{ id: string }> {
  if (!(await tokens.endGrant(readGrantId(id)))) throw noSuchGrant();
  return { id };
}

export async function inspect({ tokens }: Administration, token: string): Promise<TokenReport> {
  const found = await tokens.inspect(token);
  if (!found) return { active: false };
  const it = found.kind === 'access_token' ? found : found.grant;
  return {
    active: found.kind === 'access_token' || found.live,
    kind: found.kind,
    ...(found.kind === 'refresh_token' && { live: found.live }),
    grant: grantIdOf(it.ref),
    client: it.client,
    ...(it.user && { user: { ...holderOf(it.user), roles: [...it.user.roles] } }),
    ...{ scopes: [...it.scopes], audience: [...it.audience] },
    ...('device' in it && it.device !== undefined && { device: it.device }),
    ...(it.authenticatedAt !== undefined && { authenticated_at: instantOf(it.authenticatedAt) }),
    ...{ issued_at: instantOf(it.issuedAt), expires_at: instantOf(it.expiresAt) },
  };
}

export async function revoke({ tokens }: Administration, token: string) {
  const ended = await tokens.revoke(token);
  return ended ? { revoked: true, grant: grantIdOf(ended.grant), kind: ended.kind } : { revoked: false };
}

export async function revokeAll({ tokens }: Administration, input: Holder): Promise<{ ended_grants: number }> {
  const { owner, which } = ownerOf(input);
  return { ended_grants: await tokens.revokeAll(owner, which) };
}

/** Of a user the shorter list is looked through. @throws AdminProblem `invalid` if there is neither a user nor a client. */
function ownerOf({ user, client, device }: Holder) {
  if (user !== undefined) return { owner: { of: 'user', id: user } as const, which: { client, device } };
  if (client !== undefined) return { owner: { of: 'client', id: client } as const, which: { device } };
  throw invalidFields([{ path: 'user', message: 'is missing: send user or client' }]);
}

function entryOf(grant: GrantView): GrantEntry {
  return {
    id: grantIdOf(grant.ref),
    client: grant.client,
    ...(grant.user && { user: holderOf(grant.user) }),
    ...{ scopes: [...grant.scopes], audience: [...grant.audience] },
    ...(grant.device !== undefined && { device: grant.device }),
    ...(grant.authenticatedAt !== undefined && { authenticated_at: instantOf(grant.authenticatedAt) }),
    ...{ issued_at: instantOf(grant.issuedAt), expires_at: instantOf(grant.expiresAt) },
    ...{ live_access_tokens: grant.liveAccessTokens, refreshable: grant.refreshable },
  };
}

const holderOf = ({ subject, username, connection }: Identity) => ({ id: subject, username, connection });
