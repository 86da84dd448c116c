import { z } from 'zod';
import { scope } from '../../model/fields.ts';
import { listOf } from '../../model/text.ts';
import { prefix } from './paths.ts';
import { secondsWithin } from './times.ts';

const personalTokens = z.strictObject({
  scopes: listOf(scope())
    .max(1000)
    .default([])
    .describe(
      'The scopes that users can give to tokens they make for scripts and tools of their own. None: they can make none.',
    ),
  audience: listOf(scope()).max(100).default([]).describe('The audience that these tokens carry.'),
  max_ttl: secondsWithin('1h', '3650d').prefault('365d').describe('The longest life that they can choose.'),
});

export const account = z.strictObject({
  path: prefix().default('/account').describe('Where the pages stand, on every host of the main listener.'),
  personal_tokens: personalTokens.prefault({}).describe('Tokens that users make for themselves.'),
});
