import type { BrowserRequest } from '../http/browser_action.ts';
import { seeOther } from '../http/browser_answer.ts';
import { PERSONAL_TOKENS_CLIENT } from '../model/client.ts';
import type { Pair } from '../model/wire.ts';
import { withNotice } from './notices.ts';
import { createdTokenPage, newTokenPage, tokensPage } from './pages/tokens.ts';
import type { TokenProblems, TokenWish } from './personal_tokens.ts';
import { frameOf, page, REFUSED, type Rooms } from './rooms.ts';
import { type AccountPage, field, fields, type Visit } from './visits.ts';

/** How much of what was typed goes along while the user signs in again. */
const MOST_KEPT = 2_000;

export function tokenActions(rooms: Rooms): readonly AccountPage[] {
  const { paths, tokens, takeDown, tokenIssued } = rooms;

  const form = (visit: Visit, wish: TokenWish, problems: TokenProblems = {}) => {
    const { offered, lifetimes } = { offered: tokens.offered(visit.user), lifetimes: tokens.lifetimes };
    const list = (['name', 'scopes', 'lifetime'] as const).flatMap((name) => {
      const message = problems[name];
      return message === undefined ? [] : [{ field: name, message }];
    });
    const body = newTokenPage(frameOf(rooms, visit), { offered, lifetimes, wish, problems: list });
    return page(body, list.length > 0 ? REFUSED : 200);
  };

  /** The form as it was filled in, as a URL: nothing of it is a secret. */
  const filledIn = ({ method, body, query }: BrowserRequest): string => {
    const { name, scopes, lifetime } = wishIn(method === 'POST' ? body : query);
    const typed = [['name', name], ['lifetime', lifetime], ...scopes.map((scope) => ['scope', scope])];
    const kept = new URLSearchParams(typed.filter(([, value]) => value !== '') as [string, string][]).toString();
    return kept === '' || kept.length > MOST_KEPT ? paths.newToken : `${paths.newToken}?${kept}`;
  };

  return [
    {
      name: 'account_tokens',
      method: 'GET',
      path: paths.tokens,
      async answer(visit) {
        return page(tokensPage(frameOf(rooms, visit), await tokens.list(visit.user.subject)));
      },
    },
    {
      name: 'account_new_token',
      method: 'GET',
      path: paths.newToken,
      recent: true,
      back: filledIn,
      async answer(visit) {
        const wish = wishIn(visit.request.query);
        // Three months, or the longest there is below.
        const usual = tokens.lifetimes.findLast((each) => each <= 90 * 86_400) ?? tokens.lifetimes[0];
        return form(visit, { ...wish, lifetime: wish.lifetime === '' ? String(usual) : wish.lifetime });
      },
    },
    {
      name: 'account_new_token',
      method: 'POST',
      path: paths.newToken,
      recent: true,
      back: filledIn,
      async answer(visit) {
        const wish = wishIn(visit.request.body);
        const outcome = await tokens.create(visit, wish);
        if ('problems' in outcome) {
          takeDown(visit, { action: 'account.create_token', outcome: 'refused' });
          return form(visit, wish, outcome.problems);
        }
        const { id, name, scopes, expiresAt } = outcome;
        takeDown(visit, {
          action: 'account.create_token',
          outcome: 'done',
          target: { kind: 'personal_token', id, name },
          detail: { scopes: scopes.join(' '), expires_at: new Date(expiresAt * 1000).toISOString() },
        });
        tokenIssued(PERSONAL_TOKENS_CLIENT);
        return page(createdTokenPage(frameOf(rooms, visit), outcome));
      },
    },
    {
      name: 'account_revoke_token',
      method: 'POST',
      path: paths.revokeToken,
      back: () => paths.tokens,
      async answer(visit) {
        const ended = await tokens.revoke(visit.user.subject, field(visit.request.body, 'token'));
        if (ended) {
          const target = { kind: 'personal_token', id: ended.id, name: ended.device } as const;
          takeDown(visit, { action: 'account.revoke_token', outcome: 'done', target });
        }
        return seeOther(withNotice(paths.tokens, ended ? 'token_revoked' : 'nothing', visit.csrf));
      },
    },
  ];
}

const wishIn = (pairs: readonly Pair[]): TokenWish => ({
  name: field(pairs, 'name'),
  scopes: fields(pairs, 'scope'),
  lifetime: field(pairs, 'lifetime'),
});
