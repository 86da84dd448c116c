import { AdminProblem } from '../../../admin/problem.ts';
import { type Html, html } from '../../../http/pages/html.ts';
import type { Fields } from '../fields.ts';
import type { Notice } from '../notices.ts';
import type { ConsolePage, Shown, Visit } from '../page.ts';
import { confirmation } from './confirmation.ts';
import { summaryOf, type Trouble, troubleOf } from './forms.ts';

/** What operators look after, each with a page of its own. */
export interface Kind<Thing extends { readonly id: string }> {
  /** The page of all of them. */
  readonly list: { readonly title: string; readonly to: string };
  readonly pathOf: (id: string) => string;
  /** The one that a link or a form names. */
  readonly load: (visit: Visit, fields: Fields) => Promise<Thing>;
  readonly nameOf: (thing: Thing) => string;
  /** What its name is called. */
  readonly nameLabel: string;
}

/** The way back from a page about one of them. */
export const aboveOf = <Thing extends { readonly id: string }>(
  { list, pathOf, nameOf }: Kind<Thing>,
  thing: Thing,
): NonNullable<Shown['above']> => [list, { title: nameOf(thing), to: pathOf(thing.id) }];

/** A button that does one thing, and comes back to the page of what it was done to. */
export const pressed = (
  path: string,
  pathOf: (id: string) => string,
  notice: Notice,
  run: (perform: Visit['perform'], form: Fields) => Promise<unknown>,
): ConsolePage => ({
  method: 'POST',
  path,
  role: 'admin',
  async answer({ form, perform }) {
    await run(perform, form);
    return { to: pathOf(form.needed('id')), notice };
  },
});

export interface Question<Thing> {
  readonly path: string;
  readonly title: string;
  /** What will happen. */
  readonly says: (thing: Thing) => Html;
  /** What the button says: the thing itself, not "Yes". */
  readonly button: string;
}

/** Asks before something is done to one of them. */
export const asked = <Thing extends { readonly id: string }>(
  kind: Kind<Thing>,
  question: Question<Thing>,
): ConsolePage => ({
  method: 'GET',
  path: question.path,
  role: 'admin',
  answer: async (visit) => asking(visit, kind, question, await kind.load(visit, visit.query)),
});

export interface Deletion<Thing> extends Question<Thing> {
  readonly notice: Notice;
  run(perform: Visit['perform'], thing: Thing): Promise<unknown>;
}

/** @returns the page that asks for the name before one of them is removed, and the one that removes it. */
export function deletion<Thing extends { readonly id: string }>(
  kind: Kind<Thing>,
  question: Deletion<Thing>,
): readonly [ConsolePage, ConsolePage] {
  return [
    {
      method: 'GET',
      path: question.path,
      role: 'admin',
      answer: async (visit) => asking(visit, kind, question, await kind.load(visit, visit.query), {}),
    },
    {
      method: 'POST',
      path: question.path,
      role: 'admin',
      async answer(visit) {
        const thing = await kind.load(visit, visit.form);
        const value = visit.form.exact('typed');
        if (value.trim() === kind.nameOf(thing)) {
          await question.run(visit.perform, thing);
          return { to: kind.list.to, notice: question.notice };
        }
        const name = kind.nameLabel.toLowerCase();
        const problem = new AdminProblem('invalid', `The ${name} is another one.`, [
          { path: 'typed', message: `type the ${name} exactly as it is written here` },
        ]);
        const trouble = troubleOf(problem, ['typed']);
        return { ...asking(visit, kind, question, thing, { value, trouble }), status: 422 };
      },
    },
  ];
}

/** @param typed asks for the name; what was typed before, and what was wrong with it. */
function asking<Thing extends { readonly id: string }>(
  { csrf }: Visit,
  kind: Kind<Thing>,
  { path, title, says, button }: Question<Thing>,
  thing: Thing,
  typed?: { readonly value?: string; readonly trouble?: Trouble },
): Shown {
  return {
    title,
    above: aboveOf(kind, thing),
    content: html`${summaryOf(typed?.trouble, { typed: kind.nameLabel })}${confirmation({
      action: path,
      csrf,
      hidden: { id: thing.id },
      says: says(thing),
      typed: typed && { expected: kind.nameOf(thing), ...typed },
      button,
      back: kind.pathOf(thing.id),
    })}`,
  };
}
