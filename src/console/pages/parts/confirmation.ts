import { type Html, type HtmlValue, html } from '../../../http/pages/html.ts';
import { form, inputField, type Trouble } from './forms.ts';

export interface Confirmation {
  readonly action: string;
  readonly csrf: string;
  readonly hidden: Readonly<Record<string, string | undefined>>;
  /** What will happen. */
  readonly says: HtmlValue;
  /** What the button says: the thing itself, not "Yes". */
  readonly button: string;
  /** The way out. */
  readonly back: string;
  /** What has to be typed for it, where it cannot be taken back. */
  readonly typed?:
    | { readonly expected: string; readonly trouble?: Trouble | undefined; readonly value?: string | undefined }
    | undefined;
  /** Further fields. */
  readonly more?: Html | undefined;
  readonly dangerous?: boolean | undefined;
}

/** Asks before something that cannot be undone is done: a page of its own, which needs no script. */
export function confirmation({ typed, says, button, back, more, dangerous = true, ...rest }: Confirmation): Html {
  return html`<div class="card"><div class="inside">
${form({
  ...rest,
  content: html`<div>${says}</div>
${more}
${
  typed &&
  inputField({
    name: 'typed',
    label: `Type ${typed.expected} to confirm`,
    value: typed.value,
    trouble: typed.trouble,
    required: true,
    first: true,
    code: true,
  })
}`,
  submit: html`<button${dangerous && html` class="danger"`}>${button}</button><a class="button plain" href="${back}">Cancel</a>`,
})}
</div></div>`;
}
