import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoConfig } from '../support/demo_config.ts';
import { type InstalledPackage, installPackage } from '../support/installed_package.ts';
import { aliceTokens, call } from '../support/token_client.ts';

/** An app somebody has, with Gatehouse mounted in it, as the README shows. */
const APP = `
import Koa from 'koa';
import { gatehouse } from 'gatehouse';

const app = new Koa();
const house = gatehouse('gatehouse.yaml');
app.use(house.middleware());
app.use((ctx) => { ctx.body = 'the app itself: ' + ctx.path; });
const server = app.listen(0, '127.0.0.1', () => console.log('port ' + server.address().port));
process.on('SIGTERM', async () => { server.close(); await house.close(); process.exit(0); });
`;

let installed: InstalledPackage;
beforeAll(async () => {
  installed = await installPackage();
  await writeFile(join(installed.folder, 'app.mjs'), APP);
  await writeFile(join(installed.folder, 'gatehouse.yaml'), await demoConfig('{ type: memory }'));
}, 60_000);
afterAll(() => installed.remove());

describe('the published package, mounted in a Koa app', () => {
  it('issues tokens, guards its routes, and leaves the rest to the app', async () => {
    const child = spawn(process.execPath, ['app.mjs'], { cwd: installed.folder, stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [first] = await once(createInterface({ input: child.stdout }), 'line');
      const url = `http://127.0.0.1:${String(first).replace('port ', '')}`;
      const { access_token } = await aliceTokens(url);
      const answer = await call(url, access_token);
      expect(answer.status).toBe(200);
      expect(((await answer.json()) as { headers: object }).headers).toMatchObject({ 'x-user-id': 'u-alice' });
      expect((await fetch(`${url}/demo/hello`)).status).toBe(401);
      expect((await fetch(`${url}/demo/..%2f..%2fapp`)).status).toBe(400);
      expect(await (await fetch(`${url}/elsewhere`)).text()).toBe('the app itself: /elsewhere');
    } finally {
      child.kill('SIGTERM');
    }
    expect((await once(child, 'exit'))[0]).toBe(0);
  });

  it('has a command line that runs from dist', async () => {
    const child = spawn(
      process.execPath,
      ['node_modules/gatehouse/dist/main.js', 'check', '--config', 'gatehouse.yaml'],
      {
        cwd: installed.folder,
      },
    );
    let printed = '';
    child.stdout.on('data', (chunk) => {
      printed += chunk;
    });
    expect((await once(child, 'close'))[0]).toBe(0);
    expect(printed).toMatch(/^gatehouse\.yaml: ok/);
  });
});
