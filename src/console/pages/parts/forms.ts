import type { AdminProblem } from '../../../admin/problem.ts';
import { type Html, type HtmlValue, html } from '../../../http/pages/html.ts';

/** What was wrong with a form that was sent, by the name of the field. */
export interface Trouble {
  /** In one sentence, at the top. */
  readonly summary: string;
  readonly fields: ReadonlyMap<string, string>;
  /** What was wrong with fields that this form does not have. */
  readonly others: readonly string[];
}

/** Fields with one thing in each line. */
const IN_LINES = ['redirect_uris', 'scopes', 'audience', 'headers'];

/** @param names the fields of the form; a problem of `redirect_uris.1` is one of `redirect_uris`, and says the line. */
export function troubleOf(problem: AdminProblem, names: readonly string[]): Trouble {
  const fields = new Map<string, string>();
  const others: string[] = [];
  for (const { path, message } of problem.fields) {
    const [name = '', index] = path.split('.');
    const said =
      /^\d+$/.test(index ?? '') && IN_LINES.includes(name)
        ? `Line ${Number(index) + 1}: ${message}`
        : sentence(message);
    if (names.includes(name)) fields.set(name, [fields.get(name), said].filter(Boolean).join(' '));
    else others.push(path === '' ? sentence(message) : `${path}: ${message}`);
  }
  // What `perform` says of a schema names fields by what the API calls them; the list below names them as the form does.
  const summary = problem.message.startsWith('Not right:') ? 'Some fields are not right yet.' : problem.message;
  return { summary, fields, others };
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Says at the top what is wrong, with a way to each field. */
export function summaryOf(trouble: Trouble | undefined, labels: Readonly<Record<string, string>>): Html | false {
  if (trouble === undefined) return false;
  const { fields, others } = trouble;
  const items = [
    ...[...fields].map(([name, said]) => html`<li><a href="#${name}">${labels[name] ?? name}</a>: ${said}</li>`),
    ...others.map((said) => html`<li>${said}</li>`),
  ];
  return html`<div class="note bad" role="alert" id="problem"><div><p><strong>${sentence(trouble.summary)}</strong></p>${items.length > 0 && html`<ul>${items}</ul>`}</div></div>`;
}

export interface Form {
  readonly action: string;
  readonly csrf: string;
  /** What the page already knows and the form must send back. */
  readonly hidden?: Readonly<Record<string, string | undefined>> | undefined;
  readonly content: Html;
  /** The button, and what stands beside it. */
  readonly submit: Html;
}

export function form({ action, csrf, hidden = {}, content, submit }: Form): Html {
  return html`<form class="fields" method="post" action="${action}">
<input type="hidden" name="csrf" value="${csrf}">${hiddenFields(hidden)}
${content}
<div class="actions">${submit}</div>
</form>`;
}

const hiddenFields = (hidden: NonNullable<Form['hidden']>): Html =>
  html`${Object.entries(hidden)
    .filter((pair): pair is [string, string] => pair[1] !== undefined)
    .map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}`;

export interface ActionButton {
  readonly action: string;
  readonly csrf: string;
  readonly hidden: Readonly<Record<string, string | undefined>>;
  readonly label: HtmlValue;
  /** What screen readers say where many buttons have the same label: `End the session of …`. */
  readonly of?: string | undefined;
  readonly kind?: 'plain' | 'danger' | 'link' | 'link danger' | undefined;
}

/** One button that does one thing. */
export const actionButton = ({ action, csrf, hidden, label, of, kind = 'plain' }: ActionButton): Html =>
  html`<form method="post" action="${action}"><input type="hidden" name="csrf" value="${csrf}">${hiddenFields(hidden)}<button class="${kind}">${label}${of !== undefined && html`<span class="hidden"> ${of}</span>`}</button></form>`;

export interface Field {
  readonly name: string;
  readonly label: string;
  readonly value?: string | undefined;
  readonly hint?: HtmlValue;
  readonly trouble?: Trouble | undefined;
  readonly required?: boolean | undefined;
  /** Where the cursor is when nothing is wrong. */
  readonly first?: boolean | undefined;
}

export interface InputField extends Field {
  readonly type?: 'text' | 'email' | 'tel' | 'password' | 'search' | 'date' | undefined;
  readonly longest?: number | undefined;
  readonly autocomplete?: string | undefined;
  readonly placeholder?: string | undefined;
  readonly code?: boolean | undefined;
  /** What is often typed here. */
  readonly suggestions?: readonly string[] | undefined;
}

/** A line of text. After a refused form the first field with a problem has the focus. */
export function inputField(field: InputField): Html {
  const { name, type = 'text', value, longest = 256, autocomplete = 'off', placeholder, code, suggestions } = field;
  return described(
    field,
    (described) =>
      html`<input id="${name}" name="${name}" type="${type}" value="${value}" maxlength="${longest}" autocomplete="${autocomplete}"${placeholder !== undefined && html` placeholder="${placeholder}"`}${code === true && html` class="code" autocapitalize="none" autocorrect="off" spellcheck="false"`}${suggestions && html` list="${name}-list"`}${described}>${suggestions && html`<datalist id="${name}-list">${suggestions.map((each) => html`<option value="${each}">`)}</datalist>`}`,
  );
}

/** Several lines: prose, or one thing per line. */
export function areaField(
  field: Field & { readonly rows?: number; readonly code?: boolean; readonly longest?: number },
): Html {
  const { name, value, rows = 3, code, longest = 20_000 } = field;
  return described(
    field,
    // What follows the tag at once would be dropped if it were an empty line.
    (described) =>
      html`<textarea id="${name}" name="${name}" rows="${rows}" maxlength="${longest}"${code === true && html` class="code" autocapitalize="none" autocorrect="off" spellcheck="false"`}${described}>
${value}</textarea>`,
  );
}

export interface Choice {
  readonly value: string;
  readonly label?: HtmlValue;
  readonly hint?: string | undefined;
}

export function selectField(field: Field & { readonly choices: readonly Choice[] }): Html {
  const { name, value, choices } = field;
  return described(
    field,
    (described) =>
      html`<select id="${name}" name="${name}"${described}>${choices.map((each) => html`<option value="${each.value}"${each.value === value && html` selected`}>${each.label ?? each.value}</option>`)}</select>`,
  );
}

/** Several boxes under one name. */
export function choicesField(
  field: Omit<Field, 'value'> & { readonly choices: readonly Choice[]; readonly chosen: readonly string[] },
): Html {
  const { name, label, hint, trouble, choices, chosen } = field;
  const wrong = trouble?.fields.get(name);
  return html`<fieldset id="${name}" tabindex="-1"${describedBy(name, hint, wrong)}>
<legend>${label}</legend>
<div class="choices">${choices.map(
    (each, index) =>
      html`<div class="choice"><input type="checkbox" id="${name}-${index}" name="${name}" value="${each.value}"${chosen.includes(each.value) && html` checked`}${wrong !== undefined && index === 0 && isFirstWrong(name, trouble) && html` autofocus`}><label for="${name}-${index}">${each.label ?? each.value}${each.hint !== undefined && html`<br><span class="hint">${each.hint}</span>`}</label></div>`,
  )}</div>
${notes(name, hint, wrong)}</fieldset>`;
}

/** One box. */
export function boxField(
  field: Omit<Field, 'label' | 'value'> & { readonly label: HtmlValue; readonly ticked: boolean },
): Html {
  const { name, label, hint, trouble, ticked, required } = field;
  const wrong = trouble?.fields.get(name);
  return html`<div><div class="choice"><input type="checkbox" id="${name}" name="${name}" value="yes"${ticked && html` checked`}${required === true && html` required`}${wrong !== undefined && html` aria-invalid="true"`}${wrong !== undefined && isFirstWrong(name, trouble) && html` autofocus`}${describedBy(name, hint, wrong)}><label for="${name}">${label}</label></div>
${notes(name, hint, wrong)}</div>`;
}

function described(field: Field, control: (attributes: Html) => Html): Html {
  const { name, label, hint, trouble, required, first } = field;
  const wrong = trouble?.fields.get(name);
  const focused = trouble === undefined ? first === true : isFirstWrong(name, trouble);
  const attributes = html`${required === true && html` required`}${wrong !== undefined && html` aria-invalid="true"`}${describedBy(name, hint, wrong)}${focused && html` autofocus`}`;
  return html`<div>
<label for="${name}">${label}</label>
${control(attributes)}
${notes(name, hint, wrong)}</div>`;
}

const isFirstWrong = (name: string, trouble: Trouble | undefined): boolean =>
  trouble?.fields.keys().next().value === name;

function describedBy(name: string, hint: HtmlValue, wrong: string | undefined): Html | false {
  const ids = [wrong === undefined ? '' : `${name}-wrong`, hint === undefined ? '' : `${name}-hint`].filter(Boolean);
  return ids.length > 0 && html` aria-describedby="${ids.join(' ')}"`;
}

const notes = (name: string, hint: HtmlValue, wrong: string | undefined): Html =>
  html`${wrong !== undefined && html`<p class="wrong" id="${name}-wrong">${wrong}</p>`}${hint !== undefined && html`<p class="hint" id="${name}-hint">${hint}</p>`}`;
