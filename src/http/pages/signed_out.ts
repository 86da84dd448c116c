import { html } from './html.ts';
import { layout } from './layout.ts';

/** What remains after signing out when there is nothing to go on with. */
export function signedOutPage(): string {
  return layout({
    title: 'Signed out',
    content: html`<h1>You are signed out</h1>
<p class="quiet">You can close this page.</p>`,
  });
}
