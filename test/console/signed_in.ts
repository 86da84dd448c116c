import { expect } from 'vitest';
import { PageClient } from '../http/page_client.ts';
import { startConsole } from './console_under_test.ts';

/** Starts a console, and signs an operator in with a browser of their own. */
export async function signedIn({
  username = 'admin',
  ...options
}: NonNullable<Parameters<typeof startConsole>[0]> & { readonly username?: string } = {}) {
  const gate = await startConsole(options);
  const browser = new PageClient(gate.url);
  const fields = { username, password: 'looking-glass' };
  const answer = await browser.submit(await browser.get('/sign-in'), '/sign-in', fields);
  expect(answer.status).toBe(303);
  const csrf = (await browser.get('/clients')).form('/sign-out')?.['csrf'] ?? '';
  return { gate, browser, csrf };
}

/** Looks whether text that is script is shown as text. */
export function expectText(page: { readonly text: string }, where: string): void {
  expect(page.text, where).not.toMatch(/<script>|<img/);
  expect(page.text, where).toContain('&lt;script&gt;alert(1)');
}
