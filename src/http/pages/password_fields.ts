import { type Html, html } from './html.ts';

/**
 * What a password is asked with, for every door that takes one.
 * @param username what was typed before. @param failed whether that was wrong: then the password has the focus, else the name.
 */
export const passwordFields = ({
  username,
  failed,
}: {
  readonly username?: string | undefined;
  readonly failed: boolean;
}): Html =>
  html`<div>
<label for="username">Username</label>
<input id="username" name="username" value="${username}" autocomplete="username" autocapitalize="none" autocorrect="off" spellcheck="false" maxlength="256" required${!failed && html` autofocus`}>
</div>
<div>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="1024" required${failed && html` autofocus aria-invalid="true" aria-describedby="problem"`}>
</div>`;
