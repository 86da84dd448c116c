import { type Html, html } from '../../../http/pages/html.ts';
import type { Visit } from '../page.ts';
import { card } from '../parts/facts.ts';
import { areaField, form, inputField, summaryOf, type Trouble } from '../parts/forms.ts';
import { LABELS, type TypedCall } from './call.ts';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];

/** Asks for a call. The token is never filled in again. */
export function callForm({ csrf, isAdmin }: Visit, typed: TypedCall, trouble?: Trouble, isFirst = true): Html {
  const { method = 'GET', target, host, headers, body } = typed;
  const hasMore = headers !== '' || body !== '' || ['headers', 'body'].some((name) => trouble?.fields.has(name));
  return html`${summaryOf(trouble, LABELS)}${card(
    { title: 'The call', id: 'call' },
    form({
      action: '/explain',
      csrf,
      content: html`<div class="call">${inputField({ name: 'method', label: LABELS.method, value: method, trouble, required: true, longest: 32, code: true, suggestions: METHODS })}
${inputField({ name: 'target', label: LABELS.target, value: target, trouble, required: true, first: isFirst, longest: 8192, code: true, placeholder: '/orders/7, or the whole address' })}</div>
${inputField({ name: 'host', label: LABELS.host, value: host, trouble, code: true, hint: 'Where the gateway says it can be reached, if empty.' })}
<div data-show>${inputField({ name: 'token', label: LABELS.token, type: 'password', trouble, longest: 4096, code: true, hint: 'An access token. It is used once, and in no page, address or log afterwards.' })}</div>
<details${hasMore && html` open`}><summary>Headers${isAdmin && ' and body'}</summary>
<div class="fields">${areaField({ name: 'headers', label: LABELS.headers, value: headers, trouble, code: true, longest: 16_000, hint: 'One per line: Name: value. Values that let somebody in, such as cookies, do not come back.' })}
${isAdmin && areaField({ name: 'body', label: LABELS.body, value: body, trouble, code: true, longest: 16_000, hint: 'Only for “Try it”. Say what it is with a Content-Type among the headers.' })}</div></details>`,
      submit: html`<button>Explain</button>${isAdmin && html`<button class="plain" formaction="/explain/try">Try it</button><span class="hint">“Try it” makes the call: the upstream sees it.</span>`}`,
    }),
  )}`;
}
