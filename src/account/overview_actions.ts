import { overviewPage } from './pages/overview.ts';
import { isPersonalToken } from './personal_tokens.ts';
import { frameOf, page, type Rooms } from './rooms.ts';
import type { AccountPage } from './visits.ts';

export function overviewActions(rooms: Rooms): readonly AccountPage[] {
  const { paths, holdings, applications } = rooms;
  return [
    {
      name: 'account',
      method: 'GET',
      path: paths.home,
      async answer(visit) {
        const { user } = visit;
        const [grants, sessions, apps] = await Promise.all([
          holdings.grants(user.subject),
          holdings.sessions(user.subject),
          applications.list(user.subject),
        ]);
        const others = grants.filter((grant) => !isPersonalToken(grant));
        const counts = {
          applications: apps.length,
          devices: new Set(others.flatMap(({ device }) => device ?? [])).size,
          sessions: sessions.length,
          tokens: grants.length - others.length,
        };
        return page(overviewPage(frameOf(rooms, visit), { user, ...counts }));
      },
    },
  ];
}
