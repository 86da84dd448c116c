import { AdminProblem } from './problem.ts';

const later = async (..._given: unknown[]): Promise<never> => {
  throw new AdminProblem('not_here', 'Not built yet.');
};
export const addUser = later;
export const findUser = later;
export const listUsers = later;
export const lock = later;
export const removeUser = later;
export const setPassword = later;
export const unlock = later;
export const update = later;
