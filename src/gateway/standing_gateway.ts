import type { Forward } from './decide.ts';
import type { Gateway } from './gateway.ts';
import type { RequestHead } from './request_head.ts';

/** A gateway that stays while what decides changes: whoever holds it asks whichever it is at the moment. */
export interface StandingGateway extends Gateway {
  /**
   * Puts another in the place of the one that decides. What was decided before goes on as it was: a decision carries the route, the
   * limits and the identity that it was made with.
   */
  use(next: Gateway): void;
}

export function standingGateway(first: Gateway): StandingGateway {
  let current = first;
  return {
    use(next) {
      current = next;
    },
    decide: (head: RequestHead) => current.decide(head),
    judge: (head: RequestHead) => current.judge(head),
    admit: (forward: Forward) => current.admit(forward),
    refuse: (failure, route, fault) => current.refuse(failure, route, fault),
  };
}
