import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBrowser, type TestBrowser } from '../support/browser.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { freePort } from '../support/ports.ts';
import { blocksOf } from './blocks.ts';

/** The last step of docs/getting_started.md is taken in a browser: its app, its API and its configuration, as they stand there. */

const fileOf = (name: string): string =>
  blocksOf('docs/getting_started.md').find(({ words }) => words.get('file') === name)?.text ?? '';

const HASH = '$argon2id$v=19$m=19456,t=2,p=1$UZMQjcvjY3TH5xU+hSYTTA$UgchgD28+srqpqwYgL2JQ3tu3uM+EM49+WjZaWkEgyY';
const programs: (() => void)[] = [];
let [folder, app, gatehouse, browser]: [string, string, GatehouseProcess | undefined, TestBrowser | undefined] = [
  '',
  '',
  undefined,
  undefined,
];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-first-app-'));
  const [api, own] = [await freePort(), await freePort()];
  app = `http://127.0.0.1:${own}`;
  const moved = (text: string) => text.replaceAll('9000', String(api)).replaceAll('3000', String(own));
  const config = moved(fileOf('my_gatehouse.yaml'))
    .replace('port: 8080', 'port: 0')
    .replace('port: 8081', 'port: 0')
    .replace(/^store: .*$/m, 'store: { type: memory }');
  const maria = `    users: [{ id: u-maria, username: maria, name: Maria Lopez, password_hash: '${HASH}' }]\n`;
  gatehouse = await startGatehouse(config.replace('    type: database\n', `    type: database\n${maria}`));
  await run('api.mjs', moved(fileOf('api.mjs')));
  await run('app.mjs', moved(fileOf('app.mjs')).replaceAll('http://127.0.0.1:8080', gatehouse.url));
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  for (const stop of programs) stop();
  await gatehouse?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function run(name: string, text: string): Promise<void> {
  await writeFile(join(folder, name), text);
  const child = spawn(process.execPath, [join(folder, name)], { stdio: ['ignore', 'pipe', 'inherit'] });
  programs.push(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data'); // It says that it listens.
}

it('shows who signed in their orders', async () => {
  const page = await browser?.context.newPage();
  if (!page) throw new Error('there is no browser');
  await page.goto(`${app}/`);
  await page.getByLabel(/name/i).first().fill('maria');
  await page.getByLabel('Password').fill('wonderland');
  await page.getByRole('button', { name: /sign in/i }).click();
  await page.getByRole('button', { name: /allow/i }).click();
  await page.waitForURL(`${app}/callback?**`);
  expect(await page.textContent('body')).toContain('{"orders":[7,8],"of":"Maria Lopez"}');
});
