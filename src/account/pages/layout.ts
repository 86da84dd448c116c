import { styledPageHeaders } from '../../http/page_headers.ts';
import { type Html, type HtmlValue, html } from '../../http/pages/html.ts';
import { styledDocument } from '../../http/pages/layout.ts';
import { MARK } from '../../http/pages/mark.ts';
import type { Pair } from '../../model/wire.ts';
import type { Paths } from '../paths.ts';
import { ACCOUNT_STYLE, ACCOUNT_STYLE_SOURCE } from './style.ts';

/** What every page says beside its own content. */
export interface Frame {
  readonly paths: Paths;
  readonly csrf: string;
  /** Whoever is signed in, by the name that people know. */
  readonly userName: string;
  /** Whether users can make tokens of their own here. */
  readonly hasTokens: boolean;
  /** What was done a moment ago. */
  readonly notice?: string | undefined;
}

export interface Page {
  readonly title: string;
  /** Which entry of the navigation it belongs to. */
  readonly at: string;
  readonly content: Html;
  /** What was wrong in the form that was sent, by the id of the field. */
  readonly problems?: readonly Problem[] | undefined;
}

export interface Problem {
  /** The id of the field; absent for what is about no field alone. */
  readonly field?: string | undefined;
  readonly message: string;
}

/** The headers of every page of this room. */
export const accountHeaders = (): readonly Pair[] => styledPageHeaders(ACCOUNT_STYLE_SOURCE);

/** The whole document around a page's content, with what was done or was wrong on top. */
export function accountPage(frame: Frame, { title, at, content, problems = [] }: Page): string {
  const { paths, csrf, userName, notice } = frame;
  const failed = problems.length > 0;
  return whole(
    `${failed ? 'Problem: ' : ''}${title}`,
    html`<a class="skip" href="#content">Skip to content</a>
<header class="top"><div>
<div class="who">
${MARK}
<a class="site" href="${paths.home}">Your account</a>
<p class="me">Signed in as <strong><bdi>${userName}</bdi></strong></p>
<form method="post" action="${paths.signOut}">
${csrfField(csrf)}
<button class="plain">Sign out</button>
</form>
</div>
<nav aria-label="Your account"><ul>
${entries(frame).map(([path, label]) => html`<li><a href="${path}"${path === at && html` aria-current="page"`}>${label}</a></li>`)}
</ul></nav>
</div></header>
<main id="content">
${notice !== undefined && html`<div class="notice" role="status"><p>${notice}</p></div>`}
${failed && summary(problems)}
${content}
</main>`,
  );
}

/** A page for whoever is not signed in any more. */
export function plainPage(title: string, content: Html): string {
  return whole(title, html`<main id="content" class="narrow">\n${MARK}\n${content}\n</main>`);
}

const entries = ({ paths, hasTokens }: Frame): readonly (readonly [string, string])[] => [
  [paths.home, 'Overview'],
  [paths.applications, 'Apps'],
  [paths.sessions, 'Devices and sessions'],
  ...(hasTokens ? [[paths.tokens, 'Personal tokens'] as const] : []),
  [paths.password, 'Password'],
];

/** Says all of it at once, and leads to each field. */
function summary(problems: readonly Problem[]): Html {
  const [only] = problems;
  if (problems.length === 1 && only && only.field === undefined) {
    return html`<div class="problem" role="alert" id="problem"><p>${only.message}</p></div>`;
  }
  return html`<div class="problem" role="alert" id="problem"><p>Nothing has changed yet. Please look at:</p>
<ul>${problems.map(({ field, message }) => html`<li>${field === undefined ? message : html`<a href="#${field}">${message}</a>`}</li>`)}</ul>
</div>`;
}

export const csrfField = (csrf: string): Html => html`<input type="hidden" name="csrf" value="${csrf}">`;

/** What a field with a problem carries, and the words beside it. The first one gets the focus. @param isGroup several together. */
export function wrong(
  problems: readonly Problem[],
  field: string,
  isGroup = false,
): { readonly attributes: HtmlValue; readonly words: HtmlValue } {
  const problem = problems.find((each) => each.field === field);
  if (!problem) return { attributes: undefined, words: undefined };
  const first = problems.find((each) => each.field !== undefined) === problem;
  return {
    attributes: html`${!isGroup && html` aria-invalid="true"`} aria-describedby="${field}-problem"${first && html` autofocus`}`,
    words: html`<p class="wrong" id="${field}-problem">${problem.message}</p>`,
  };
}

const whole = (title: string, body: Html): string => styledDocument({ title, style: ACCOUNT_STYLE, body });
