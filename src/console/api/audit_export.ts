import { Readable } from 'node:stream';
import type { Administration } from '../../admin/administration.ts';
import { listAudit, noteExport } from '../../admin/audit.ts';
import type { By } from '../../admin/operation.ts';
import { perform } from '../../admin/perform.ts';

/** How many events are read at once. */
const PAGE = 200;

/**
 * The whole audit log as JSON lines, page by page at the reader's pace.
 * @param filter as that of `audit.list`, without a page. @throws what `audit.list` does, for the first page; later troubles break the stream.
 */
export async function auditExport(
  admin: Administration,
  filter: Readonly<Record<string, unknown>>,
  by: By,
): Promise<Readable> {
  const read = (after?: string) =>
    perform(admin, listAudit, { ...filter, limit: PAGE, ...(after !== undefined && { after }) }, by);
  const first = await read();
  await noteExport(admin, by, { format: 'jsonl', ...filter });

  async function* lines() {
    for (let page = first; ; page = await read(page.next)) {
      if (page.items.length > 0) yield page.items.map((event) => `${JSON.stringify(event)}\n`).join('');
      if (page.next === undefined) return;
    }
  }
  return Readable.from(lines(), { objectMode: false });
}
