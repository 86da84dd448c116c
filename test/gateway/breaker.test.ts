import { describe, expect, it } from 'vitest';
import { UpstreamError } from '../../src/gateway/upstream/exchange.ts';
import { TargetGroup } from '../../src/gateway/upstream/target_group.ts';
import type { BreakerRules, HealthChecks } from '../../src/model/route.ts';
import { milliseconds } from '../../src/model/units.ts';
import { ManualClock } from '../support/manual_clock.ts';

const REFUSED = new UpstreamError('unreachable', 'ECONNREFUSED');
const BREAKER: BreakerRules = { maxFailures: 3, retryAfter: milliseconds(2_000), statuses: [503] };
const HEALTH: HealthChecks = {
  ...{ path: '/health', interval: milliseconds(5_000), timeout: milliseconds(1_000), expect: [200] },
  ...{ healthyAfter: 2, unhealthyAfter: 3 },
};

function group(names: readonly string[], upstream: ConstructorParameters<typeof TargetGroup>[0]['upstream']) {
  const clock = new ManualClock();
  const events: string[] = [];
  const targets = names.map((name) => ({ origin: `http://${name}`, basePath: '', inFlight: 0, answers: 0 }));
  const it = new TargetGroup({
    ...{ name: 'orders', targets: () => targets, upstream, clock },
    report: (event, { target, reason }) => events.push(`${event} ${target} ${reason}`),
  });
  const pick = () => it.pick(undefined, undefined)?.origin.slice('http://'.length);
  const [a, b] = targets;
  if (a === undefined) throw new Error('a target');
  return { it, clock, events, pick, a, b: b ?? a };
}

describe('a target whose calls fail', () => {
  it('is out after so many failures in a row, and another gets its calls', () => {
    const { it, events, pick, a } = group(['a', 'b'], { breaker: BREAKER });
    it.failed(a, REFUSED, a.answers);
    it.failed(a, REFUSED, a.answers);
    expect([pick(), pick()]).toEqual(['a', 'b']);
    it.failed(a, REFUSED, a.answers);
    expect([pick(), pick(), pick()]).toEqual(['b', 'b', 'b']);
    expect(events).toEqual(['upstream_unhealthy http://a ECONNREFUSED']);
    expect(it.status()).toMatchObject([
      { upstream: 'orders', target: 'http://a', healthy: false, failures: 3 },
      { upstream: 'orders', target: 'http://b', healthy: true, failures: 0 },
    ]);
  });

  it('is not out for failures that answers interrupt', () => {
    const { it, events, pick, a } = group(['a'], { breaker: BREAKER });
    for (let round = 0; round < 10; round++) {
      it.failed(a, REFUSED, a.answers);
      it.failed(a, REFUSED, a.answers);
      it.answered(a, 404);
    }
    expect(pick()).toBe('a');
    expect(events).toEqual([]);
  });

  it('is not out for failures of calls during which it answered others', () => {
    const { it, events, pick, a } = group(['a'], { breaker: BREAKER });
    const before = a.answers;
    it.answered(a, 200);
    for (let count = 0; count < 9; count++) it.failed(a, REFUSED, before);
    expect(pick()).toBe('a');
    expect(events).toEqual([]);
    expect(it.status()).toMatchObject([{ healthy: true, failures: 9 }]);
  });

  it('is out for answers with a status that is named, and for no other', () => {
    const { it, pick, a } = group(['a'], { breaker: BREAKER });
    for (let count = 0; count < 5; count++) it.answered(a, 500);
    expect(pick()).toBe('a');
    for (let count = 0; count < 3; count++) it.answered(a, 503);
    expect(pick()).toBeUndefined();
  });

  it('is not out because it has too many calls, or broke off in the middle of an answer', () => {
    const { it, pick, a } = group(['a'], { breaker: BREAKER });
    for (let count = 0; count < 9; count++) {
      it.failed(a, new UpstreamError('overloaded', 'queue_full'), a.answers);
      it.failed(a, new UpstreamError('cut', 'ECONNRESET'), a.answers);
    }
    expect(pick()).toBe('a');
  });

  it('gets one call after a while, and all again when that is answered', () => {
    const { it, clock, events, pick, a } = group(['a'], { breaker: BREAKER });
    for (let count = 0; count < 3; count++) it.failed(a, REFUSED, a.answers);
    expect(pick()).toBeUndefined();
    clock.advance(1_999);
    expect(pick()).toBeUndefined();
    clock.advance(1);
    expect([pick(), pick(), pick()]).toEqual(['a', undefined, undefined]);
    it.failed(a, REFUSED, a.answers);
    clock.advance(1_999);
    expect(pick()).toBeUndefined();
    clock.advance(1);
    expect(pick()).toBe('a');
    it.answered(a, 200);
    expect([pick(), pick()]).toEqual(['a', 'a']);
    expect(events).toEqual(['upstream_unhealthy http://a ECONNREFUSED', 'upstream_healthy http://a answered']);
  });

  it('is tried again although nothing was heard of the call before: its caller may have left', () => {
    const { it, clock, pick, a } = group(['a'], { breaker: BREAKER });
    for (let count = 0; count < 3; count++) it.failed(a, REFUSED, a.answers);
    clock.advance(2_000);
    expect(pick()).toBe('a');
    clock.advance(2_000);
    expect(pick()).toBe('a');
  });

  it('is tried on time, however many calls from before still fail', () => {
    const { it, clock, pick, a } = group(['a'], { breaker: BREAKER });
    for (let count = 0; count < 3; count++) it.failed(a, REFUSED, a.answers);
    for (let step = 0; step < 20; step++) {
      clock.advance(100);
      it.failed(a, new UpstreamError('timeout', 'head_timeout'), a.answers);
    }
    expect(pick()).toBe('a');
  });
});

describe('a target that is asked how it is', () => {
  it('gets calls until the first answer, which counts at once', () => {
    const { it, events, pick, a } = group(['a'], { health: HEALTH });
    expect(pick()).toBe('a');
    it.checked(a, 'ECONNREFUSED');
    expect(pick()).toBeUndefined();
    expect(events).toEqual(['upstream_unhealthy http://a ECONNREFUSED']);
  });

  it('is out after so many bad answers in a row, and back after so many good ones', () => {
    const { it, events, pick, a } = group(['a', 'b'], { health: HEALTH });
    const said = (...faults: (string | undefined)[]) => faults.forEach((fault) => void it.checked(a, fault));
    said(undefined, 'timeout', 'timeout', undefined, 'timeout', 'timeout');
    expect([pick(), pick()]).toEqual(['a', 'b']);
    said('status_500');
    expect([pick(), pick()]).toEqual(['b', 'b']);
    said(undefined, 'timeout', undefined);
    expect([pick(), pick()]).toEqual(['b', 'b']);
    said(undefined);
    expect(new Set([pick(), pick()])).toEqual(new Set(['a', 'b']));
    expect(events).toEqual(['upstream_unhealthy http://a status_500', 'upstream_healthy http://a answered']);
  });

  it('stays out while its calls fail, whatever it says of itself', () => {
    const { it, pick, a } = group(['a'], { health: HEALTH, breaker: BREAKER });
    for (let count = 0; count < 3; count++) it.failed(a, REFUSED, a.answers);
    for (let count = 0; count < 5; count++) it.checked(a, undefined);
    expect(pick()).toBeUndefined();
  });
});

it('never goes where the call has just failed, not even if there is no other place', () => {
  for (const upstream of [{}, { breaker: BREAKER }]) {
    const { it, a } = group(['a'], upstream);
    expect(it.pick(undefined, a)).toBeUndefined();
  }
  const { it, a, b } = group(['a', 'b'], { breaker: BREAKER });
  expect([it.pick(undefined, a), it.pick(undefined, a)]).toEqual([b, b]);
});
