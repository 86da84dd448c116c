import type { z } from 'zod';
import { duration, durationInSeconds } from '../../model/fields.ts';
import { type Milliseconds, parseDuration, type Seconds } from '../../model/units.ts';

// `describe` and defaults go behind these, so that the JSON Schema shows the text that is written, not the number it becomes.

/** A duration within bounds, both written as people write them. */
export const durationWithin = (least: string, most: string) =>
  duration().refine((time) => time >= of(least) && time <= of(most), `must be from ${least} to ${most}`) as z.ZodType<
    Milliseconds,
    string
  >;

/** As `durationWithin`, in whole seconds. */
export const secondsWithin = (least: string, most: string) =>
  durationInSeconds().refine(
    (time) => time * 1000 >= of(least) && time * 1000 <= of(most),
    `must be from ${least} to ${most}`,
  ) as z.ZodType<Seconds, string>;

const of = (text: string): number => parseDuration(text) ?? Number.NaN;
