import type { Connection, RedirectConnection } from '../connections/connection.ts';
import type { Client } from '../model/client.ts';
import { DependencyUnavailable, ProtocolError } from '../model/failure.ts';
import type { Identity, Interaction } from '../model/token.ts';
import type { Pair } from '../model/wire.ts';
import type { TokenStore } from '../stores/token_store.ts';
import { OWN_SHAPES, refOf } from '../tokens/format.ts';
import { mintWithRef } from '../tokens/minting.ts';
import { type OpenInteraction, otherBrowser, over, startedBy } from './interactions.ts';

/** The way of a browser to an outside provider and back. */
export interface Detours {
  /**
   * @param callback our URL that the provider is to send the browser back to.
   * @returns where to send the browser. @throws ProtocolError for a connection that is not for this client, DependencyUnavailable.
   */
  leave(open: OpenInteraction, provider: RedirectConnection, callback: string): Promise<string>;
  /**
   * Reads the answer that a browser brought back, once.
   * @param connectionsOf the connections whose users the request may be answered for now.
   * @throws ProtocolError when it belongs to no request of this browser; DependencyUnavailable, after which it may be tried again.
   */
  comeBack(
    query: readonly Pair[],
    browser: string | undefined,
    connectionsOf: (request: Interaction) => Promise<readonly Connection[]>,
  ): Promise<Return>;
}

export interface Return {
  /** The authorization request that the user went to sign in for. */
  readonly request: Interaction;
  readonly provider: RedirectConnection;
  /** Undefined when the provider did not let the user in, or its answer did not hold. */
  readonly user: Identity | undefined;
}

/**
 * What is kept for the way is a copy of the interaction under a token of its own, which is the `state` (RFC 6749 §10.12). So the page
 * that the user left stays good for the "Back" button, a state can be used once, and it is worth nothing in any other place.
 */
export function createDetours({ store }: { readonly store: TokenStore }): Detours {
  return {
    async leave({ record }, provider, callback) {
      const { token: state, ref } = mintWithRef(OWN_SHAPES.interaction);
      const { to, away } = await provider.begin(callback, state, { again: record.staleSession !== undefined });
      await store.put([{ kind: 'interaction', ref, record: { ...record, away } }]);
      return to;
    },

    async comeBack(query, browser, connectionsOf) {
      // 1. The request that this very browser was sent away with. Another browser's try takes nothing from it.
      const [state, ...others] = query.filter(([name]) => name === 'state').map(([, value]) => value);
      const ref = others.length === 0 ? refOf(state ?? '') : undefined;
      const known = ref && (await store.get('interaction', ref));
      if (!ref || !known?.away) throw over();
      if (!startedBy(known, browser)) throw otherBrowser();

      // 2. The provider that it was sent to, and no other: the answer goes nowhere else (RFC 9700 §4.4).
      const { away } = known;
      const connections = await connectionsOf(known);
      const provider = connections.filter(sendsAway).find(({ name }) => name === away.connection);
      if (!provider) throw notOffered();

      // 3. Used up before it is looked at: of two answers with one state, one counts.
      const request = await store.take('interaction', ref);
      if (!request) throw over();

      // 4. What the provider says. While it is away nothing is lost, and the page may be loaded again.
      const returned = new URL(away.callback);
      returned.search = new URLSearchParams(query.map(([name, value]) => [name, value])).toString();
      try {
        const outcome = await provider.finish(returned, away);
        return { request, provider, user: outcome.ok ? outcome.identity : undefined };
      } catch (error) {
        if (error instanceof DependencyUnavailable) await store.put([{ kind: 'interaction', ref, record: request }]);
        throw error;
      }
    },
  };
}

export const sendsAway = (connection: Connection): connection is RedirectConnection => connection.kind === 'redirect';

/** Who users sign in to: a client, or Gatehouse itself, which takes the users of all connections. */
export type Party = Pick<Client, 'connections'> & Partial<Pick<Client, 'id'>>;
export const OURSELVES: Party = {};

/** The connections whose users may sign in to a party. */
export const connectionsOf = (connections: readonly Connection[], party: Party): readonly Connection[] =>
  connections.filter(({ name }) => party.connections?.includes(name) ?? true);

/** @throws ProtocolError unless the client's users may come from it. */
export function offered(connections: readonly Connection[], name: string): RedirectConnection {
  const found = connections.filter(sendsAway).find((each) => each.name === name);
  if (!found) throw notOffered();
  return found;
}

const notOffered = () =>
  new ProtocolError('invalid_request', 'This app does not sign users in there: go back to it and start again.');
