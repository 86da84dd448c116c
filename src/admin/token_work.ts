import { AdminProblem } from './problem.ts';

const later = async (..._given: unknown[]): Promise<never> => {
  throw new AdminProblem('not_here', 'Not built yet.');
};
export const endGrant = later;
export const findGrant = later;
export const inspect = later;
export const listGrants = later;
export const revoke = later;
export const revokeAll = later;
