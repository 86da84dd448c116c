import { type Html, type HtmlValue, html } from '../../../http/pages/html.ts';

export interface Column {
  readonly label: string;
  /** `number` for what is compared down the column, `act` for buttons, which need no heading to be seen. */
  readonly kind?: 'number' | 'act' | undefined;
}

export interface Table {
  /** For screen readers: what these are. */
  readonly caption: string;
  readonly columns: readonly Column[];
  /** The cells of each row in the order of the columns; the first one names the row. */
  readonly rows: readonly (readonly HtmlValue[])[];
  /** In the place of the rows when there are none. */
  readonly empty: HtmlValue;
}

/** A table that becomes a card for each row on a phone. The roles are written out because styles that do this take them away. */
export function table({ caption, columns, rows, empty }: Table): Html {
  if (rows.length === 0) return html`<div class="empty"><p>${empty}</p></div>`;
  return html`<table role="table">
<caption>${caption}</caption>
<thead role="rowgroup"><tr role="row">${columns.map(
    ({ label, kind }) =>
      html`<th role="columnheader" scope="col"${kind && html` class="${kind}"`}>${kind === 'act' ? html`<span class="hidden">${label}</span>` : label}</th>`,
  )}</tr></thead>
<tbody role="rowgroup">
${rows.map(
  (cells) => html`<tr role="row">${cells.map((cell, index) => cellOf(cell, index, columns[index]))}</tr>
`,
)}</tbody>
</table>`;
}

function cellOf(cell: HtmlValue, index: number, column: Column | undefined): Html {
  if (index === 0) return html`<th role="rowheader" scope="row"><span>${cell}</span></th>`;
  const blank = cell === undefined || cell === false || cell === '';
  const kinds = [column?.kind, blank ? 'blank' : undefined].filter((kind) => kind !== undefined).join(' ');
  return html`<td role="cell"${kinds !== '' && html` class="${kinds}"`} data-label="${column?.label}"><span>${cell}</span></td>`;
}
