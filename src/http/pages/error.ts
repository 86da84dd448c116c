import { type HtmlValue, html } from './html.ts';
import { layout } from './layout.ts';

export interface ErrorPage {
  /** What went wrong and what would be right, for the person or whoever they ask for help. */
  readonly description: string;
  /** The error's name in the dialect, and the request's id: what a report should quote. */
  readonly error: string;
  readonly requestId: string;
  /** Whether trying again may help, as when a server behind us is away. */
  readonly temporary: boolean;
  /** Where to start again, if that is a page of ours. */
  readonly home?: string | undefined;
}

const SIGN_IN = ['Sign-in cannot go on', 'This sign-in cannot go on'] as const;
const ACCOUNT = ['This cannot be done', 'This cannot be done'] as const;

const whatNext = (home: string | undefined): HtmlValue =>
  home === undefined
    ? 'Go back to the app and start again. If that does not help, tell its makers what this page says.'
    : html`<a href="${home}">Go to your account</a> and start again.`;

/** Ends a browser flow that cannot go on. It never leads back to the app: the app may be what is not to be trusted. */
export function errorPage({ description, error, requestId, temporary, home }: ErrorPage): string {
  const [title, heading] = home === undefined ? SIGN_IN : ACCOUNT;
  return layout({
    title: temporary ? 'Try again in a moment' : title,
    content: html`<h1>${temporary ? 'Try again in a moment' : heading}</h1>
<div class="problem" role="alert"><p>${description}</p></div>
<p class="quiet">${temporary ? 'Reload this page in a few seconds.' : whatNext(home)}</p>
<dl>
<dt>Error</dt><dd><code>${error}</code></dd>
<dt>Request</dt><dd><code>${requestId}</code></dd>
</dl>`,
  });
}
