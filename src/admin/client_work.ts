import { AdminProblem } from './problem.ts';

const later = async (..._given: unknown[]): Promise<never> => {
  throw new AdminProblem('not_here', 'Not built yet.');
};
export const create = later;
export const endOverlap = later;
export const list = later;
export const read = later;
export const remove = later;
export const rotate = later;
export const update = later;
