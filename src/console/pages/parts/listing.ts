import { type Html, html } from '../../../http/pages/html.ts';
import { to } from '../page.ts';

/** What stands above a list: one field that goes through what its entries are called. */
export function searchForm(path: string, label: string, search: string | undefined, hint: string): Html {
  return html`<form class="search" role="search" method="get" action="${path}">
<div><label for="search">${label}</label><input id="search" name="search" type="search" value="${search}" placeholder="${hint}" maxlength="200" autocomplete="off" autocapitalize="none" spellcheck="false"></div>
<button class="plain">Search</button>${search !== undefined && html`<a class="button plain" href="${path}">Show all</a>`}
</form>`;
}

export interface Pages {
  readonly path: string;
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly after: string | undefined;
  readonly next: string | undefined;
}

/** Forward by cursor, and back to the beginning: lists of a million have no numbered pages. */
export function pages({ path, query, after, next }: Pages): Html | false {
  if (after === undefined && next === undefined) return false;
  return html`<nav class="pages" aria-label="Pages">
${after === undefined ? html`<p class="quiet small">First page</p>` : html`<a class="button plain" href="${to(path, query)}">First page</a>`}
${next === undefined ? html`<p class="quiet small">End of the list</p>` : html`<a class="button plain" href="${to(path, { ...query, after: next })}">Next page</a>`}
</nav>`;
}
