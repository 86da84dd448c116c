import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Page } from 'playwright-core';

/**
 * Writes what a page looks like to `docs/images/<name>.png`, when `GATEHOUSE_SCREENSHOTS=1` asks for it.
 * @param how `onlyLook`: not for the documentation, but for whoever works on the pages (`GATEHOUSE_SCREENSHOTS=all`).
 */
export async function screenshot(page: Page, name: string, { onlyLook = false } = {}): Promise<void> {
  const asked = process.env['GATEHOUSE_SCREENSHOTS'];
  if (asked !== 'all' && (asked !== '1' || onlyLook)) return;
  const path = `${asked === 'all' ? '/tmp/gatehouse-screenshots' : 'docs/images'}/${name}.png`;
  await mkdir(dirname(path), { recursive: true });
  await page.screenshot({ path, animations: 'disabled', caret: 'hide' });
}
