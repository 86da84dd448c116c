import type { Connection } from '../connections/connection.ts';
import type { Client } from '../model/client.ts';
import type { Clock } from '../model/clock.ts';
import type { TokenSettings } from '../model/config.ts';
import { type Failure, ProtocolError } from '../model/failure.ts';
import type { AuthorizationRequest, ServerFacts } from '../model/protocol.ts';
import type { Interaction } from '../model/token.ts';
import type { PolicyOf, TokenPolicy } from '../model/token_policy.ts';
import { inSeconds } from '../model/units.ts';
import type { ClientRegistry } from '../registry/clients.ts';
import type { ConsentRegistry } from '../registry/consents.ts';
import type { TokenStore } from '../stores/token_store.ts';
import { createCodeIssuer } from './authorization_codes.ts';
import type { AuthorizationFlow, Browser, ConsentForm, Step, Visitor } from './authorization_flow.ts';
import { checkedRequest, type TrustedTarget, trustedTarget } from './authorization_request.ts';
import { createBrowserSessions } from './browser_sessions.ts';
import { connectionsOf, createDetours, OURSELVES, sendsAway } from './detours.ts';
import {
  checkCsrf,
  consentCsrf,
  createInteractions,
  isBrowserId,
  newBrowserId,
  type OpenedRequest,
  type OpenInteraction,
  over,
} from './interactions.ts';
import type { OneTimeCodes } from './one_time_codes.ts';
import { createOpenRequests, partyOf, type SignedIn } from './open_requests.ts';
import { checkedPrompts, isStale, type Prompts, UNSEEN } from './prompts.ts';
import { withParameters } from './redirects.ts';
import { allowedTo } from './scopes.ts';
import type { SignInDesk } from './sign_in.ts';
import type { SignInNotes } from './sign_in_notes.ts';
import { createSignInPage } from './sign_in_page.ts';

export interface AuthorizationDependencies {
  readonly desk: SignInDesk;
  readonly clients: ClientRegistry;
  readonly consents: ConsentRegistry;
  readonly connections: readonly Connection[];
  readonly codes: OneTimeCodes;
  /** Told who came back from an outside provider. */
  readonly notes?: SignInNotes | undefined;
  readonly store: TokenStore;
  readonly clock: Clock;
  readonly settings: TokenSettings;
  readonly facts: ServerFacts;
  readonly policyOf: PolicyOf;
}

/**
 * What an authorization request comes to: which page is shown next, and with what the browser is sent back to the app. Who is there is
 * found out on the sign-in page (`sign_in_page.ts`).
 */
export function createAuthorization(deps: AuthorizationDependencies): AuthorizationFlow {
  const { clients, consents, facts, clock, desk } = deps;
  const interactions = createInteractions(deps);
  const sessions = createBrowserSessions(deps);
  const issueCode = createCodeIssuer(deps);
  const requests = createOpenRequests({ interactions, sessions, clients, desk });
  const { show: signInPage, ...waysIn } = createSignInPage({
    ...{ requests, interactions, sessions, detours: createDetours(deps) },
    ...deps,
  });

  async function begin(request: AuthorizationRequest, browser: Browser): Promise<Step> {
    // 1. Client and redirect URI: until both are known to belong together, nothing is redirected.
    const target = await trustedTarget(request, clients);

    // 2. The rest; from here on the app is told what is wrong.
    const checked = checkedOrFailure(request, target, deps.policyOf(request.dialect));
    if ('failure' in checked) return refuse(target.redirectUri, request.state, checked.failure);

    // 3. Keep it, bound to this browser. A browser without our cookie is a new one, whatever session it brings.
    const known = isBrowserId(browser.id);
    const id = known ? browser.id : newBrowserId();
    const mine = known ? browser : { id };
    const open = await interactions.open({ ...checked.request, ...(await asked(checked.prompts, mine)) }, id);

    // 4. Go as far as is possible without the user, and no further if the app allows no page.
    return proceed(open, target.client, mine, checked.prompts);
  }

  /** What the app's wishes mean in this browser, in the form in which they can be kept. */
  async function asked(
    prompts: Prompts,
    { session }: Browser,
  ): Promise<Pick<Interaction, 'staleSession' | 'askConsent'>> {
    const found = await sessions.find(session);
    const stale = found && isStale(prompts, found.session, inSeconds(clock.now()));
    return { ...(stale && { staleSession: found.ref.hash }), ...(prompts.askConsent && { askConsent: true }) };
  }

  /** As `begin`, from step 4 on. */
  async function resume(interaction: string, browser: Browser, refusedBy?: string): Promise<Step> {
    const { open, client } = await requests.reopen(interaction, browser);
    const step = await proceed(open, client, browser);
    const provider = connectionsOf(deps.connections, partyOf(client))
      .filter(sendsAway)
      .find(({ name }) => name === refusedBy);
    if (!provider || step.do !== 'sign_in') return step;
    return { ...step, problem: `You were not signed in with ${provider.label}. Try again, or choose another way.` };
  }

  async function consent(interaction: string, browser: Browser, form: ConsentForm): Promise<Step> {
    const { open, client } = await requests.reopen(interaction, browser);
    if (!client) throw over();
    const signedIn = await requests.signedInTo(open, client, browser);
    if (!signedIn) return signInPage(open, client, browser);
    checkCsrf(form.csrf, consentCsrf(open.record, signedIn.ref));
    if (!form.allow) {
      await interactions.close(open);
      return refuse(open.record.redirectUri, open.record.state, DENIED);
    }
    return finish(open, client, signedIn, { remember: !client.public });
  }

  async function visitor(browser: Browser): Promise<Visitor | undefined> {
    const found = await sessions.find(browser.session);
    const user = found && (await desk.current(OURSELVES, found.session.user));
    return user && { user, session: found.ref, authenticatedAt: found.session.authenticatedAt };
  }

  async function visit(page: string, browser: Browser, { again } = { again: false }): Promise<Step> {
    const id = isBrowserId(browser.id) ? browser.id : newBrowserId();
    const stale = again ? await sessions.find(browser.session) : undefined;
    const request = { ...NO_APP, visit: page, ...(stale && { staleSession: stale.ref.hash }) };
    return proceed(await interactions.open(request, id), undefined, { ...browser, id });
  }

  /** Sign-in page, consent page or code, or our own page: whatever is missing first. */
  async function proceed(
    open: OpenInteraction,
    client: Client | undefined,
    browser: Browser,
    { silent }: Pick<Prompts, 'silent'> = { silent: false },
  ): Promise<Step> {
    const signedIn = await requests.signedInTo(open, partyOf(client), browser);
    if (!signedIn) return silent ? unseen(open, 'sign_in') : signInPage(open, client, browser);
    if (!client) return arrive(open);
    // Anyone can claim to be a public client, so an earlier consent says nothing about who asks now (RFC 8252 §8.6).
    const { redirectUri, askConsent } = open.record;
    const scopes = allowedTo(signedIn.user, open.record.scopes);
    const covers = () => consents.covers(signedIn.user.subject, client.id, scopes, client.createdAt);
    const agreed = !client.public && !askConsent && (await covers());
    if (agreed) return finish(open, client, signedIn, { remember: false });
    if (silent) return unseen(open, 'consent');
    const csrf = consentCsrf(open.record, signedIn.ref);
    return { do: 'consent', interaction: open.token, csrf, client, user: signedIn.user, scopes, redirectUri };
  }

  /** Ends an interaction for which the app allowed no page. */
  async function unseen(open: OpenInteraction, page: keyof typeof UNSEEN): Promise<Step> {
    await interactions.close(open);
    return redirect(open.record.redirectUri, { ...UNSEEN[page], state: open.record.state });
  }

  /** Ends a visit where it was to lead. */
  async function arrive(open: OpenInteraction): Promise<Step> {
    const { visit: to } = open.record;
    if (to === undefined) throw over();
    await interactions.close(open);
    return { do: 'redirect', to };
  }

  /** Ends the interaction and sends a code to the app. */
  async function finish(
    open: OpenInteraction,
    client: Client,
    { user, session }: SignedIn,
    { remember }: { readonly remember: boolean },
  ): Promise<Step> {
    const { redirectUri, scopes, state } = open.record;
    await interactions.close(open);
    if (remember) await consents.remember(user.subject, client.id, allowedTo(user, scopes), client.createdAt);
    const code = await issueCode({ request: open.record, client, user, authenticatedAt: session.authenticatedAt });
    return redirect(redirectUri, { code, state });
  }

  /** RFC 6749 §4.1.2.1: the codes that can occur here are spelled in the model as they are on the wire. */
  function refuse(redirectUri: string, state: string | undefined, { code, description }: Failure): Step {
    return redirect(redirectUri, { error: code, error_description: description, state });
  }

  /** RFC 9207 §2: the issuer goes with every answer, so that an app with several servers cannot be made to mix them up. */
  function redirect(redirectUri: string, parameters: Readonly<Record<string, string | undefined>>): Step {
    return { do: 'redirect', to: withParameters(redirectUri, { ...parameters, iss: facts.issuer }) };
  }

  return { ...waysIn, begin, resume, consent, visitor, visit };
}

/** No client has this id and no redirect URI is empty, so nothing of a visit can be taken for an app's request. */
const NO_APP = { dialect: '', client: '', redirectUri: '', redirectUriSent: false, scopes: [] };

const DENIED: Failure = { code: 'access_denied', description: 'The user did not allow it: the app can ask again.' };

type Checked = { readonly request: OpenedRequest; readonly prompts: Prompts } | { readonly failure: Failure };

/** Turns what `checkedRequest` throws for the app into a value; anything else goes on. */
function checkedOrFailure(request: AuthorizationRequest, target: TrustedTarget, policy: TokenPolicy): Checked {
  try {
    return { request: checkedRequest(request, target, policy), prompts: checkedPrompts(request) };
  } catch (error) {
    if (error instanceof ProtocolError) return { failure: error.failure };
    throw error;
  }
}
