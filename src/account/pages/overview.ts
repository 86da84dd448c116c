import { type Html, html } from '../../http/pages/html.ts';
import type { Identity } from '../../model/token.ts';
import { accountPage, type Frame } from './layout.ts';

export interface Overview {
  readonly user: Identity;
  readonly applications: number;
  readonly devices: number;
  readonly sessions: number;
  readonly tokens: number;
}

/** Who the user is here, and what there is of theirs. */
export function overviewPage(frame: Frame, { user, applications, devices, sessions, tokens }: Overview): string {
  const { paths, hasTokens } = frame;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Name', user.name],
    ['Username', user.username],
    ['E-mail', user.email],
    ['Phone', user.phoneNumber],
    ['Signs in with', user.connection],
  ];
  return accountPage(frame, {
    title: 'Your account',
    at: paths.home,
    content: html`<h1>Hello, <bdi>${user.name ?? user.username}</bdi></h1>
<p class="lead">Everything that acts in your name is here, and can be ended here.</p>
<div class="cards">
${card('Apps', `${counted(applications, 'app has', 'apps have')} access to your account.`, paths.applications, 'See apps')}
${card('Devices and sessions', `${counted(sessions, 'browser', 'browsers')} and ${counted(devices, 'named device', 'named devices')} are signed in.`, paths.sessions, 'See where')}
${hasTokens && card('Personal tokens', `${counted(tokens, 'token', 'tokens')} for your own scripts and tools.`, paths.tokens, 'See personal tokens')}
${card('Password', 'Choose another one, and sign out everywhere else.', paths.password, 'Change password')}
</div>
<section aria-labelledby="facts">
<h2 id="facts">What is known of you</h2>
<div class="card"><dl class="facts">
${facts.map(([label, value]) => value !== undefined && html`<dt>${label}</dt><dd><bdi>${value}</bdi></dd>`)}
</dl></div>
</section>`,
  });
}

const card = (title: string, text: string, path: string, label: string): Html =>
  html`<div class="card"><h2>${title}</h2><p>${text}</p><a href="${path}">${label}</a></div>`;

const counted = (count: number, one: string, many: string): string =>
  `${count === 0 ? 'no' : count} ${count === 1 ? one : many}`
    .replace(/^no (?=apps)/, 'No ')
    .replace(/^no (?=tokens)/, 'No ');
