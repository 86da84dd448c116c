/**
 * This room owns the pages where users look after what is theirs: which clients may act for them, where they are signed in, tokens
 * of their own, their password. It reaches nothing but what belongs to whoever is signed in, and must not decide who that is
 * (`oauth/`), nor what a token is worth (`gateway/`).
 */
import type { BrowserAction } from '../http/browser_action.ts';
import { createVisitFlow } from '../http/browser_flow.ts';
import type { Clock } from '../model/clock.ts';
import type { AccountSettings } from '../model/config.ts';
import type { AuthorizationFlow } from '../oauth/authorization_flow.ts';
import type { ClientRegistry } from '../registry/clients.ts';
import type { ConsentRegistry } from '../registry/consents.ts';
import type { TokenStore } from '../stores/token_store.ts';
import type { Issuer } from '../tokens/issuing.ts';
import { applicationActions } from './application_actions.ts';
import { createApplications } from './applications.ts';
import { createHoldings } from './holdings.ts';
import { overviewActions } from './overview_actions.ts';
import { passwordActions } from './password_actions.ts';
import { createPasswordChange, type PasswordChangeDependencies } from './password_change.ts';
import { pathsBelow } from './paths.ts';
import { createPersonalTokens } from './personal_tokens.ts';
import { createTakeDown, type RecordDependencies } from './record.ts';
import type { Rooms } from './rooms.ts';
import { sessionActions, signedOutAction } from './session_actions.ts';
import { tokenActions } from './token_actions.ts';
import { createDoor } from './visits.ts';

export interface AccountDependencies extends PasswordChangeDependencies, RecordDependencies {
  readonly settings: AccountSettings;
  /** The path where a dialect takes browsers back that come from outside providers; absent: the account has one of its own. */
  readonly callback?: string | undefined;
  readonly flow: AuthorizationFlow;
  readonly store: TokenStore;
  readonly clients: Pick<ClientRegistry, 'find'>;
  readonly consents: Pick<ConsentRegistry, 'list' | 'forget'>;
  readonly issuer: Pick<Issuer, 'issue'>;
  readonly clock: Clock;
  /** Told of every personal token that was made. */
  readonly tokenIssued: (grant: string) => void;
}

/** All addresses of the account, the steps of signing in to it among them. */
export function createAccount(deps: AccountDependencies): readonly BrowserAction[] {
  const { settings, callback, flow, clock, store } = deps;
  const paths = pathsBelow(settings.path);
  const holdings = createHoldings(store);
  const rooms: Rooms = {
    paths,
    holdings,
    applications: createApplications({ ...deps, holdings }),
    tokens: createPersonalTokens({ ...deps, settings: settings.personalTokens, holdings }),
    hasTokens: settings.personalTokens.scopes.length > 0,
    changePassword: createPasswordChange(deps),
    placeOf: deps.placeOf,
    takeDown: createTakeDown(deps),
    tokenIssued: deps.tokenIssued,
  };
  const door = createDoor({ home: paths.home, flow, clock });
  const pages = [
    ...overviewActions(rooms),
    ...applicationActions(rooms),
    ...sessionActions(rooms),
    ...(rooms.hasTokens ? tokenActions(rooms) : []),
    ...passwordActions(rooms),
  ];
  return [...pages.map(door), signedOutAction(paths), ...createVisitFlow({ base: paths.home, callback, flow })];
}
