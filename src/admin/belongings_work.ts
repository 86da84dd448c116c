import { type Seconds, seconds } from '../model/units.ts';
import type { Administration } from './administration.ts';
import { instantOf } from './fields.ts';
import { AdminProblem, invalidFields } from './problem.ts';

/** What the operations on what users hold do. None asks whether the registry knows the user: directories have users of their own. */

interface Paging {
  readonly id: string;
  readonly limit: number;
  readonly after?: string | undefined;
}

/** Beyond these nobody looks through a list. */
const MOST = 1_000;

export async function consentsOf({ consents, clients }: Administration, { id, limit, after }: Paging) {
  const { items, next } = await consents.list(id, limit, after);
  const found = await Promise.all(items.map(({ client }) => clients.find(client)));
  const views = items.map(({ client, scopes, grantedAt }, index) => {
    const name = found[index]?.name;
    return {
      client,
      ...(name !== undefined && { client_name: name }),
      scopes: [...scopes],
      granted_at: instantOf(grantedAt),
    };
  });
  return { items: views, next };
}

export async function forgetConsent(
  { consents, tokens }: Administration,
  { id, client }: { id: string; client: string },
) {
  const forgotten = await consents.forget(id, client);
  return { forgotten, ended_grants: await tokens.revokeAll({ of: 'user', id }, { client }) };
}

export async function sessionsOf({ tokens }: Administration, { id, limit, after }: Paging) {
  const sessions = await tokens.sessions(id, MOST);
  const { items, next } = pageBy(sessions, limit, after, (session) => session.id);
  const views = items.map((session) => ({
    id: session.id,
    authenticated_at: instantOf(session.authenticatedAt),
    expires_at: instantOf(session.expiresAt),
    connection: session.user.connection,
    ...(session.userAgent !== undefined && { user_agent: session.userAgent }),
    ...(session.address !== undefined && { address: session.address }),
    purpose: session.purpose ?? ('sign_in' as const),
  }));
  return { items: views, next };
}

export async function endSession({ tokens }: Administration, { id, session }: { id: string; session: string }) {
  if (await tokens.endSession(id, session)) return { id: session };
  throw new AdminProblem('not_found', 'This user has no such session, or no longer: see the list of sessions.');
}

export async function devicesOf({ tokens }: Administration, { id, limit, after }: Paging) {
  const grants = await tokens.list({ of: 'user', id }, MOST);
  const byName = Map.groupBy(
    grants.filter(({ device }) => device !== undefined),
    ({ device }) => device ?? '',
  );
  const devices = [...byName]
    .map(([name, held]) => ({
      id: deviceId(name),
      name,
      clients: [...new Set(held.map(({ client }) => client))].sort(),
      grants: held.length,
      issued_at: instantOf(latest(held.map(({ issuedAt }) => issuedAt))),
      expires_at: instantOf(latest(held.map(({ expiresAt }) => expiresAt))),
    }))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
  return pageBy(devices, limit, after, (device) => device.id);
}

export async function endDevice({ tokens }: Administration, { id, device }: { id: string; device: string }) {
  const name = Buffer.from(device, 'base64url').toString();
  if (deviceId(name) !== device)
    throw new AdminProblem('not_found', 'There is no such device: see the list of devices.');
  return { ended_grants: await tokens.revokeAll({ of: 'user', id }, { device: name }) };
}

export async function signOut({ tokens }: Administration, id: string) {
  const { grants, sessions } = await tokens.signOut(id);
  return { ended_grants: grants, ended_sessions: sessions };
}

export async function resetAttempts(
  { attempts, choices }: Administration,
  { username, connection }: { username: string; connection?: string | undefined },
) {
  const known = choices.connections.map(({ name }) => name);
  if (connection !== undefined && !known.includes(connection)) {
    const right = known.length === 0 ? 'there are none' : `must be one of ${known.join(', ')}`;
    throw invalidFields([{ path: 'connection', message: `is not a connection: ${right}` }]);
  }
  const connections = connection === undefined ? [...new Set(known)] : [connection];
  // Whether there is such a user is not asked: LDAP and the like would have to be, and nothing depends on it.
  for (const each of connections) await attempts.unlock({ connection: each, username });
  return { connections };
}

const latest = (times: readonly Seconds[]): Seconds => seconds(Math.max(...times));

/** A name may hold what a path may not. */
const deviceId = (name: string): string => Buffer.from(name).toString('base64url');

/** One page of a list that is at hand. @throws AdminProblem `invalid` */
function pageBy<T>(all: readonly T[], limit: number, after: string | undefined, idOf: (item: T) => string) {
  const place = after === undefined ? 0 : all.findIndex((item) => idOf(item) === after) + 1;
  if (after !== undefined && place === 0) {
    throw invalidFields([{ path: 'after', message: 'is no `next` of a page, or what it names is gone' }]);
  }
  const items = all.slice(place, place + limit);
  const last = items.at(-1);
  return { items, next: last !== undefined && place + limit < all.length ? idOf(last) : undefined };
}
