import type { Connection } from '../connections/connection.ts';
import type { Client } from '../model/client.ts';
import type { ClientRegistry } from '../registry/clients.ts';
import type { AuthorizationFlow, Browser, Step } from './authorization_flow.ts';
import type { BrowserSessions } from './browser_sessions.ts';
import { connectionsOf, type Detours, OURSELVES, offered } from './detours.ts';
import { checkCsrf, consentCsrf, type Interactions, type OpenInteraction } from './interactions.ts';
import type { OneTimeCodes } from './one_time_codes.ts';
import { type OpenRequest, type OpenRequests, partyOf } from './open_requests.ts';
import type { SignInDesk } from './sign_in.ts';
import { carrierOf, choicesOf } from './sign_in_choices.ts';
import type { SignInNotes } from './sign_in_notes.ts';

export interface SignInPageDependencies {
  readonly requests: OpenRequests;
  readonly interactions: Interactions;
  readonly sessions: BrowserSessions;
  readonly detours: Detours;
  readonly desk: SignInDesk;
  readonly clients: ClientRegistry;
  readonly connections: readonly Connection[];
  readonly codes: OneTimeCodes;
  /** Told who came back from an outside provider. */
  readonly notes?: SignInNotes | undefined;
}

/**
 * The page that asks who is there, and what can be done on it. Each way in ends with a session and `resume`, and none of them decides
 * what the request gets: that is `authorization.ts`.
 */
export interface SignInPage extends Pick<AuthorizationFlow, 'signIn' | 'sendCode' | 'leave' | 'comeBack' | 'signOut'> {
  show(open: OpenInteraction, client: Client | undefined, browser: Browser): Promise<SignInStep>;
}

type SignInStep = Extract<Step, { readonly do: 'sign_in' }>;

export function createSignInPage(deps: SignInPageDependencies): SignInPage {
  const { requests, interactions, sessions, detours, desk } = deps;

  async function show(
    { token, record }: OpenInteraction,
    client: Client | undefined,
    browser: Browser,
  ): Promise<SignInStep> {
    return {
      do: 'sign_in',
      interaction: token,
      csrf: record.csrf,
      client,
      redirectUri: client && record.redirectUri,
      choices: await choicesOf(connectionsOf(deps.connections, partyOf(client))),
      browser: browser.id ?? '',
      again: record.visit !== undefined && record.staleSession !== undefined,
    };
  }

  /** The request that the page was shown for, if the form came from that page. */
  async function sent(
    interaction: string,
    browser: Browser,
    { csrf }: { readonly csrf: string },
  ): Promise<OpenRequest> {
    const request = await requests.reopen(interaction, browser);
    checkCsrf(csrf, request.open.record.csrf);
    return request;
  }

  return {
    show,

    async signIn(interaction, browser, form) {
      const { open, client } = await sent(interaction, browser, form);
      const user = await desk.signIn(partyOf(client), form);
      if (user) return { do: 'resume', interaction, session: await sessions.begin(user, browser) };
      const page = await show(open, client, browser);
      const code = page.choices.codes.find(({ connection }) => connection === form.connection);
      if (code) {
        const problem = 'Wrong code. Check it and try again, or ask for a new one.';
        return { ...page, problem, sent: { ...code, recipient: form.username } };
      }
      return { ...page, problem: 'Wrong username or password. Check both and try again.', username: form.username };
    },

    async sendCode(interaction, browser, form) {
      const { open, client } = await sent(interaction, browser, form);
      const carrier = carrierOf(connectionsOf(deps.connections, partyOf(client)), form.connection);
      const { name: connection, channel } = carrier;
      const page = await show(open, client, browser);
      const recipient = carrier.canonical(form.recipient.trim());
      if (recipient === undefined) {
        const right =
          channel === 'sms' ? 'a phone number such as +15550100' : 'an e-mail address such as alice@example.com';
        return { ...page, problem: `Write ${right}.` };
      }
      await deps.codes.send(carrier, recipient, form.caller);
      return { ...page, sent: { connection, channel, recipient } };
    },

    async leave(interaction, browser, form) {
      const { open, client } = await sent(interaction, browser, form);
      const provider = offered(connectionsOf(deps.connections, partyOf(client)), form.connection);
      return { do: 'redirect', to: await detours.leave(open, provider, form.callback) };
    },

    async comeBack(query, browser) {
      const { request, provider, user } = await detours.comeBack(query, browser.id, async (record) => {
        const party = record.visit === undefined ? await deps.clients.find(record.client) : OURSELVES;
        return party ? connectionsOf(deps.connections, party) : [];
      });
      // What the state stood for is used up, so the request goes on under a new name.
      const { away: _, ...rest } = request;
      const { token } = await interactions.open(rest, browser.id ?? '');
      const attempt = {
        ...{ connection: provider.name, address: browser.address },
        client: request.visit === undefined ? request.client : undefined,
      };
      if (user) deps.notes?.done(attempt, user);
      else deps.notes?.refused(attempt);
      if (user) return { do: 'resume', interaction: token, session: await sessions.begin(user, browser) };
      return { do: 'resume', interaction: token, refusedBy: provider.name };
    },

    async signOut(interaction, browser, form) {
      const { open, client } = await requests.reopen(interaction, browser);
      const found = await sessions.find(browser.session);
      if (found) {
        checkCsrf(form.csrf, consentCsrf(open.record, found.ref));
        await sessions.end(browser.session);
      }
      return show(open, client, browser);
    },
  };
}
