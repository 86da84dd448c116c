/**
 * Threat: the receiver of a webhook, or whoever has taken its place, sends the gateway on to an address behind the firewall, or has it
 * tell what it knows to somebody else; or the configuration names a server to which events would travel in the clear.
 */
import { describe, expect, it } from 'vitest';
import { variants } from '../../src/compose.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { milliseconds } from '../../src/model/units.ts';
import { createWebhook } from '../../src/observe/webhook.ts';
import { startWebhookReceiver } from '../observe/webhook_receiver.ts';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

describe('a webhook', () => {
  it.each([301, 302, 303, 307, 308])('is not sent on by status %i', async (status) => {
    const inside = await startWebhookReceiver();
    const receiver = await startWebhookReceiver(() => [status, { Location: inside.url }]);
    const events: unknown[] = [];
    const webhook = createWebhook({ url: receiver.url, secret: SECRET, pauses: [], event: (...it) => events.push(it) });
    webhook.send({ id: '1', type: 'clients.create', at: milliseconds(0), data: {} });
    await receiver.count(1);
    await webhook.close();
    expect(inside.received).toEqual([]);
    expect(events).toEqual([['error', 'audit_webhook_lost', { action: 'clients.create', reason: `status ${status}` }]]);
    await Promise.all([inside.close(), receiver.close()]);
  });

  const problemsOf = (webhook: string): string => {
    try {
      const yaml = `audit: { webhook: ${webhook} }\nconnections: []\nclients: []\nroutes: []\n`;
      parseConfig(yaml, { file: 'a.yaml', env: {}, readFile: () => '', variants });
      return '';
    } catch (error) {
      return String(error);
    }
  };

  it.each([
    'http://hooks.example.com/a',
    'http://169.254.169.254/latest',
    'http://127.0.0.1.example.com/a',
    'ftp://127.0.0.1/a',
    'https://user:password@hooks.example.com/a',
    'file:///etc/passwd',
  ])('does not go to %s', (url) => {
    expect(problemsOf(`{ url: '${url}', secret: ${SECRET} }`)).toMatch(/audit\.webhook\.url/);
  });

  it('goes over https, or stays on this machine', () => {
    for (const url of ['https://hooks.example.com/a?b=c', 'http://127.0.0.1:9000/a', 'http://localhost/a'])
      expect(problemsOf(`{ url: '${url}', secret: ${SECRET} }`)).toBe('');
  });

  it.each(['short', `whsec_${Buffer.alloc(23).toString('base64')}`, `whsec_${Buffer.alloc(65).toString('base64')}`])(
    'has no weak secret (%s), and no message that repeats it',
    (secret) => {
      const problems = problemsOf(`{ url: 'https://hooks.example.com', secret: ${secret} }`);
      expect(problems).toMatch(/audit\.webhook\.secret: must be whsec_/);
      expect(problems).not.toContain(secret);
    },
  );
});
