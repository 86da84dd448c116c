import { type AuditEventView, listAudit } from '../../../admin/audit.ts';
import { AdminProblem } from '../../../admin/problem.ts';
import { resetAttempts } from '../../../admin/user_belongings.ts';
import { type Html, type HtmlValue, html } from '../../../http/pages/html.ts';
import { LIVE_STYLE } from '../../assets.ts';
import { clientPath } from '../clients/list.ts';
import { type ConsolePage, type Shown, to } from '../page.ts';
import { badge } from '../parts/facts.ts';
import { inputField, summaryOf, type Trouble, troubleOf } from '../parts/forms.ts';
import { pages } from '../parts/listing.ts';
import { table } from '../parts/table.ts';
import { exactMoment } from '../parts/times.ts';
import { grantPath } from '../tokens/grant_table.ts';
import { userPath } from '../users/list.ts';
import { MOST_EVENTS } from './export.ts';
import { ACTIONS, filterOf, LABELS, type TypedFilter, typedFilter } from './filter.ts';

/** Who did what, and when: newest first. */
export const auditLog: ConsolePage = {
  method: 'GET',
  path: '/audit',
  async answer(visit) {
    const { query, perform, admin } = visit;
    const typed = typedFilter(query);
    const after = query.text('after');
    try {
      const { items, next } = await perform(listAudit, { ...(await filterOf(typed, admin)), after });
      return page(
        typed,
        html`<div class="card">${events(items, next !== undefined)}</div>
${pages({ path: '/audit', query: { ...typed }, after, next })}`,
      );
    } catch (error) {
      if (!(error instanceof AdminProblem) || error.type !== 'invalid') throw error;
      return { ...page(typed, html``, troubleOf(error, Object.keys(LABELS))), status: 422 };
    }
  },
};

function page(typed: TypedFilter, content: Html, trouble?: Trouble): Shown {
  const exportAs = (format: string) => to('/audit/export', { format, ...typed });
  return {
    title: 'Audit log',
    intro: 'Who did what, who signed in, and what was refused.',
    styles: [LIVE_STYLE.path],
    actions: html`<a class="button plain" href="${exportAs('jsonl')}" download>Export JSON lines</a><a class="button plain" href="${exportAs('csv')}" download>Export CSV</a>`,
    content: html`${summaryOf(trouble, LABELS)}<form class="filter" role="search" aria-label="Audit log" method="get" action="/audit">
${inputField({ name: 'actor', label: LABELS.actor, value: typed.actor, trouble, code: true, placeholder: 'Username or id' })}
${inputField({ name: 'action', label: LABELS.action, value: typed.action, trouble, code: true, placeholder: 'clients.', suggestions: ACTIONS })}
${inputField({ name: 'target', label: LABELS.target, value: typed.target, trouble, code: true, placeholder: 'Id' })}
${inputField({ name: 'from', label: LABELS.from, value: typed.from, trouble, type: 'date' })}
${inputField({ name: 'until', label: LABELS.until, value: typed.until, trouble, type: 'date' })}
<div class="actions"><button class="plain">Filter</button>${Object.values(typed).some((each) => each !== undefined) && html`<a class="button plain" href="/audit">Show all</a>`}</div>
</form>
${content}
<p class="hint">An export has what the filter lets through, on all pages: the latest ${MOST_EVENTS.toLocaleString('en-GB')} events at most.</p>`,
  };
}

const events = (items: readonly AuditEventView[], hasMore: boolean): Html =>
  table({
    caption: 'Events, newest first',
    columns: [{ label: 'What' }, { label: 'Outcome' }, { label: 'Who' }, { label: 'On' }, { label: 'When' }],
    rows: items.map((event) => [
      html`<code>${event.action}</code>${event.detail && html`<p class="detail">${detailOf(event.detail)}</p>`}`,
      event.outcome === 'done' ? badge('done', 'good') : badge('refused', 'bad'),
      html`${whoOf(event)}<p>${DOORS[event.via]}${event.address !== undefined && html`, <bdi>${event.address}</bdi>`}</p>`,
      event.target && targetOf(event.target, event.action),
      exactMoment(event.at),
    ]),
    empty: hasMore
      ? 'Nothing in the part that was looked through: go on to the next page.'
      : 'Nothing like this was written down.',
  });

const DOORS: Readonly<Record<AuditEventView['via'], string>> = {
  ...{
    console: 'in the console',
    api: 'by the API',
    account: 'on the account page',
    command_line: 'at the command line',
  },
  ...{ sign_in: 'at a sign-in', system: 'by itself' },
};

const detailOf = (detail: NonNullable<AuditEventView['detail']>): HtmlValue =>
  Object.entries(detail).map(
    ([name, value], index) => html`${index > 0 && ', '}${name.replaceAll('_', ' ')}: <bdi>${String(value)}</bdi>`,
  );

function whoOf({ actor: { kind, id, name } }: AuditEventView): Html {
  const known = html`<bdi>${name ?? id}</bdi>`;
  return kind === 'user' && id !== 'unknown' ? html`<a href="${userPath(id)}">${known}</a>` : known;
}

const PATHS: Partial<Record<NonNullable<AuditEventView['target']>['kind'], (id: string) => string>> = {
  ...{ client: clientPath, user: userPath, grant: grantPath },
};

/** The operation on failed attempts names what somebody types to sign in, of whom nobody need exist: that leads nowhere. */
function targetOf({ kind, id, name }: NonNullable<AuditEventView['target']>, action: string): Html {
  const known = html`<bdi>${name ?? id}</bdi>`;
  const path = action === resetAttempts.id ? undefined : PATHS[kind]?.(id);
  return html`${path === undefined ? known : html`<a href="${path}">${known}</a>`}<p>${kind.replaceAll('_', ' ')}</p>`;
}
