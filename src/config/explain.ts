import type { z } from 'zod';
import { refusalWords } from '../model/refusal_words.ts';
import { suggest } from './suggest.ts';

/** Words for what a schema refused, with what was most likely meant. */
export const explain = (issue: z.core.$ZodRawIssue): string | undefined => refusalWords(issue, suggest);
