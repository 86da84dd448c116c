import { seeOther } from '../http/browser_answer.ts';
import { ProtocolError } from '../model/failure.ts';
import type { WireResponse } from '../model/wire.ts';
import type { HeldGrant } from './holdings.ts';
import { withNotice } from './notices.ts';
import type { Problem } from './pages/layout.ts';
import { passwordPage } from './pages/password.ts';
import type { PasswordForm, PasswordProblems } from './password_change.ts';
import { isPersonalToken } from './personal_tokens.ts';
import { frameOf, page, REFUSED, type Rooms } from './rooms.ts';
import { endEverything, isMine } from './session_actions.ts';
import { type AccountPage, field, type Visit } from './visits.ts';

const TOO_MANY = 429;

export function passwordActions(rooms: Rooms): readonly AccountPage[] {
  const { paths, tokens, placeOf, changePassword, takeDown } = rooms;

  async function form(visit: Visit, problems: readonly Problem[], ticked: Ticked): Promise<string> {
    const { user } = visit;
    const { length } = await tokens.list(user.subject);
    const facts = { username: user.username, connection: user.connection, place: placeOf(user), tokens: length };
    return passwordPage(frameOf(rooms, visit), { ...facts, ...ticked, problems });
  }

  async function refused(visit: Visit, problems: PasswordProblems, ticked: Ticked): Promise<WireResponse> {
    takeDown(visit, { action: 'account.change_password', outcome: 'refused', target: targetOf(visit) });
    const list = (['current', 'next', 'repeated'] as const).flatMap((name) => {
      const message = problems[name];
      return message === undefined ? [] : [{ field: name, message }];
    });
    return page(await form(visit, list, ticked), REFUSED);
  }

  return [
    {
      name: 'account_password',
      method: 'GET',
      path: paths.password,
      async answer(visit) {
        return page(await form(visit, [], { others: true, revoke: false }));
      },
    },
    {
      name: 'account_password',
      method: 'POST',
      path: paths.password,
      async answer(visit) {
        const { body, callerAddress: address } = visit.request;
        const ticked = { others: field(body, 'others') === 'yes', revoke: field(body, 'revoke') === 'yes' };
        const sent: PasswordForm = {
          current: field(body, 'current'),
          next: field(body, 'next'),
          repeated: field(body, 'repeated'),
        };
        const problems = await changePassword(visit.user, sent, { address }).catch(tooManyAttempts);
        if (problems instanceof ProtocolError) {
          takeDown(visit, { action: 'account.change_password', outcome: 'refused', target: targetOf(visit) });
          const { description, retryAfter } = problems.failure;
          const answer = page(await form(visit, [{ message: description }], ticked), TOO_MANY);
          return { ...answer, headers: [...answer.headers, ['Retry-After', String(retryAfter ?? 60)]] };
        }
        if (Object.keys(problems).length > 0) return refused(visit, problems, ticked);
        // Written down before anything else can fail.
        takeDown(visit, {
          action: 'account.change_password',
          outcome: 'done',
          target: targetOf(visit),
          detail: ticked,
        });
        const isMeant = (grant: HeldGrant) => (isPersonalToken(grant) ? ticked.revoke : ticked.others);
        await endEverything(rooms, visit, isMeant, ticked.others ? isMine(visit) : () => true);
        return seeOther(withNotice(paths.password, 'password_changed', visit.csrf));
      },
    },
  ];
}

interface Ticked {
  readonly others: boolean;
  readonly revoke: boolean;
}

const targetOf = ({ user }: Visit) => ({ kind: 'user', id: user.subject, name: user.username }) as const;

/** The one refusal that belongs into the form. @throws every other error. */
function tooManyAttempts(error: unknown): ProtocolError {
  if (error instanceof ProtocolError && error.failure.code === 'too_many_attempts') return error;
  throw error;
}
