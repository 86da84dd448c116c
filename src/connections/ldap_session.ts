import type { Socket } from 'node:net';
import { Client, type Filter, ResultCodeError, type SearchOptions } from 'ldapts';
import { DependencyUnavailable } from '../model/failure.ts';
import type { Milliseconds } from '../model/units.ts';
import { type Entry, entryFrom } from './ldap_entry.ts';

/** One connection to one server. Every failure but a refused password is `DependencyUnavailable`, and makes it unusable. */
export interface Session {
  readonly usable: boolean;
  /** @returns false when the server says that name and password do not belong together, or that this account may not sign in. */
  bind(dn: string, password: string): Promise<boolean>;
  search(search: Search): Promise<readonly Entry[]>;
  /** While idle it keeps no process alive. */
  idle(is: boolean): void;
  /** Operations under way fail. */
  close(): void;
}

export interface Search {
  readonly base: string;
  readonly filter: Filter;
  readonly attributes: readonly string[];
  /** Attributes that are not text. */
  readonly binary?: readonly string[];
  /** At most so many entries, however many pages they come in. */
  readonly limit: number;
  readonly paged?: boolean;
}

/**
 * Result codes (RFC 4511 §4.1.9) that say no to this account: no such object, bad name, inappropriate authentication, invalid
 * credentials, insufficient access, and those by which servers say locked or inactive (constraint violation, unwilling).
 */
const REFUSALS = new Set([19, 32, 34, 48, 49, 50, 53]);
const PAGE = 100;

/** @param socket open, and encrypted if it is to be. */
export function createSession(socket: Socket, timeout: Milliseconds): Session {
  let isTaken = false;
  const client = new Client({
    // The library connects again by itself, without StartTLS and without a bind. It gets this one socket, once.
    url: 'ldap://connected',
    createConnection: () => {
      if (isTaken || socket.destroyed) throw new Error('the connection is over');
      isTaken = true;
      return socket;
    },
    timeout,
    connectTimeout: timeout,
  });

  /** Messages of servers and of the library quote names and filters, so only the code travels. */
  function failed(operation: string, error: unknown): DependencyUnavailable {
    socket.destroy();
    const reason = error instanceof ResultCodeError ? `result code ${error.code}` : 'no answer';
    return new DependencyUnavailable('ldap', `${operation} failed (${reason})`);
  }

  return {
    get usable() {
      return !socket.destroyed && socket.readyState === 'open';
    },
    async bind(dn, password) {
      // The last guard in front of the wire: an empty name or password would be a successful anonymous bind (RFC 4513 §5.1).
      if (dn.trim() === '' || password.trim() === '' || password.includes('\0')) return false;
      try {
        await client.bind(dn, password);
        return true;
      } catch (error) {
        if (error instanceof ResultCodeError && REFUSALS.has(error.code)) return false;
        throw failed('bind', error);
      }
    },
    async search({ base, filter, attributes, binary = [], limit, paged }) {
      const options: SearchOptions = {
        scope: 'sub',
        filter,
        attributes: [...attributes],
        explicitBufferAttributes: [...binary],
      };
      try {
        if (!paged) {
          const { searchEntries } = await client.search(base, { ...options, sizeLimit: limit });
          return searchEntries.map(entryFrom);
        }
        const entries: Entry[] = [];
        for await (const page of client.searchPaginated(base, { ...options, paged: { pageSize: PAGE } })) {
          entries.push(...page.searchEntries.map(entryFrom));
          if (entries.length >= limit) break;
        }
        return entries.slice(0, limit);
      } catch (error) {
        throw failed('search', error);
      }
    },
    idle(is) {
      if (is) socket.unref();
      else socket.ref();
    },
    close: () => void socket.destroy(),
  };
}

/** Ends an operation with the deadline, by closing the session that it waits for. */
export async function within<T>(deadline: AbortSignal, session: Session, operation: () => Promise<T>): Promise<T> {
  const close = () => session.close();
  deadline.addEventListener('abort', close, { once: true });
  try {
    return await operation();
  } finally {
    deadline.removeEventListener('abort', close);
  }
}
