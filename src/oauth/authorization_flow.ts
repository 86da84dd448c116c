import type { Client } from '../model/client.ts';
import type { AuthorizationRequest, Caller } from '../model/protocol.ts';
import type { Identity, TokenRef } from '../model/token.ts';
import type { Seconds } from '../model/units.ts';
import type { Pair } from '../model/wire.ts';
import type { SentCode, SignInChoices } from './sign_in_choices.ts';

/** The raw cookie values that a browser came with, and how it can be told from others in a list of sessions. */
export interface Browser {
  readonly id?: string | undefined;
  readonly session?: string | undefined;
  readonly userAgent?: string | undefined;
  readonly address?: string | undefined;
}

/** Whoever is signed in, today. */
export interface Visitor {
  readonly user: Identity;
  /** The session that says so. */
  readonly session: TokenRef;
  readonly authenticatedAt: Seconds;
}

/**
 * The authorization endpoint (RFC 6749 §4.1.1) and the pages behind it, as steps that http/ carries out. Our own pages are signed in
 * to in the same way: without a client, and with nothing at the end but a redirect to the page.
 * All methods throw `ProtocolError` for what must be shown on an error page and never redirected.
 */
export interface AuthorizationFlow {
  /** The app sent the browser here. */
  begin(request: AuthorizationRequest, browser: Browser): Promise<Step>;
  /** The browser is back from signing in. @param refusedBy the connection where it did not succeed, for the page to say so. */
  resume(interaction: string, browser: Browser, refusedBy?: string): Promise<Step>;
  signIn(interaction: string, browser: Browser, form: SignInForm): Promise<Step>;
  /** The user wants a one-time code. Throws `DependencyUnavailable` when it cannot be sent. */
  sendCode(interaction: string, browser: Browser, form: CodeForm): Promise<Step>;
  /** The user chose to sign in at an outside provider. Throws `DependencyUnavailable` when the provider cannot be reached. */
  leave(interaction: string, browser: Browser, form: LeaveForm): Promise<Step>;
  /** The provider sent the browser back. @param query of the URL it came to. Throws as `leave`; then it may be tried again. */
  comeBack(query: readonly Pair[], browser: Browser): Promise<Step>;
  /** "Not you?": ends the session, and asks for another user. */
  signOut(interaction: string, browser: Browser, form: { readonly csrf: string }): Promise<Step>;
  consent(interaction: string, browser: Browser, form: ConsentForm): Promise<Step>;
  /** @returns undefined when nobody is signed in, or may be any more. */
  visitor(browser: Browser): Promise<Visitor | undefined>;
  /**
   * Asks who is there before a page of ours is shown.
   * @param page a path of ours, and never one that came with a request. @param how `again`: also whoever is signed in already.
   */
  visit(page: string, browser: Browser, how?: { readonly again: boolean }): Promise<Step>;
}

export interface SignInForm {
  readonly caller: Caller;
  readonly csrf: string;
  readonly username: string;
  readonly password: string;
  readonly connection?: string | undefined;
}

export interface LeaveForm {
  readonly csrf: string;
  readonly connection: string;
  /** The URL of ours that takes browsers back, as the browser knows us. */
  readonly callback: string;
}

export interface CodeForm {
  readonly caller: Caller;
  readonly csrf: string;
  readonly connection: string;
  /** As it was typed. */
  readonly recipient: string;
}

export interface ConsentForm {
  readonly csrf: string;
  readonly allow: boolean;
}

export type Step =
  /** To the app, with a code or an error; or to a page of ours. */
  | { readonly do: 'redirect'; readonly to: string; readonly session?: string | undefined }
  /** Set the session cookie, if there is a new one, and go on with `resume` by a 303. */
  | {
      readonly do: 'resume';
      readonly interaction: string;
      readonly session?: string | undefined;
      readonly refusedBy?: string | undefined;
    }
  | {
      readonly do: 'sign_in';
      readonly interaction: string;
      readonly csrf: string;
      /** Absent for a visit to a page of ours, as is the redirect URI. */
      readonly client?: Client | undefined;
      readonly redirectUri?: string | undefined;
      readonly choices: SignInChoices;
      /** The value to set the browser cookie to. */
      readonly browser: string;
      /** Whoever is signed in is to show that it is still them, before a page of ours. */
      readonly again: boolean;
      /** Asks for this code first. */
      readonly sent?: SentCode | undefined;
      readonly problem?: string | undefined;
      readonly username?: string | undefined;
    }
  | {
      readonly do: 'consent';
      readonly interaction: string;
      readonly csrf: string;
      readonly client: Client;
      readonly user: Identity;
      readonly scopes: readonly string[];
      readonly redirectUri: string;
    };
