import { html } from '../../http/pages/html.ts';
import type { Paths } from '../paths.ts';
import { plainPage } from './layout.ts';

export const signedOutPage = ({ home }: Paths): string =>
  plainPage(
    'Signed out',
    html`<h1>You are signed out</h1>
<p class="quiet">You can close this window.</p>
<div class="row"><a class="button" href="${home}">Sign in again</a></div>`,
  );
