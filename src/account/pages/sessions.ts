import { type Html, html } from '../../http/pages/html.ts';
import type { HeldGrant, HeldSession } from '../holdings.ts';
import { accountPage, csrfField, type Frame } from './layout.ts';
import { browserName, day, minute } from './words.ts';

export interface SessionsPage {
  readonly sessions: readonly HeldSession[];
  /** The id of the session that this page is shown in. */
  readonly mine: string;
  /** The grants of apps, those of one device together. */
  readonly devices: readonly Device[];
  /** Of clients, by id. */
  readonly names: ReadonlyMap<string, string>;
}

export interface Device {
  /** Absent: apps that did not say. */
  readonly name?: string | undefined;
  readonly grants: readonly HeldGrant[];
}

/** Where the user is signed in: browsers, and what apps were given on devices. */
export function sessionsPage(frame: Frame, { sessions, mine, devices, names }: SessionsPage): string {
  const { paths } = frame;
  return accountPage(frame, {
    title: 'Devices and sessions',
    at: paths.sessions,
    content: html`<h1>Devices and sessions</h1>
<p class="lead">Where you are signed in. If something here is not yours, end it and change your password.</p>
<div class="row"><a class="button" href="${paths.signOutEverywhere}">Sign out everywhere</a></div>
<section aria-labelledby="browsers">
<h2 id="browsers">Browsers</h2>
<p>Each can sign in to apps without asking for your password.</p>
<table>
<thead><tr><th scope="col">Browser</th><th scope="col">Signed in</th><th scope="col">From</th><th scope="col">Until</th><th scope="col"><span class="quiet">Action</span></th></tr></thead>
<tbody>${sessions.map((session) => sessionRow(frame, session, session.id === mine))}</tbody>
</table>
</section>
<section aria-labelledby="devices">
<h2 id="devices">Devices and apps</h2>
<p>What apps were given when you signed in to them.</p>
${
  devices.length === 0
    ? html`<p class="empty">No app is signed in.</p>`
    : html`<table>
<thead><tr><th scope="col">Device</th><th scope="col">App</th><th scope="col">Signed in</th><th scope="col">Until</th><th scope="col"><span class="quiet">Action</span></th></tr></thead>
<tbody>${devices.map((device) => device.grants.map((grant, index) => grantRow(frame, device, grant, index, names)))}</tbody>
</table>`
}
</section>`,
  });
}

function sessionRow({ paths, csrf }: Frame, session: HeldSession, isMine: boolean): Html {
  const name = browserName(session.userAgent);
  const console = session.purpose === 'console';
  return html`<tr>
<td><bdi>${name}</bdi>${isMine && html` <span class="tag">This browser</span>`}${console && html` <span class="tag">Console</span>`}</td>
<td data-label="Signed in">${minute(session.authenticatedAt)}</td>
<td data-label="From">${addressOf(session)}</td>
<td data-label="Until">${minute(session.expiresAt)}</td>
<td class="do"><form method="post" action="${paths.endSession}">
${csrfField(csrf)}
<input type="hidden" name="session" value="${session.id}">
<button class="plain" aria-label="Sign out ${name}${isMine ? ', this browser' : ''}">Sign out</button>
</form></td>
</tr>`;
}

/** The short ones in one piece. */
function addressOf({ address }: HeldSession): Html {
  if (address === undefined) return html`<span class="quiet">not known</span>`;
  return address.length > 15 ? html`${address}` : html`<span class="address">${address}</span>`;
}

/** @param index in the grants of the device: the first one can end them all. */
function grantRow(
  { paths, csrf }: Frame,
  { name, grants }: Device,
  grant: HeldGrant,
  index: number,
  names: ReadonlyMap<string, string>,
): Html {
  const app = names.get(grant.client) ?? grant.client;
  const label = name ?? 'A device without a name';
  return html`<tr>
<td><bdi>${label}</bdi></td>
<td data-label="App"><bdi>${app}</bdi></td>
<td data-label="Signed in">${minute(grant.issuedAt)}</td>
<td data-label="Until">${day(grant.expiresAt)}</td>
<td class="do"><form method="post" action="${paths.endGrants}">
${csrfField(csrf)}
<input type="hidden" name="grant" value="${grant.id}">
<button class="plain" aria-label="End ${app} on ${label}">End</button>
</form>
${
  name !== undefined &&
  index === 0 &&
  grants.length > 1 &&
  html`<form method="post" action="${paths.endGrants}">
${csrfField(csrf)}
<input type="hidden" name="device" value="${name}">
<button class="link" aria-label="End all apps on ${label}">End all on this device</button>
</form>`
}</td>
</tr>`;
}

/** Asks before everything is ended. */
export function signOutEverywherePage(frame: Frame, tokens: number): string {
  const { paths, csrf } = frame;
  return accountPage(frame, {
    title: 'Sign out everywhere',
    at: paths.sessions,
    content: html`<div class="narrow"><h1>Sign out everywhere</h1>
<p class="lead">All browsers, this one among them, and all apps on all devices are signed out at once. Apps keep your consent, and ask for your password again.</p>
<form class="fields" method="post" action="${paths.signOutEverywhere}">
${csrfField(csrf)}
${tokens > 0 && html`<label class="tick"><input type="checkbox" name="tokens" value="yes"> Revoke my ${tokens === 1 ? 'personal token' : `${tokens} personal tokens`} too</label>`}
<div class="row"><button>Sign out everywhere</button> <a href="${paths.sessions}">Cancel</a></div>
</form></div>`,
  });
}
