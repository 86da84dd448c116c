import type { Administration } from '../../../admin/administration.ts';
import { type FieldProblem, invalidFields } from '../../../admin/problem.ts';
import { AUDIT_ACTIONS, AUDIT_GROUPS } from '../../../model/audit_actions.ts';
import type { Fields } from '../fields.ts';

/** What of the audit log somebody wants to see, as they typed it. */
export interface TypedFilter {
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  readonly target?: string | undefined;
  /** Days, in UTC. */
  readonly from?: string | undefined;
  readonly until?: string | undefined;
}

export const LABELS = { actor: 'Who', action: 'What', target: 'On', from: 'From', until: 'Until' } as const;

export const typedFilter = (fields: Fields): TypedFilter => ({
  actor: fields.text('actor'),
  action: fields.text('action'),
  target: fields.text('target'),
  from: fields.text('from'),
  until: fields.text('until'),
});

/** Actions, and groups of them. */
export const ACTIONS: readonly string[] = [...AUDIT_GROUPS, ...AUDIT_ACTIONS].sort();

/** What `audit.list` takes: names become ids, and days times. @throws AdminProblem `invalid`. */
export async function filterOf({ actor, action, target, from, until }: TypedFilter, admin: Administration) {
  const [first, last] = [dayOf(from), dayOf(until)];
  const problems: FieldProblem[] = [];
  if (Number.isNaN(first)) problems.push({ path: 'from', message: 'must be a day such as 2026-11-21' });
  if (Number.isNaN(last)) problems.push({ path: 'until', message: 'must be a day such as 2026-11-21' });
  if (first !== undefined && last !== undefined && first > last) {
    problems.push({ path: 'until', message: 'must not be before the first day' });
  }
  if (problems.length > 0) throw invalidFields(problems);
  return {
    ...(actor !== undefined && { actor: await idOf(actor, admin) }),
    ...(action !== undefined && { action }),
    ...(target !== undefined && { target: await idOf(target, admin) }),
    ...(first !== undefined && { from: new Date(first).toISOString() }),
    // The last day belongs to it.
    ...(last !== undefined && { until: new Date(last + DAY).toISOString() }),
  };
}

const DAY = 86_400_000;

function dayOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  // 30 February is none.
  return Number.isNaN(time) || !new Date(time).toISOString().startsWith(text) ? Number.NaN : time;
}

/** People know usernames, the log knows ids. */
async function idOf(typed: string, { users, choices }: Administration): Promise<string> {
  for (const connection of choices.databases) {
    const user = await users.findByUsername(connection, typed);
    if (user) return user.id;
  }
  return typed;
}
