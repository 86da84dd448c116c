import { ADMIN_MUTANTS } from './admin_mutants.ts';
import { GATEWAY_MUTANTS } from './gateway_mutants.ts';
import { HOUSE_MUTANTS } from './house_mutants.ts';
import type { Mutant } from './mutant.ts';
import { OAUTH_MUTANTS } from './oauth_mutants.ts';
import { STORE_MUTANTS } from './store_mutants.ts';
import { TRAFFIC_MUTANTS } from './traffic_mutants.ts';

export const MUTANTS: readonly Mutant[] = [
  ...GATEWAY_MUTANTS,
  ...TRAFFIC_MUTANTS,
  ...OAUTH_MUTANTS,
  ...STORE_MUTANTS,
  ...HOUSE_MUTANTS,
  ...ADMIN_MUTANTS,
];
