import { beforeEach, expect, it } from 'vitest';
import { type ConsentRegistry, createConsents } from '../../src/registry/consents.ts';
import type { Backend } from '../../src/stores/backend.ts';
import { memory } from '../../src/stores/memory.ts';
import { ManualClock } from '../support/manual_clock.ts';

let consents: ConsentRegistry;
beforeEach(async () => {
  const clock = new ManualClock();
  const backend = await (memory.create({}, { clock, directory: '/', report: () => {} }) as Promise<Backend>);
  consents = createConsents({ documents: backend.documents, clock });
});

it('covers what was agreed, and what was agreed before', async () => {
  await consents.remember('u', 'app', ['read']);
  await consents.remember('u', 'app', ['write']);
  expect(await consents.covers('u', 'app', ['read', 'write'])).toBe(true);
  expect(await consents.covers('u', 'app', ['read', 'admin'])).toBe(false);
});

it('covers no scopes only after an agreement', async () => {
  expect(await consents.covers('u', 'app', [])).toBe(false);
  await consents.remember('u', 'app', []);
  expect(await consents.covers('u', 'app', [])).toBe(true);
});

it('forgets', async () => {
  await consents.remember('u', 'app', ['read']);
  expect(await consents.forget('u', 'app')).toBe(true);
  expect(await consents.covers('u', 'app', ['read'])).toBe(false);
});

it('mixes up no two pairs, whatever subjects are called', async () => {
  await consents.remember('a:b', 'c', ['read']);
  await consents.remember('%61', 'c', ['read']);
  expect(await consents.covers('a', 'b:c', ['read'])).toBe(false);
  expect(await consents.covers('a', 'c', ['read'])).toBe(false);
  expect(await consents.covers('\ud800', 'c', [])).toBe(false);
});
