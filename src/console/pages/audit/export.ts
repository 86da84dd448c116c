import { type AuditEventView, listAudit, noteExport } from '../../../admin/audit.ts';
import { invalidFields } from '../../../admin/problem.ts';
import { PAGE_HEADERS } from '../headers.ts';
import type { ConsolePage, PageReply, Visit } from '../page.ts';
import { filterOf, typedFilter } from './filter.ts';

/** How many events one export has: whoever wants more narrows the period. */
export const MOST_EVENTS = 100_000;
/** How many are read at once. */
const PAGE = 200;

interface Format {
  readonly contentType: string;
  readonly file: string;
  readonly head: string;
  line(event: AuditEventView): string;
  /** Says at the end that there is more. */
  more(): string;
}

const MORE = `There are more events: these are the latest ${MOST_EVENTS}. Export a shorter period.`;

const FORMATS: Readonly<Record<string, Format>> = {
  jsonl: {
    ...{ contentType: 'application/x-ndjson', file: 'audit.jsonl', head: '' },
    line: (event) => JSON.stringify(event),
    more: () => JSON.stringify({ note: MORE }),
  },
  csv: {
    contentType: 'text/csv; charset=utf-8',
    file: 'audit.csv',
    head: 'at,actor_kind,actor_id,actor_name,via,action,target_kind,target_id,target_name,outcome,address,request_id,detail,id\r\n',
    line: ({ at, actor, via, action, target, outcome, address, request_id, detail, id }) =>
      csvLine([
        ...[at, actor.kind, actor.id, actor.name, via, action, target?.kind, target?.id, target?.name],
        ...[outcome, address, request_id, detail && JSON.stringify(detail), id],
      ]),
    more: () => csvLine([MORE]),
  },
};

/** What the filter lets through, page by page at the reader's pace. */
export const auditExport: ConsolePage = {
  method: 'GET',
  path: '/audit/export',
  async answer(visit): Promise<PageReply> {
    const name = visit.query.text('format') ?? '';
    const format = Object.hasOwn(FORMATS, name) && FORMATS[name];
    if (!format) throw invalidFields([{ path: 'format', message: 'must be jsonl or csv' }]);
    const filter = await filterOf(typedFilter(visit.query), visit.admin);
    const first = await read(visit, filter);
    await noteExport(visit.admin, visit.by, { format: name, ...filter });
    const headers = [
      ...PAGE_HEADERS.filter(([name]) => name !== 'Content-Type'),
      ['Content-Type', format.contentType] as const,
      ['Content-Disposition', `attachment; filename="${format.file}"`] as const,
    ];
    return { status: 200, headers, body: lines(visit, filter, first, format) };
  },
};

type Filter = Awaited<ReturnType<typeof filterOf>>;
type Page = Awaited<ReturnType<typeof read>>;

const read = ({ perform }: Visit, filter: Filter, after?: string) =>
  perform(listAudit, { ...filter, limit: PAGE, ...(after !== undefined && { after }) });

async function* lines(visit: Visit, filter: Filter, first: Page, { head, line, more }: Format) {
  yield head;
  let written = 0;
  for (let page = first; ; page = await read(visit, filter, page.next)) {
    if (page.items.length > 0) yield page.items.map((event) => `${line(event)}\n`).join('');
    written += page.items.length;
    if (page.next === undefined) return;
    if (written < MOST_EVENTS) continue;
    yield `${more()}\n`;
    return;
  }
}

const csvLine = (cells: readonly (string | undefined)[]): string => `${cells.map(csvCell).join(',')}\r`;

/**
 * RFC 4180, and nothing that a spreadsheet takes for a formula: callers choose names and usernames, and `=HYPERLINK(…)` would run where
 * an auditor opens the file.
 */
export function csvCell(text = ''): string {
  const harmless = /^[\s\p{Cc}\p{Cf}]*[=+\-@＝＋－＠]|^[\t\r\n]/u.test(text) ? `'${text}` : text;
  return `"${harmless.replaceAll('"', '""')}"`;
}
