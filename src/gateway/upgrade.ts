/**
 * WebSockets. A handshake is a call like any other: decided, counted, refused and reported in the same way. It owns which requests are
 * handshakes, and what becomes of those under way when the house closes; one of them is one exchange (`upgrade_exchange.ts`).
 */
import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { isTooLate } from './answer.ts';
import { headOf } from './full_lane.ts';
import { type Lane, UpgradeExchange } from './upgrade_exchange.ts';
import { handshakeKey } from './websocket_handshake.ts';

export type UpgradesDependencies = Omit<Lane, 'underWay' | 'tooLate'>;

/** What is done with requests that ask to go on in another protocol. */
export interface Upgrades {
  /**
   * Whether a request is a WebSocket handshake. All others, whatever they ask to switch to, are ordinary requests; so is a handshake
   * behind a request that is not answered yet. For `shouldUpgradeCallback`; never throws.
   */
  wants(request: IncomingMessage): boolean;
  /** Takes what an `upgrade` event brings, to its end. */
  handle(request: IncomingMessage, socket: Duplex, first: Buffer): void;
  /** Closes tunnels after a moment, and those that open later at once. */
  drain(): void;
  /** Cuts every connection, whatever became of it. */
  cut(): void;
}

/** Milliseconds for which tunnels may still come to an end by themselves when the house closes. */
const GRACE = 2_000;

export function createUpgrades(deps: UpgradesDependencies): Upgrades {
  const lane: Lane = { ...deps, underWay: new Set(), tooLate: false };
  return {
    wants: (request) => !isTooLate(request) && handshakeKey(headOf(request)) !== undefined,
    handle(request, socket, first) {
      const key = handshakeKey(headOf(request));
      // Asked for once more, because everything hangs on it: nobody but `wants` stands between any request and this.
      if (key === undefined || isTooLate(request) || !(socket instanceof Socket)) socket.destroy();
      else new UpgradeExchange(lane, request, socket, first, key).start();
    },
    drain() {
      setTimeout(() => {
        lane.tooLate = true;
        for (const each of lane.underWay) each.endTunnel();
      }, GRACE).unref();
    },
    cut() {
      for (const each of lane.underWay) each.cutOff();
    },
  };
}
