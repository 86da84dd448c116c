import { DependencyUnavailable } from '../model/failure.ts';
import type { Entry } from './ldap_entry.ts';
import type { LdapOptions } from './ldap_options.ts';
import { createPool, type Pool } from './ldap_pool.ts';
import { createSession, type Search, type Session, within } from './ldap_session.ts';
import { openSocket } from './ldap_socket.ts';

/** The servers of a directory as one: each operation goes to the one that answered last, and on to the others if it does not. */
export interface Servers {
  /** Searches as the service account. */
  search(search: Search, deadline: AbortSignal): Promise<readonly Entry[]>;
  /** Whether the password is this entry's. */
  prove(dn: string, password: string, deadline: AbortSignal): Promise<boolean>;
}

type Report = (event: string, detail?: Readonly<Record<string, string | number>>) => void;

interface Server {
  readonly url: string;
  /** Bound as the service account. */
  readonly searching: Pool;
  /** Bound as whoever tried last: good for nothing but the next try. */
  readonly proving: Pool;
}

export function createServers(options: LdapOptions, report: Report): Servers {
  const { bind_dn, bind_password, pool } = options;

  const settings = {
    startTls: options.start_tls,
    ca: options.tls.ca,
    connectTimeout: options.connect_timeout,
    operationTimeout: options.operation_timeout,
  };
  const open = async (url: string, deadline: AbortSignal) =>
    createSession(await openSocket(url, settings, deadline), options.operation_timeout);

  async function openForSearch(url: string, deadline: AbortSignal): Promise<Session> {
    const session = await open(url, deadline);
    if (bind_dn === undefined || bind_password === undefined) return session;
    const isBound = await within(deadline, session, () => session.bind(bind_dn, bind_password));
    if (isBound) return session;
    session.close();
    throw new DependencyUnavailable('ldap', 'the service account was refused: check bind_dn and bind_password');
  }

  /** The last good one first. */
  let servers: readonly Server[] = options.urls.map((url) => ({
    url,
    searching: createPool({ ...pool, open: (deadline) => openForSearch(url, deadline) }),
    proving: createPool({ ...pool, open: (deadline) => open(url, deadline) }),
  }));

  async function withAny<T>(run: (server: Server) => Promise<T>, deadline: AbortSignal): Promise<T> {
    let failure: unknown;
    for (const server of servers) {
      try {
        const result = await run(server);
        if (server !== servers[0]) servers = [server, ...servers.filter((other) => other !== server)];
        return result;
      } catch (error) {
        if (!(error instanceof DependencyUnavailable)) throw error;
        failure = error;
        report('ldap_server_failed', { server: server.url, reason: error.message });
        if (deadline.aborted) break;
      }
    }
    throw failure;
  }

  return {
    search: (search, deadline) =>
      withAny(({ searching }) => searching.use((session) => session.search(search), deadline), deadline),
    prove: (dn, password, deadline) =>
      withAny(({ proving }) => proving.use((session) => session.bind(dn, password), deadline), deadline),
  };
}
