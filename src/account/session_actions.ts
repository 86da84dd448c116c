import type { BrowserAction } from '../http/browser_action.ts';
import { seeOther } from '../http/browser_answer.ts';
import { clearCookie } from '../http/cookies.ts';
import type { Pair } from '../model/wire.ts';
import type { HeldGrant, HeldSession } from './holdings.ts';
import { withNotice } from './notices.ts';
import { type Device, sessionsPage, signOutEverywherePage } from './pages/sessions.ts';
import { signedOutPage } from './pages/signed_out.ts';
import type { Paths } from './paths.ts';
import { isPersonalToken } from './personal_tokens.ts';
import { frameOf, page, type Rooms } from './rooms.ts';
import { type AccountPage, field, type Visit } from './visits.ts';

export function sessionActions(rooms: Rooms): readonly AccountPage[] {
  const { paths, holdings, applications, tokens, takeDown } = rooms;

  const leave = ({ request }: Visit) => {
    const cleared: Pair = ['Set-Cookie', clearCookie('gatehouse_session', request.secure)];
    return seeOther(paths.signedOut, [cleared]);
  };

  return [
    {
      name: 'account_sessions',
      method: 'GET',
      path: paths.sessions,
      async answer(visit) {
        const { subject } = visit.user;
        const [sessions, grants] = await Promise.all([holdings.sessions(subject), holdings.grants(subject)]);
        const devices = devicesOf(grants.filter((grant) => !isPersonalToken(grant)));
        const names = await applications.names(grants.map(({ client }) => client));
        const mine = sessions.find(isMine(visit))?.id ?? '';
        return page(sessionsPage(frameOf(rooms, visit), { sessions, mine, devices, names }));
      },
    },
    {
      name: 'account_end_session',
      method: 'POST',
      path: paths.endSession,
      back: () => paths.sessions,
      async answer(visit) {
        const id = field(visit.request.body, 'session');
        const [ended] = await holdings.endSessions(visit.user.subject, (session) => session.id === id);
        if (!ended) return seeOther(withNotice(paths.sessions, 'nothing', visit.csrf));
        takeDown(visit, { action: 'account.end_session', outcome: 'done', target: { kind: 'session', id } });
        return isMine(visit)(ended) ? leave(visit) : seeOther(withNotice(paths.sessions, 'session_ended', visit.csrf));
      },
    },
    {
      name: 'account_end_grants',
      method: 'POST',
      path: paths.endGrants,
      back: () => paths.sessions,
      async answer(visit) {
        const [id, device] = [field(visit.request.body, 'grant'), field(visit.request.body, 'device')];
        const isMeant = (grant: HeldGrant) => (id === '' ? device !== '' && grant.device === device : grant.id === id);
        const ended = await holdings.endGrants(
          visit.user.subject,
          (grant) => !isPersonalToken(grant) && isMeant(grant),
        );
        const [first] = ended;
        if (first) {
          const target = { kind: 'grant', id: first.id, name: first.device ?? first.client } as const;
          takeDown(visit, { action: 'account.end_grants', outcome: 'done', target, detail: { grants: ended.length } });
        }
        return seeOther(withNotice(paths.sessions, first ? 'grants_ended' : 'nothing', visit.csrf));
      },
    },
    {
      name: 'account_sign_out_everywhere',
      method: 'GET',
      path: paths.signOutEverywhere,
      async answer(visit) {
        const { length } = await tokens.list(visit.user.subject);
        return page(signOutEverywherePage(frameOf(rooms, visit), length));
      },
    },
    {
      name: 'account_sign_out_everywhere',
      method: 'POST',
      path: paths.signOutEverywhere,
      back: () => paths.signOutEverywhere,
      async answer(visit) {
        const all = field(visit.request.body, 'tokens') === 'yes';
        const ended = await endEverything(rooms, visit, (grant) => all || !isPersonalToken(grant));
        takeDown(visit, { action: 'account.sign_out_everywhere', outcome: 'done', detail: { ...ended, tokens: all } });
        return leave(visit);
      },
    },
    {
      name: 'account_sign_out',
      method: 'POST',
      path: paths.signOut,
      async answer(visit) {
        await holdings.endSessions(visit.user.subject, isMine(visit));
        takeDown(visit, { action: 'account.sign_out', outcome: 'done' });
        return leave(visit);
      },
    },
  ];
}

/** Whether a session is the one that this visit is made in. */
export const isMine =
  ({ session: { tag, hash } }: Visit) =>
  ({ ref }: HeldSession): boolean =>
    ref.tag === tag && ref.hash === hash;

/** Ends browser sessions first: one that is left could make new grants. */
export async function endEverything(
  { holdings }: Pick<Rooms, 'holdings'>,
  { user: { subject } }: Pick<Visit, 'user'>,
  isMeant: (grant: HeldGrant) => boolean,
  isLeft: (session: HeldSession) => boolean = () => false,
): Promise<{ readonly sessions: number; readonly grants: number }> {
  const sessions = await holdings.endSessions(subject, (session) => !isLeft(session));
  const grants = await holdings.endGrants(subject, isMeant);
  return { sessions: sessions.length, grants: grants.length };
}

/** Those that have a name, the latest first, then what has none. */
function devicesOf(grants: readonly HeldGrant[]): readonly Device[] {
  const latest = grants.toSorted((one, other) => other.issuedAt - one.issuedAt);
  const groups = [...Map.groupBy(latest, ({ device }) => device)].map(([name, held]) => ({ name, grants: held }));
  return [...groups.filter(({ name }) => name !== undefined), ...groups.filter(({ name }) => name === undefined)];
}

/** Where browsers are led that have signed out; anybody may see it. */
export function signedOutAction(paths: Paths): BrowserAction {
  return {
    name: 'account_signed_out',
    method: 'GET',
    path: paths.signedOut,
    home: paths.home,
    answer: async () => ({ response: page(signedOutPage(paths)) }),
  };
}
