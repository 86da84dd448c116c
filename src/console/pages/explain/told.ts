import type { z } from 'zod';
import type { ExplanationView } from '../../../admin/route_view.ts';
import type { tryCall } from '../../../admin/routes.ts';
import { type Html, html } from '../../../http/pages/html.ts';
import { numeral } from '../overview/figures.ts';
import { badge, card, facts, note } from '../parts/facts.ts';
import { routePath } from '../routes/list.ts';
import type { Hide } from './call.ts';

type Verdict = ExplanationView['verdict'];
type Step = ExplanationView['steps'][number];

/** What would become of a call, and why. */
export const told = ({ steps, verdict }: ExplanationView, hide: Hide): Html => html`${verdictNote(verdict, hide)}
${card({ title: 'Step by step' }, html`<ol class="steps">${steps.map((step) => stepOf(step, hide))}</ol>`)}
${forwarded(verdict, hide)}`;

function verdictNote({ outcome, status, error, description, route }: Verdict, hide: Hide): Html {
  const by = route !== undefined && html`, by the route <a href="${routePath(route)}"><bdi>${route}</bdi></a>`;
  if (outcome === 'forwarded') return note('good', html`<p><strong>It would be let through</strong>${by}.</p>`);
  if (outcome === 'answered')
    return note(
      'plain',
      html`<p><strong>Gatehouse would answer it itself</strong>${status !== undefined && `, with ${status}`}${by}.</p>`,
    );
  return note(
    'bad',
    html`<p><strong>It would be refused${status !== undefined && ` with ${status}`}</strong>${error !== undefined && html` <code>${error}</code>`}${by}.</p>${description !== undefined && html`<p>The caller is told: ${hide(description)}</p>`}`,
  );
}

const NAMES: Readonly<Record<Step['name'], string>> = {
  target: 'The address',
  route: 'The route',
  credential: 'The credential',
  token: 'The token',
  authorization: 'What the token allows',
  limits: 'Limits',
  forward: 'Where it goes',
};

const SIGNS = { ok: '✓', stopped: '✕', skipped: '–' } as const;
const SPOKEN = { ok: 'passed', stopped: 'stopped here', skipped: 'not looked at' } as const;

const stepOf = ({ name, outcome, says, change, error }: Step, hide: Hide): Html => html`<li class="${outcome}">
<span class="sign" aria-hidden="true">${SIGNS[outcome]}</span>
<div><h3>${NAMES[name]}<span class="hidden">: ${SPOKEN[outcome]}</span>${error !== undefined && html` ${badge(error, 'bad')}`}</h3>
<p>${hide(says)}</p>${change !== undefined && html`<p class="change"><strong>What to change:</strong> ${hide(change)}</p>`}</div>
</li>
`;

const SOURCES = {
  cache: 'the cache',
  store: 'the store',
  stale_cache: 'the cache, because the store is away',
} as const;

function forwarded({ upstream, headers, from }: Verdict, hide: Hide): Html | false {
  if (!upstream) return false;
  return card(
    { title: 'What the upstream gets' },
    html`${facts([
      ['Path', html`<code>${hide(upstream.path)}</code>`],
      [
        'Targets',
        upstream.targets.length > 0 &&
          html`<ul>${upstream.targets.map((target) => html`<li><code>${target}</code></li>`)}</ul>`,
      ],
      ['The token was known by', from !== undefined && SOURCES[from]],
      ...headers.map(({ name, value }) => [name, html`<code><bdi>${hide(value)}</bdi></code>`] as const),
    ])}`,
  );
}

type Tried = z.output<typeof tryCall.output>;

/** What came back, as text: nothing of it is run or drawn. @param hide takes the token out of what an upstream sent back. */
export function tried({ status, headers, body, truncated, milliseconds }: Tried, hide: Hide): Html {
  return card(
    {
      title: 'The answer',
      id: 'answer',
      actions: html`<span>${badge(String(status), kindOf(status))} <span class="quiet small">${numeral(milliseconds)} ms</span></span>`,
    },
    html`<h3>Headers</h3>
<ul class="lines">${headers.map(({ name, value }) => html`<li><strong>${name}:</strong> <bdi>${hide(value)}</bdi></li>`)}</ul>
<h3 id="body">Body</h3>
${
  body === ''
    ? html`<p class="quiet">There is none.</p>`
    : html`<pre class="answer" tabindex="0" role="region" aria-labelledby="body">${hide(body)}</pre>`
}${truncated && html`<p class="hint">There is more: this is the beginning.</p>`}`,
  );
}

function kindOf(status: number): 'good' | 'warn' | 'bad' {
  if (status < 400) return 'good';
  return status < 500 ? 'warn' : 'bad';
}
