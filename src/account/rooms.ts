import type { Identity } from '../model/token.ts';
import type { WireResponse } from '../model/wire.ts';
import type { Applications } from './applications.ts';
import type { Holdings } from './holdings.ts';
import { noticeIn } from './notices.ts';
import { accountHeaders, type Frame } from './pages/layout.ts';
import type { ChangePassword, PasswordPlace } from './password_change.ts';
import type { Paths } from './paths.ts';
import type { PersonalTokens } from './personal_tokens.ts';
import type { TakeDown } from './record.ts';
import { field, type Visit } from './visits.ts';

/** What all pages work with. */
export interface Rooms {
  readonly paths: Paths;
  readonly holdings: Holdings;
  readonly applications: Applications;
  readonly tokens: PersonalTokens;
  /** Whether users can make tokens of their own. */
  readonly hasTokens: boolean;
  readonly changePassword: ChangePassword;
  readonly placeOf: (user: Identity) => PasswordPlace;
  readonly takeDown: TakeDown;
  readonly tokenIssued: (grant: string) => void;
}

export const frameOf = ({ paths, hasTokens }: Rooms, { user, csrf, request }: Visit): Frame => ({
  paths,
  csrf,
  hasTokens,
  userName: user.name ?? user.username,
  notice: request.method === 'GET' ? noticeIn(field(request.query, 'done'), csrf) : undefined,
});

/** 422 for a form that comes back with what was wrong in it, unless there is a better word. */
export const page = (body: string, status = 200): WireResponse => ({ status, headers: accountHeaders(), body });
export const REFUSED = 422;
