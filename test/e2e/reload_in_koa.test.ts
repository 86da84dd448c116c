import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Koa from 'koa';
import { expect, it, onTestFinished } from 'vitest';
import { gatehouse } from '../../src/index.ts';

const yaml = (path: string, store = 'memory') => `
store: { type: ${store} }
routes:
  - { name: api, path: ${path}, upstream: demo, auth: none }
clients:
  - { id: app, secret: the-secret-of-the-app, grants: [client_credentials], scopes: [a] }
`;

it('an app that Gatehouse is mounted in can have the file read again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-koa-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'gatehouse.yaml');
  await writeFile(file, yaml('/one'));
  const house = gatehouse(file, { output: { write: () => {} } });
  const app = new Koa().use(house.middleware());
  const server = createServer(app.callback()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close().closeAllConnections();
    await house.close();
  });
  const { port } = server.address() as AddressInfo;
  const seen = async () =>
    Promise.all(['/one', '/two'].map(async (path) => (await fetch(`http://127.0.0.1:${port}${path}`)).status));
  expect(await seen()).toEqual([200, 404]);

  await writeFile(file, yaml('/two'));
  await house.reload();
  expect(await seen()).toEqual([404, 200]);

  await writeFile(file, yaml('/one', 'embedded'));
  await expect(house.reload()).rejects.toThrow(/gatehouse\.yaml:2:\d+: store: cannot be changed while/);
  expect(await seen()).toEqual([404, 200]);
});
