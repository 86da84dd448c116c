import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { signatureOf, startWebhookReceiver } from '../observe/webhook_receiver.ts';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

it('what is done at the command line reaches the webhook before the command ends', async () => {
  const receiver = await startWebhookReceiver();
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-'));
  const file = join(folder, 'gatehouse.yaml');
  await writeFile(
    file,
    `store: { type: embedded, path: ${join(folder, 'a.db')} }\nclients: []\nroutes: []\nconnections: []\naudit: { webhook: { url: '${receiver.url}', secret: ${SECRET} } }\n`,
  );
  await promisify(execFile)(process.execPath, [
    ...[resolve('src/main.ts'), 'client', 'add', 'reports', '--config', file],
    ...['--grant', 'client_credentials', '--scope', 'reports:read'],
  ]);
  expect(receiver.received.map(({ body }) => body)).toMatchObject([
    { type: 'clients.create', data: { via: 'command_line', outcome: 'done', actor: { kind: 'command_line' } } },
  ]);
  const [sent] = receiver.received;
  expect(sent?.headers['webhook-signature']).toBe(sent && signatureOf(sent, SECRET));
  await receiver.close();
  await rm(folder, { recursive: true, force: true });
});
