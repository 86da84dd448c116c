import { AdminProblem } from './problem.ts';

const later = async (..._given: unknown[]): Promise<never> => {
  throw new AdminProblem('not_here', 'Not built yet.');
};
export const explain = later;
export const listRoutes = later;
export const tryIt = later;
