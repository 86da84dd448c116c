import { auth0 } from '../../src/dialects/auth0.ts';
import type { DialectVariant } from '../../src/dialects/dialect.ts';
import { locus } from '../../src/dialects/locus.ts';
import { oauth2 } from '../../src/dialects/oauth2.ts';
import { roambi } from '../../src/dialects/roambi.ts';
import { describeDialect } from '../contract/dialect.ts';

const all: readonly DialectVariant[] = [oauth2, roambi, locus, auth0];
for (const variant of all) {
  const { type, options, prefix } = variant;
  describeDialect(type, variant.create(options.parse({}), { prefix }));
}
