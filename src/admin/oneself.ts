import type { By } from './operation.ts';
import { AdminProblem } from './problem.ts';

/**
 * Refuses what would take the console from whoever asks for it. As nobody can do that to themselves, somebody with the role is always
 * left; the command line can, and can give it back.
 * @throws AdminProblem `forbidden`.
 */
export function refuseOneself({ actor }: By, id: string): void {
  if (actor.kind !== 'user' || actor.id !== id) return;
  throw new AdminProblem(
    'forbidden',
    'You would lock yourself out: have another administrator do it, or the command line.',
  );
}
