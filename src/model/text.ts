import { z } from 'zod';

/** Says what is wrong with a text and what would be right; undefined when nothing is. */
export type Judge = (text: string) => string | undefined;

/** Text that every judge accepts. The first objection is reported. */
export const text = (...judges: readonly Judge[]): z.ZodString => judged(z.string(), judges);

/** As `text`, with one description of what is right, for other values than text too. */
export const textLike = (right: string, isRight: (text: string) => boolean): z.ZodString =>
  judged(z.string({ error: right }), [(value) => (isRight(value) ? undefined : right)]);

function judged(string: z.ZodString, judges: readonly Judge[]): z.ZodString {
  return string.superRefine((value, context) => {
    for (const judge of judges) {
      const objection = judge(value);
      if (objection !== undefined) return context.addIssue(objection);
    }
  });
}

/** Text for people: one line, no control characters. */
export const label = (): z.ZodString =>
  text((value) => (/^[^\p{Cc}]{1,256}$/u.test(value) ? undefined : 'must be one line of 1 to 256 characters'));

/** A list in which nothing stands twice. */
export function listOf<Item extends z.ZodType<string>>(item: Item): z.ZodArray<Item> {
  return z.array(item).superRefine((values, context) => {
    for (const [index, value] of values.entries()) {
      if (values.indexOf(value) < index)
        context.addIssue({ code: 'custom', path: [index], message: 'is in the list twice: keep one' });
    }
  });
}
