import type { ClientView } from '../../../admin/client_view.ts';
import { endPreviousSecret, getClient, rotateSecret } from '../../../admin/clients.ts';
import { AdminProblem } from '../../../admin/problem.ts';
import { type Html, html } from '../../../http/pages/html.ts';
import type { ConsolePage, Shown } from '../page.ts';
import { aboveOf, pressed } from '../parts/asked.ts';
import { confirmation } from '../parts/confirmation.ts';
import { card, facts, note } from '../parts/facts.ts';
import { selectField } from '../parts/forms.ts';
import { moment } from '../parts/times.ts';
import { CLIENT, CLIENTS, clientPath } from './list.ts';

/** A value to be copied. @param name what it is, in the middle of a sentence. */
export const copied = (value: string, name: string): Html =>
  html`<span class="secret"><code data-copy="${name}">${value}</code></span>`;

/** The only page that ever shows a secret: the answer to the form that made it. It is not kept by us or by the browser's cache. */
export function secretPage(
  client: Pick<ClientView, 'id' | 'name'>,
  secret: string | undefined,
  how: 'created' | 'rotated',
  previousExpiresAt?: string,
): Shown {
  return {
    title: client.name,
    above: [CLIENTS],
    intro: how === 'created' ? 'The API client is created.' : 'The consumer secret is a new one.',
    content: html`${
      secret !== undefined &&
      note(
        'warn',
        html`<p><strong>Copy the consumer secret now.</strong> It is shown this once: we keep nothing that it could be read from.</p>${how === 'rotated' && html`<p>${previousExpiresAt === undefined ? 'The previous one has stopped working.' : html`The previous one goes on working until ${moment(previousExpiresAt)}.`}</p>`}`,
      )
    }${card(
      { title: 'What the app needs' },
      facts([
        ['Consumer Key', copied(client.id, 'the consumer key')],
        [
          'Consumer Secret',
          secret === undefined ? 'None: the client is public and uses PKCE.' : copied(secret, 'the consumer secret'),
        ],
      ]),
    )}
<p class="actions"><a class="button" href="${clientPath(client.id)}">Go on to the client</a></p>`,
  };
}

const PATH = '/clients/rotate-secret';

const OVERLAPS = [
  { value: '24h', label: 'for 24 hours' },
  { value: '1h', label: 'for one hour' },
  { value: '7d', label: 'for 7 days' },
  { value: '30d', label: 'for 30 days' },
  { value: '0', label: 'not at all' },
];

/** Asks for how long the old secret goes on. */
export const rotateForm: ConsolePage = {
  method: 'GET',
  path: PATH,
  role: 'admin',
  async answer({ query, perform, csrf }) {
    const client = await perform(getClient, { id: query.needed('id') });
    return {
      title: 'Rotate the secret',
      above: aboveOf(CLIENT, client),
      content: confirmation({
        action: PATH,
        csrf,
        hidden: { id: client.id, secrets: fingerprint(client) },
        says: html`<p>The client gets a new consumer secret, which is shown once. Give it to the app before the previous one stops.</p>`,
        more: selectField({
          name: 'overlap',
          label: 'The previous secret goes on working',
          value: '24h',
          choices: OVERLAPS,
        }),
        button: 'Rotate secret',
        back: clientPath(client.id),
        dangerous: false,
      }),
    };
  },
};

export const rotateDone: ConsolePage = {
  method: 'POST',
  path: PATH,
  role: 'admin',
  async answer({ form, perform }) {
    const id = form.needed('id');
    const client = await perform(getClient, { id });
    // A page that is reloaded sends its form again: that would end the secret which was shown a moment ago.
    if (form.exact('secrets') !== fingerprint(client)) {
      throw new AdminProblem(
        'conflict',
        'This secret was rotated meanwhile. Look at the client before you rotate it again.',
      );
    }
    const rotated = await perform(rotateSecret, { id, overlap: form.needed('overlap') });
    return secretPage(client, rotated.client_secret, 'rotated', rotated.previous_expires_at);
  },
};

export const endPrevious = pressed('/clients/end-previous-secret', clientPath, 'secret_ended', (perform, form) =>
  perform(endPreviousSecret, { id: form.needed('id') }),
);

/** Which secrets there are, as far as anybody may know. */
const fingerprint = ({ secrets }: ClientView): string =>
  secrets.map(({ expires_at = 'lasting' }) => expires_at).join(' ');
