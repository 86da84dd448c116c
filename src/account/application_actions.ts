import { seeOther } from '../http/browser_answer.ts';
import { withNotice } from './notices.ts';
import { applicationsPage } from './pages/applications.ts';
import { frameOf, page, type Rooms } from './rooms.ts';
import { type AccountPage, field } from './visits.ts';

export function applicationActions(rooms: Rooms): readonly AccountPage[] {
  const { paths, applications, takeDown } = rooms;
  return [
    {
      name: 'account_applications',
      method: 'GET',
      path: paths.applications,
      async answer(visit) {
        return page(applicationsPage(frameOf(rooms, visit), await applications.list(visit.user.subject)));
      },
    },
    {
      name: 'account_remove_application',
      method: 'POST',
      path: paths.removeApplication,
      back: () => paths.applications,
      async answer(visit) {
        const client = field(visit.request.body, 'client');
        const removed = await applications.remove(visit.user.subject, client);
        // What a form named that was never there is nobody's business.
        const target = { kind: 'client', id: client } as const;
        if (removed) takeDown(visit, { action: 'account.remove_application', outcome: 'done', target });
        return seeOther(withNotice(paths.applications, removed ? 'application_removed' : 'nothing', visit.csrf));
      },
    },
  ];
}
