import type { Clock } from '../../model/clock.ts';
import type { Upstream } from '../../model/route.ts';
import { type Balanced, type Choose, chooserOf } from './balance.ts';
import { Breaker } from './breaker.ts';
import type { TargetStatus, UpstreamError } from './exchange.ts';
import { CheckedHealth } from './health.ts';

/** Told when a target is taken out and when it comes back, and why. */
export type TargetReport = (
  event: 'upstream_unhealthy' | 'upstream_healthy',
  detail: { readonly upstream: string; readonly target: string; readonly reason: string },
) => void;

export interface TargetGroupDependencies<T extends Balanced> {
  /** The name of the route. */
  readonly name: string;
  /** Makes its targets, which know it. */
  readonly targets: (group: TargetGroup<T>) => readonly T[];
  readonly upstream: Pick<Upstream, 'balance' | 'breaker' | 'health'>;
  readonly clock: Clock;
  readonly report?: TargetReport | undefined;
}

interface Member {
  readonly breaker: Breaker | undefined;
  readonly checked: CheckedHealth | undefined;
  failures: number;
  /** As it was reported last. */
  healthy: boolean;
}

/** The targets of one route: which of them gets a call, and which are out. It sends nothing itself. */
export class TargetGroup<T extends Balanced> {
  readonly #name: string;
  readonly #targets: readonly T[];
  readonly #clock: Clock;
  readonly #report: TargetReport | undefined;
  readonly #members = new Map<T, Member>();
  readonly #choose: Choose<T>;
  /** The one target of a route that takes none out: nothing is to be chosen. */
  readonly #only: T | undefined;
  #tried: T | undefined;

  constructor({ name, targets, upstream, clock, report }: TargetGroupDependencies<T>) {
    this.#name = name;
    this.#targets = targets(this);
    this.#clock = clock;
    this.#report = report;
    const { balance, breaker, health } = upstream;
    this.#choose = chooserOf(balance, this.#targets);
    const plain = this.#targets.length === 1 && breaker === undefined && health === undefined;
    this.#only = plain ? this.#targets[0] : undefined;
    for (const target of this.#targets) {
      this.#members.set(target, {
        breaker: breaker && new Breaker(breaker),
        checked: health && new CheckedHealth(health),
        failures: 0,
        healthy: true,
      });
    }
  }

  /**
   * @param affinity the same for calls that should go to the same target.
   * @param tried could not be connected to just now: another one is wanted, or none.
   * @returns undefined if every target is out.
   */
  pick(affinity: string | undefined, tried: T | undefined): T | undefined {
    if (this.#only !== undefined) return this.#only === tried ? undefined : this.#only;
    this.#tried = tried;
    const target = this.#choose(this.#targets, this.#isUsable, affinity);
    const breaker = target && this.#members.get(target)?.breaker;
    if (breaker?.open === true) breaker.picked(this.#clock.monotonic());
    return target;
  }

  /**
   * A call came to no answer. That says nothing of a target that gave others one meanwhile: or whoever calls what takes too long
   * could take it away from everybody.
   * @param answersBefore the `answers` of the target when the call was sent.
   */
  failed(target: T, { problem, code }: UpstreamError, answersBefore: number): void {
    // Having as many calls as it may is no illness; nor is breaking off after it has answered, which resets would look like.
    if (problem !== 'overloaded' && problem !== 'cut') this.#count(target, code, target.answers === answersBefore);
  }

  /** The head of an answer has come. */
  answered(target: T, status: number): void {
    const member = this.#members.get(target);
    if (member?.breaker === undefined) return;
    if (member.breaker.countsAsFailure(status)) this.#count(target, `status_${status}`, true);
    else {
      target.answers += 1;
      member.breaker.succeeded();
      if (!member.healthy) this.#settle(target, member, 'answered');
    }
  }

  /** What asking it has brought. @param fault why the answer was not good; undefined if it was. */
  checked(target: T, fault: string | undefined): void {
    const member = this.#members.get(target);
    if (member?.checked === undefined) return;
    if (fault !== undefined) member.failures += 1;
    member.checked.settle(fault === undefined);
    this.#settle(target, member, fault ?? 'answered');
  }

  status(): TargetStatus[] {
    return this.#targets.map((target) => ({
      upstream: this.#name,
      target: nameOf(target),
      healthy: this.#members.get(target)?.healthy ?? true,
      failures: this.#members.get(target)?.failures ?? 0,
      inFlight: target.inFlight,
    }));
  }

  readonly #isUsable = (target: T): boolean => {
    const member = this.#members.get(target);
    if (member === undefined || target === this.#tried || member.checked?.healthy === false) return false;
    // What time it is matters for a target that is out only.
    return member.breaker?.open !== true || member.breaker.allows(this.#clock.monotonic());
  };

  /** @param alone whether nothing speaks for the target. */
  #count(target: T, reason: string, alone: boolean): void {
    const member = this.#members.get(target);
    if (member === undefined) return;
    member.failures += 1;
    if (!alone) return;
    member.breaker?.failed(this.#clock.monotonic());
    this.#settle(target, member, reason);
  }

  /** Tells of a change, once. */
  #settle(target: T, member: Member, reason: string): void {
    const healthy = member.checked?.healthy !== false && member.breaker?.open !== true;
    if (healthy === member.healthy) return;
    member.healthy = healthy;
    const event = healthy ? 'upstream_healthy' : 'upstream_unhealthy';
    this.#report?.(event, { upstream: this.#name, target: nameOf(target), reason });
  }
}

const nameOf = ({ origin, basePath }: Balanced): string => origin + basePath;
