import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { STANDARD_TOKENS } from '../../src/model/token_policy.ts';
import type { InvalidationListener } from '../../src/stores/invalidation.ts';
import { MemoryDocuments } from '../../src/stores/memory_documents.ts';
import { mint } from '../../src/tokens/format.ts';
import { createTokenMarks, marked, type TokenMarks } from '../../src/tokens/token_marks.ts';

/*
 * A store that comes back empty has lost the key of marks. Nodes that know it give it back; but a node that starts in that moment makes
 * another, and what it issues must be good on all nodes at once: a fault never turns a valid token into 401 (G7).
 */

/** Documents that can be lost, and a stream that can break, as a restarted Redis shows them to a node. */
function store() {
  let documents = new MemoryDocuments();
  const listeners = new Set<InvalidationListener>();
  const invalidation = {
    up: true,
    subscribe(listener: InvalidationListener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  return {
    invalidation,
    documents: {
      get: ((kind, id) => documents.get(kind, id)) as MemoryDocuments['get'],
      put: ((...order: Parameters<MemoryDocuments['put']>) => documents.put(...order)) as MemoryDocuments['put'],
    },
    listeners,
    empty() {
      documents = new MemoryDocuments();
    },
    back() {
      invalidation.up = true;
      for (const listener of listeners) listener.reset();
    },
  };
}

const open: TokenMarks[] = [];
beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  for (const marks of open.splice(0)) marks.close();
  vi.useRealTimers();
});

const shape = STANDARD_TOKENS.access;
async function node(at: Parameters<typeof createTokenMarks>[0]) {
  const marks = createTokenMarks(at);
  open.push(marks);
  const key = await marks.key();
  return {
    marks,
    issue: () => marked(mint(shape), shape, key),
    isForged: (token: string) => marks.isForged(token, []),
  };
}
const settled = () => vi.advanceTimersByTimeAsync(0);

/** A node that has seen its store restart, and another that was the first to find it empty. */
async function afterRestart() {
  const at = store();
  const old = await node(at);
  at.invalidation.up = false;
  at.empty();
  const young = await node({ documents: at.documents });
  return { at, old, young };
}

describe('a token of a key that another node has made in an empty store', () => {
  it('is never refused, from the moment in which the stream is lost', async () => {
    const { at, old, young } = await afterRestart();
    expect(old.isForged(young.issue())).toBe(false);
    at.back();
    // Back, and not looked at yet.
    expect(old.isForged(young.issue())).toBe(false);
    await settled();
    expect(old.isForged(young.issue())).toBe(false);
    expect(old.isForged(mint(shape))).toBe(true);
    expect([old.isForged(old.issue()), young.isForged(young.issue())]).toEqual([false, false]);
  });

  it('is asked about as few times in a second as a store can bear that has only just come back', async () => {
    const { at, old } = await afterRestart();
    const passed = () =>
      Array.from({ length: 1_000 }, () => mint(shape)).filter((token) => !old.isForged(token)).length;
    expect(passed()).toBe(100);
    expect(passed()).toBe(0);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(passed()).toBe(100);
    at.back();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(passed()).toBe(0);
  });

  it('is known a second later where no stream has told of anything', async () => {
    const at = store();
    const old = await node(at);
    at.empty();
    const young = await node({ documents: at.documents });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(old.isForged(young.issue())).toBe(false);
  });
});

it('a look that began before the store came back proves nothing', async () => {
  const { at, old, young } = await afterRestart();
  const answer = Promise.withResolvers<undefined>();
  const get = vi.spyOn(at.documents, 'get').mockImplementationOnce(() => answer.promise);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(get).toHaveBeenCalled();
  at.back();
  expect(old.isForged(young.issue())).toBe(false);
  answer.resolve(undefined);
  await settled();
  expect(old.isForged(young.issue())).toBe(false);
  expect(old.isForged(mint(shape))).toBe(true);
});

it('a closed one listens no more', async () => {
  const at = store();
  const { marks } = await node(at);
  marks.close();
  expect(at.listeners.size).toBe(0);
});
