import type { z } from 'zod';
import type { listRefusals } from '../../../admin/overview.ts';
import { html } from '../../../http/pages/html.ts';
import { to } from '../page.ts';
import { table } from '../parts/table.ts';
import { exactMoment } from '../parts/times.ts';

export type Refusal = z.output<typeof listRefusals.output>['items'][number];

/** How many are shown of those that there are. */
export const SHOWN = 15;

/** For a table that script fills in. */
export const NONE: Refusal = {
  ...{ at: '1970-01-01T00:00:00Z', request_id: '', method: '', path: '', status: 0, reason: '' },
};

/** The same call on the page that says why: how it was asked for, and nothing of who asked. */
export const explainPath = ({ method, path }: Pick<Refusal, 'method' | 'path'>): string =>
  to('/explain', { method, target: path });

export const refusalTable = (refusals: readonly Refusal[]) =>
  table({
    caption: 'The latest refusals',
    columns: [
      { label: 'Call' },
      { label: 'Why' },
      { label: 'Route' },
      { label: 'When' },
      { label: 'Explain', kind: 'act' },
    ],
    rows: refusals.map((refusal) => [
      html`<code><bdi>${refusal.method} ${refusal.path}</bdi></code>`,
      html`<span class="nowrap">${refusal.status} <code>${refusal.reason}</code></span>`,
      refusal.route !== undefined && html`<bdi>${refusal.route}</bdi>`,
      exactMoment(refusal.at),
      html`<a href="${explainPath(refusal)}">Explain<span class="hidden"> ${refusal.method} ${refusal.path}</span></a>`,
    ]),
    empty: 'Nothing was refused since the start.',
  });
