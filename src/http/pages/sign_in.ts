import { html } from './html.ts';
import { layout } from './layout.ts';

export interface SignInPage {
  /** Where the form goes: a path of ours. */
  readonly action: string;
  readonly interaction: string;
  readonly csrf: string;
  readonly clientName: string;
  /** What was wrong with the last try, and the name that was typed then. */
  readonly problem?: string | undefined;
  readonly username?: string | undefined;
}

/** Asks for a name and a password. After a failed try the name is kept and the password field has the focus. */
export function signInPage({ action, interaction, csrf, clientName, problem, username }: SignInPage): string {
  const failed = problem !== undefined;
  return layout({
    title: failed ? 'Problem: Sign in' : 'Sign in',
    content: html`<h1>Sign in</h1>
<p class="quiet">to continue to <strong><bdi>${clientName}</bdi></strong></p>
${failed && html`<div class="problem" role="alert" id="problem"><p>${problem}</p></div>`}
<form class="fields" method="post" action="${action}">
<input type="hidden" name="interaction" value="${interaction}">
<input type="hidden" name="csrf" value="${csrf}">
<div>
<label for="username">User name</label>
<input id="username" name="username" value="${username}" autocomplete="username" autocapitalize="none" autocorrect="off" spellcheck="false" maxlength="256" required${!failed && html` autofocus`}>
</div>
<div>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="1024" required${failed && html` autofocus aria-invalid="true" aria-describedby="problem"`}>
</div>
<button>Sign in</button>
</form>`,
  });
}
