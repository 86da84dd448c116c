import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Results {
  readonly violations: readonly {
    readonly id: string;
    readonly help: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
  }[];
}

/** Fails with what axe-core finds wrong on the page, by WCAG 2.2 AA and its own best practices. The browser must run scripts. */
export async function expectAccessible(page: Page): Promise<void> {
  // Half-way between two colours nothing has the contrast of either.
  await page.evaluate(
    'Promise.all(document.getAnimations().map((each) => each.finished.catch(() => {}))).then(() => {})',
  );
  // As text, because the page's security policy lets no script in.
  await page.evaluate(`${AXE};void 0`);
  const { violations } = await page.evaluate<Results>('axe.run(document, { resultTypes: ["violations"] })');
  const found = violations.map(({ id, help, nodes }) => [
    id,
    help,
    ...nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`),
  ]);
  expect(found, page.url()).toEqual([]);
}
