import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { hashSync } from 'bcryptjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoConfig } from '../support/demo_config.ts';
import { startGatehouse } from '../support/gatehouse_process.ts';
import { type InstalledPackage, installPackage } from '../support/installed_package.ts';
import { readSupply } from '../support/supply.ts';
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

  it.each([1, 2])('runs as a gateway of its own with %i processes, and ends when it is told to', async (workers) => {
    const database = join(installed.folder, `${workers}.db`);
    const config = await demoConfig(
      `{ type: embedded, path: "${database}" }`,
      `listen: { host: 127.0.0.1, port: 0, workers: ${workers} }\n`,
    );
    const main = join(installed.folder, 'node_modules/gatehouse/dist/main.js');
    const gatehouse = await startGatehouse(config, {}, main);
    const { access_token } = await aliceTokens(gatehouse.url);
    expect((await call(gatehouse.url, access_token)).status).toBe(200);
    // The console's pages load files that are inside of the bundle.
    const page = await (await fetch(`${gatehouse.admin}/sign-in`)).text();
    const files = [...page.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(
      ([, path]) => `${gatehouse.admin}${path}`,
    );
    const sizes = files.map(async (file) => (await (await fetch(file)).text()).length);
    expect(Math.min(...(await Promise.all(sizes)))).toBeGreaterThan(1_000);
    expect(files.length).toBeGreaterThanOrEqual(2);
    expect(await gatehouse.stop()).toBe(0);
  });

  it('compares with bcrypt hashes, in a thread that it brings', async () => {
    const main = join(installed.folder, 'node_modules/gatehouse/dist/main.js');
    const config = await demoConfig('{ type: memory }');
    const imported = config.replace(
      /(username: alice\n[\s\S]*?password_hash: )\S+/,
      (_, before) => `${before}"${hashSync('wonderland', 4)}"`,
    );
    expect(imported).not.toBe(config);
    const gatehouse = await startGatehouse(imported, {}, main);
    const { access_token } = await aliceTokens(gatehouse.url);
    expect((await call(gatehouse.url, access_token)).status).toBe(200);
    expect(await gatehouse.stop()).toBe(0);
  });

  it('carries the licence of everything that is in it', async () => {
    const text = await readFile(join(installed.folder, 'node_modules/gatehouse/dist/licences.txt'), 'utf8');
    const { licences } = await readSupply();
    const headings = [...text.matchAll(/^(\S+) \d+\.\d+\.\d+ \((.+)\)$/gm)];
    const names = headings.map(([, name]) => name);
    expect(names).toEqual(expect.arrayContaining(['koa', 'ioredis', 'zod', 'lru-cache', 'openid-client']));
    for (const [, name, licence] of headings)
      expect([name, licences.runtime]).toEqual([name, expect.arrayContaining([licence])]);
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
