import { AdminProblem } from '../../../admin/problem.ts';
import { explainCall, tryCall } from '../../../admin/routes.ts';
import type { Html } from '../../../http/pages/html.ts';
import { html } from '../../../http/pages/html.ts';
import { LIVE_STYLE } from '../../assets.ts';
import type { ConsolePage, Shown, Visit } from '../page.ts';
import { type Trouble, troubleOf } from '../parts/forms.ts';
import { concealer, type Hide, inputOf, LABELS, type TypedCall, typedCall, withoutSecrets } from './call.ts';
import { callForm } from './form.ts';
import { told, tried } from './told.ts';

/** A form, which links fill in with anything but a token. */
export const explainForm: ConsolePage = {
  method: 'GET',
  path: '/explain',
  async answer(visit) {
    const { method, target, host } = typedCall(visit.query);
    const typed = { method, target, host, headers: '', body: '' };
    return page(visit, withoutSecrets(typed, concealer(typed, '')));
  },
};

/** What would become of the call. */
export const explainDone: ConsolePage = {
  method: 'POST',
  path: '/explain',
  answer: (visit) =>
    answered(visit, async (input, _typed, hide) => told(await visit.perform(explainCall, input), hide)),
};

/** Makes the call, through the main listener as anybody's. */
export const tryDone: ConsolePage = {
  method: 'POST',
  path: '/explain/try',
  role: 'admin',
  answer: (visit) =>
    answered(visit, async (input, { body }, hide) => {
      const answer = await visit.perform(tryCall, { ...input, ...(body !== '' && { body }) });
      return tried(answer, hide);
    }),
};

async function answered(
  visit: Visit,
  act: (input: ReturnType<typeof inputOf>, typed: TypedCall, hide: Hide) => Promise<Html>,
): Promise<Shown> {
  const token = visit.form
    .exact('token')
    .trim()
    .replace(/^bearer\s+/i, '');
  const typed = typedCall(visit.form);
  const hide = concealer(typed, token);
  const shown = withoutSecrets(typed, hide);
  try {
    return page(visit, shown, await act(inputOf(typed, token), typed, hide));
  } catch (error) {
    if (!(error instanceof AdminProblem) || error.type !== 'invalid') throw error;
    return { ...page(visit, shown, undefined, troubleOf(error, Object.keys(LABELS))), status: 422 };
  }
}

const page = (visit: Visit, typed: TypedCall, outcome?: Html, trouble?: Trouble): Shown => ({
  title: 'Explain',
  intro:
    'What becomes of a call, step by step: what stops it, and what to change. To explain, none is made and none is counted.',
  styles: [LIVE_STYLE.path],
  content: html`${outcome && html`<div class="reading">${outcome}</div>`}${callForm(visit, typed, trouble, outcome === undefined)}`,
});
