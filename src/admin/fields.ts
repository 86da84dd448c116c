import { z } from 'zod';
import type { Milliseconds, Seconds } from '../model/units.ts';

/** The kinds of value that the inputs and outputs of operations have in common. */

/** Times are RFC 3339 in UTC, whole seconds where that is how they are kept. */
export const instant = () => z.iso.datetime().meta({ examples: ['2026-11-21T09:30:00Z'] });

export const instantOf = (time: Seconds): string => new Date(time * 1000).toISOString().replace('.000Z', 'Z');
export const exactInstantOf = (time: Milliseconds): string => new Date(time).toISOString();

/** Names something that exists, or does not: what the name of a new thing may be is for its own schema to say. */
export const reference = () =>
  z.string().regex(/^[^\p{Cc}\p{Zl}\p{Zp}]{1,256}$/u, 'must be 1 to 256 characters without control characters');

/** The members of the input of every list. Their texts come from a query, so a number may be written as text. */
export const paging = {
  limit: z.coerce
    .number('must be a number from 1 to 200')
    .int('must be a whole number from 1 to 200')
    .min(1, 'must be at least 1')
    .max(200, 'must be at most 200')
    .default(50)
    .describe('How many entries there may be on the page.'),
  after: z.string().min(1).max(2048).optional().describe('`next` of the page before; absent for the first page.'),
};

/** One page. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({
    items: z.array(item),
    next: z.string().optional().describe('Send it as `after` to get the next page; absent on the last one.'),
  });

export const revision = () =>
  z
    .string()
    .regex(/^[A-Za-z0-9_-]{16}$/, 'must be the `revision` that was read')
    .describe('Changes with every change of what can be edited.');

/** For an update: refuses it if somebody else has made one meanwhile. */
export const expectedRevision = () =>
  revision()
    .optional()
    .describe('The `revision` that was read: if it is another by now, the answer is a `conflict` and nothing changes.');
