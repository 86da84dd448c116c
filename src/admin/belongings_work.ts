import { AdminProblem } from './problem.ts';

const later = async (..._given: unknown[]): Promise<never> => {
  throw new AdminProblem('not_here', 'Not built yet.');
};
export const consentsOf = later;
export const devicesOf = later;
export const endDevice = later;
export const endSession = later;
export const forgetConsent = later;
export const resetAttempts = later;
export const sessionsOf = later;
export const signOut = later;
