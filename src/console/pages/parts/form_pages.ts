import { AdminProblem } from '../../../admin/problem.ts';
import { type Html, html } from '../../../http/pages/html.ts';
import type { Fields } from '../fields.ts';
import type { ConsolePage, Led, Outcome, Shown, Visit } from '../page.ts';
import { form, summaryOf, type Trouble, troubleOf } from './forms.ts';

/** A form on a page of its own. @typeParam About what it is about. @typeParam Typed what stands in its fields. */
export interface FormPages<About, Typed> {
  readonly path: string;
  /** What each field is called where the summary names it; a problem of another is told without a way to it. */
  readonly labels: Readonly<Record<string, string>>;
  /** What it is about, as it is now. */
  load(visit: Visit, fields: Fields): Promise<About>;
  /** What stands in the fields at first. */
  first(about: About, visit: Visit): Typed;
  /** What was typed. */
  read(sent: Fields): Typed;
  /** Has `admin/` do it. */
  save(visit: Visit, typed: Typed): Promise<Outcome>;
  /** Where somebody else was faster: shown again with this status, or led to what is there. Absent: told as any other problem. */
  readonly conflict?: 409 | 422 | ((typed: Typed) => Led) | undefined;
  show(state: FormState<About, Typed>): FormShown;
}

export interface FormState<About, Typed> {
  readonly visit: Visit;
  readonly about: About;
  readonly typed: Typed;
  /** What was wrong with it when it was sent. */
  readonly trouble?: Trouble | undefined;
}

export interface FormShown extends Pick<Shown, 'title' | 'above'> {
  readonly hidden?: Readonly<Record<string, string | undefined>> | undefined;
  readonly fields: Html;
  readonly button: Html;
  /** The way out. */
  readonly back: string;
}

/** @returns the page with the form, and the one that it is sent to: what is refused comes back as it was typed. */
export function formPages<About, Typed>(pages: FormPages<About, Typed>): readonly [ConsolePage, ConsolePage] {
  const { path, labels, conflict } = pages;

  function shown(state: FormState<About, Typed>): Shown {
    const { title, above, hidden, fields, button, back } = pages.show(state);
    return {
      title,
      above,
      content: html`${summaryOf(state.trouble, labels)}<div class="card"><div class="inside">${form({
        action: path,
        csrf: state.visit.csrf,
        hidden,
        content: fields,
        submit: html`${button}<a class="button plain" href="${back}">Cancel</a>`,
      })}</div></div>`,
    };
  }

  /** With what it is about loaded anew: whoever sends it again has been told that somebody else was there. */
  async function again(visit: Visit, typed: Typed, problem: AdminProblem, status: number): Promise<Shown> {
    const about = await pages.load(visit, visit.form);
    return { ...shown({ visit, about, typed, trouble: troubleOf(problem, Object.keys(labels)) }), status };
  }

  return [
    {
      method: 'GET',
      path,
      role: 'admin',
      async answer(visit) {
        const about = await pages.load(visit, visit.query);
        return shown({ visit, about, typed: pages.first(about, visit) });
      },
    },
    {
      method: 'POST',
      path,
      role: 'admin',
      async answer(visit) {
        const typed = pages.read(visit.form);
        try {
          return await pages.save(visit, typed);
        } catch (error) {
          if (!(error instanceof AdminProblem)) throw error;
          if (error.type === 'invalid') return again(visit, typed, error, 422);
          if (error.type !== 'conflict' || conflict === undefined) throw error;
          return typeof conflict === 'number' ? again(visit, typed, error, conflict) : conflict(typed);
        }
      },
    },
  ];
}
