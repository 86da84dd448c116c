import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Koa from 'koa';
import { expect, it, onTestFinished } from 'vitest';
import { gatehouse } from '../../src/index.ts';
import { PageClient } from '../http/page_client.ts';
import { makeSelfSigned } from '../http/self_signed.ts';
import { demoConfig } from '../support/demo_config.ts';
import { startHouse } from '../support/house.ts';
import { ask, http2Client } from '../support/http2_client.ts';
import { signIn } from './account_under_test.ts';

it('the account is there in somebody’s Koa app', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-koa-'));
  await writeFile(join(folder, 'gatehouse.yaml'), await demoConfig('{ type: memory }'));
  const house = gatehouse(join(folder, 'gatehouse.yaml'), { output: { write: () => {} } });
  await house.ready();
  const app = new Koa();
  app.use(house.middleware());
  app.use((ctx) => {
    ctx.body = 'the app itself';
  });
  const server = app.listen(0, '127.0.0.1');
  onTestFinished(async () => {
    server.close();
    await house.close();
    await rm(folder, { recursive: true, force: true });
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  const page = await signIn(new PageClient(url), 'alice', '/account/password');
  // Alice stands in the file.
  expect(page.text).toContain('is in the configuration file');
  expect(await (await fetch(`${url}/accounts`)).text()).toBe('the app itself');
});

it('the account is there over HTTP/2, with cookies that no other host can set', async () => {
  const tls = await makeSelfSigned();
  const yaml = await demoConfig(
    '{ type: memory }',
    `listen: { host: 127.0.0.1, port: 0, tls: { cert: ${tls.cert}, key: ${tls.key} } }`,
  );
  const house = await startHouse(yaml);
  const session = await http2Client(house.port, tls.cert);
  onTestFinished(async () => {
    session.destroy();
    await house.close();
    await tls.remove();
  });
  const { status, headers, body } = await ask(session, { ':path': '/account' });
  expect(status).toBe(200);
  expect(body).toContain('to see your account');
  expect(headers['set-cookie']?.[0]).toMatch(/^__Host-gatehouse_browser=\S+; Path=\/; HttpOnly; SameSite=Lax; Secure$/);
});

it('the account is nowhere when it is switched off, and its path is a route’s like any other', async () => {
  const yaml = (await demoConfig('{ type: memory }')).replace(/^account:.*\n(?:[ \t]+.*\n)*/m, 'account: false\n');
  const house = await startHouse(yaml);
  onTestFinished(() => house.close());
  expect((await fetch(`${house.url}/account`)).status).toBe(404);
});
