import { randomUUID } from 'node:crypto';
import type { Decision, Forward } from './decide.ts';
import type { Gateway } from './gateway.ts';
import { OVERLOADED, type Overload } from './overload.ts';
import type { RequestHead } from './request_head.ts';

/** A gateway that stays while what decides changes: whoever holds it asks whichever it is at the moment. */
export interface StandingGateway extends Gateway {
  /**
   * Puts another in the place of the one that decides. What was decided before goes on as it was: a decision carries the route, the
   * limits and the identity that it was made with.
   */
  use(next: Gateway): void;
}

/** @param overload while it says so, every call is refused (503) before it is looked at. */
export function standingGateway(first: Gateway, overload: Pick<Overload, 'now'>): StandingGateway {
  let current = first;
  // Nothing is looked at, so the route is not known, nor its dialect: the words are the standard's.
  const turnAway = (): Decision => ({ requestId: randomUUID(), path: '', refuse: current.refuse(OVERLOADED) });
  return {
    use(next) {
      current = next;
    },
    decide: (head: RequestHead) => (overload.now ? turnAway() : current.decide(head)),
    judge: (head: RequestHead) => (overload.now ? turnAway() : current.judge(head)),
    admit: (forward: Forward) => current.admit(forward),
    refuse: (failure, route, fault) => current.refuse(failure, route, fault),
  };
}
