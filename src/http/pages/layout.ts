import { Html, html } from './html.ts';
import { ICON, MARK } from './mark.ts';
import { STYLE } from './style.ts';

export interface Page {
  /** What the tab says; the page's own heading is part of its content. */
  readonly title: string;
  readonly content: Html;
}

/** The whole document around a page's content. */
export function layout({ title, content }: Page): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<link rel="icon" href="${ICON}">
<style>${Html.trusted(STYLE)}</style>
</head>
<body>
<main>
${MARK}
${content}
</main>
<footer>Protected by Gatehouse</footer>
</body>
</html>
`.toString();
}
