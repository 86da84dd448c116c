import type { Client } from '../model/client.ts';
import { ProtocolError } from '../model/failure.ts';
import type { Identity } from '../model/token.ts';
import type { ClientRegistry } from '../registry/clients.ts';
import type { Browser } from './authorization_flow.ts';
import type { BrowserSessions, FoundSession } from './browser_sessions.ts';
import { OURSELVES, type Party } from './detours.ts';
import type { Interactions, OpenInteraction } from './interactions.ts';
import { isRegistered } from './redirects.ts';
import type { SignInDesk } from './sign_in.ts';

export interface OpenRequestsDependencies {
  readonly interactions: Interactions;
  readonly sessions: BrowserSessions;
  readonly clients: ClientRegistry;
  readonly desk: SignInDesk;
}

/** Authorization requests between two steps: what each step must look up anew, because it may have changed since the last. */
export interface OpenRequests {
  /**
   * The interaction, and its client as it is now: one that was disabled or changed meanwhile gets nothing. A visit has none.
   * @throws ProtocolError for those, and as `Interactions.find`.
   */
  reopen(interaction: string, browser: Browser): Promise<OpenRequest>;
  /** @returns undefined unless this browser is signed in as somebody who may use the party now. */
  signedInTo(open: OpenInteraction, party: Party, browser: Browser): Promise<SignedIn | undefined>;
}

export interface OpenRequest {
  readonly open: OpenInteraction;
  readonly client: Client | undefined;
}

/** A signed-in browser, whose user may use this client now. */
export interface SignedIn extends FoundSession {
  readonly user: Identity;
}

/** Whom the user signs in to. */
export const partyOf = (client: Client | undefined): Party => client ?? OURSELVES;

export function createOpenRequests(deps: OpenRequestsDependencies): OpenRequests {
  const { interactions, sessions, clients, desk } = deps;
  return {
    async reopen(interaction, browser) {
      const open = await interactions.find(interaction, browser.id);
      if (open.record.visit !== undefined) return { open, client: undefined };
      const client = await clients.find(open.record.client);
      if (!client || client.disabled || !isRegistered(open.record.redirectUri, client.redirectUris)) {
        throw new ProtocolError('invalid_request', 'The app was changed meanwhile: go back to it and start again.');
      }
      return { open, client };
    },

    async signedInTo({ record }, party, browser) {
      const found = await sessions.find(browser.session);
      if (found?.ref.hash === record.staleSession) return undefined;
      const user = found && (await desk.current(party, found.session.user));
      return user && { ...found, user };
    },
  };
}
