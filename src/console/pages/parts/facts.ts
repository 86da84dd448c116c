import { type Html, type HtmlValue, html } from '../../../http/pages/html.ts';

/** A name and what is so; what is absent is left out. */
export const facts = (entries: readonly (readonly [name: string, value: HtmlValue])[]): Html =>
  html`<dl class="facts">${entries
    .filter(([, value]) => value !== undefined && value !== false)
    .map(
      ([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>
`,
    )}</dl>`;

/** Short words such as scopes; a dash when there are none. */
export const chips = (words: readonly string[], none: HtmlValue = '–'): HtmlValue =>
  words.length === 0 ? none : html`<ul class="chips">${words.map((word) => html`<li><bdi>${word}</bdi></li>`)}</ul>`;

export const badge = (text: string, kind?: 'good' | 'warn' | 'bad'): Html =>
  html`<span class="badge${kind !== undefined && ` ${kind}`}">${text}</span>`;

export interface Card {
  readonly title: string;
  /** Where links within the page lead to. */
  readonly id?: string | undefined;
  readonly intro?: HtmlValue;
  readonly actions?: HtmlValue;
  readonly footer?: HtmlValue;
}

/** @param edge whether the content, such as a table, reaches the edge of the card. */
export const card = ({ title, id, intro, actions, footer }: Card, content: Html, edge = false): Html =>
  html`<section class="card"${id !== undefined && html` id="${id}"`}>
<header><h2>${title}</h2>${actions}${intro !== undefined && intro !== false && html`<p>${intro}</p>`}</header>
${edge ? content : html`<div class="inside">${content}</div>`}
${footer !== undefined && footer !== false && html`<footer>${footer}</footer>`}</section>`;

export const note = (kind: 'good' | 'warn' | 'bad' | 'plain', content: HtmlValue): Html =>
  html`<div class="note${kind !== 'plain' && ` ${kind}`}"><div>${content}</div></div>`;
