import { z } from 'zod';
import { textLike } from '../../model/text.ts';
import { parseDuration } from '../../model/units.ts';

const RATE = /^([1-9]\d{0,6})\/(\d{1,9}(?:ms|s|m|h|d))$/;
const RIGHT = 'must be a count and a duration such as 100/1m, at most 1,000,000 in 1s to 1d';

function readRate(value: string) {
  const [, count = '', window = ''] = RATE.exec(value) ?? [];
  const length = parseDuration(window);
  if (length === undefined || length < 1000 || length > 86_400_000 || Number(count) > 1_000_000) return undefined;
  return { count: Number(count), window: length };
}

const rate = () =>
  textLike(RIGHT, (value) => readRate(value) !== undefined)
    // The check above has passed, so there is a rate.
    .transform((value) => readRate(value) ?? z.NEVER)
    .optional();

export const limits = z.strictObject({
  per_token: rate().describe('Calls that one token may make in a window of time, such as 100/1m.'),
  per_client: rate().describe(
    'Calls that all tokens of one client may make together in a window of time, such as 1000/1m. Personal access tokens are counted by user, calls without a token by address (IPv6: one /64).',
  ),
  concurrent: z.int().min(1).max(100_000).optional().describe('Calls of one token that may be under way at once.'),
  status: z
    .int()
    .min(400)
    .max(599)
    .optional()
    .describe("What a refused call is answered with; by default what the route's dialect says: 429 in oauth2."),
});
