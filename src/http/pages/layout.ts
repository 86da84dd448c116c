import { Html, html } from './html.ts';
import { ICON, MARK } from './mark.ts';
import { STYLE } from './style.ts';

export interface Page {
  /** What the tab says; the page's own heading is part of its content. */
  readonly title: string;
  readonly content: Html;
}

/** The whole document around a page's content. */
export const layout = ({ title, content }: Page): string =>
  styledDocument({
    title,
    style: STYLE,
    body: html`<main>
${MARK}
${content}
</main>`,
  });

export interface StyledDocument {
  readonly title: string;
  /** Ours: the policy of the page knows it by its hash. */
  readonly style: string;
  readonly body: Html;
}

/** A document that brings its style along, for the pages of the main listener. */
export function styledDocument({ title, style, body }: StyledDocument): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<link rel="icon" href="${ICON}">
<style>${Html.trusted(style)}</style>
</head>
<body>
${body}
<footer>Protected by Gatehouse</footer>
</body>
</html>
`.toString();
}
