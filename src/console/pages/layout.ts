import { type Html, html } from '../../http/pages/html.ts';
import { ICON, MARK } from '../../http/pages/mark.ts';
import { SCRIPT, STYLE_SHEET } from '../assets.ts';
import { ICONS } from './icons.ts';
import { NAVIGATION } from './navigation.ts';
import type { Shown, Visit } from './page.ts';

export interface Shell {
  readonly shown: Shown;
  readonly visit: Pick<Visit, 'by' | 'csrf'>;
  /** The path of this page, and those that exist. */
  readonly path: string;
  readonly paths: ReadonlySet<string>;
  /** What is said of what was done before. */
  readonly notice?: Html | undefined;
}

/** The whole document of a page: the left pane, and beside it what the page shows. */
export function shell({ shown, visit, path, paths, notice }: Shell): string {
  const { title, badge, intro, above = [], actions, content } = shown;
  const section = above[0]?.title;
  return document({
    title: section === undefined ? title : `${title} · ${section}`,
    styles: shown.styles,
    scripts: shown.scripts,
    body: html`<body>
<a class="skip" href="#content">Skip to the content</a>
<div class="shell">
<header class="bar">
<a class="brand" href="/">${MARK}Gatehouse</a>
<button class="plain" type="button" popovertarget="pane">${ICONS.menu}Menu</button>
</header>
<nav class="pane" id="pane" aria-label="Console" popover>
<a class="brand" href="/">${MARK}Gatehouse</a>
<ul>
${NAVIGATION.filter((tab) => paths.has(tab.path)).map(
  (tab) =>
    html`<li><a href="${tab.path}"${isWithin(path, tab.path) && html` aria-current="${path === tab.path ? 'page' : 'true'}"`}>${ICONS[tab.icon]}${tab.title}</a></li>
`,
)}</ul>
${who(visit)}
</nav>
<main id="content" tabindex="-1">
${above.length > 0 && crumbs(above)}
<div class="heading">
<div><h1>${title}</h1>${badge && html` ${badge}`}${intro && html`<p>${intro}</p>`}</div>
${actions && html`<div class="actions">${actions}</div>`}
</div>
${notice}
${content}
</main>
</div>
</body>`,
  });
}

export interface Alone {
  readonly title: string;
  readonly content: Html;
}

/** A document without the pane, for those who are not signed in. */
export function alone({ title, content }: Alone): string {
  return document({
    title,
    body: html`<body class="alone">
<main id="content">
${MARK}
${content}
</main>
<footer>Gatehouse console</footer>
</body>`,
  });
}

interface Document {
  readonly title: string;
  readonly body: Html;
  readonly styles?: readonly string[] | undefined;
  readonly scripts?: readonly string[] | undefined;
}

function document({ title, body, styles = [], scripts = [] }: Document): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title} · Gatehouse</title>
<link rel="icon" href="${ICON}">
${[...styles, STYLE_SHEET.path].map(
  (path) => html`<link rel="stylesheet" href="${path}">
`,
)}${[SCRIPT.path, ...scripts].map(
  (path) => html`<script src="${path}" defer></script>
`,
)}</head>
${body}
</html>
`.toString();
}

/** Whether a page belongs to a tab: `/clients/edit` belongs to `/clients`. */
const isWithin = (path: string, tab: string): boolean => path === tab || (tab !== '/' && path.startsWith(`${tab}/`));

const crumbs = (above: NonNullable<Shown['above']>): Html => html`<nav class="crumbs" aria-label="Breadcrumb"><ol>
${above.map(({ title, to }) => html`<li><a href="${to}"><bdi>${title}</bdi></a></li>`)}
</ol></nav>`;

function who({ by, csrf }: Shell['visit']): Html {
  const { actor, role } = by;
  return html`<div class="who">
<p><span class="quiet">Signed in as</span><br><strong><bdi>${actor.name ?? actor.id}</bdi></strong> <span class="badge">${role}</span></p>
<form method="post" action="/sign-out"><input type="hidden" name="csrf" value="${csrf}"><button class="plain">Sign out</button></form>
</div>`;
}
