import { afterEach, describe, expect, it } from 'vitest';
import { milliseconds } from '../../src/model/units.ts';
import { createWebhook, type WebhookOutcome } from '../../src/observe/webhook.ts';
import { until } from './until.ts';
import { signatureOf, startWebhookReceiver, type WebhookReceiver } from './webhook_receiver.ts';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const message = (id: string) => ({ id, type: 'clients.create', at: milliseconds(1_000), data: { id } });

describe('the webhook', () => {
  let receiver: WebhookReceiver;
  let outcomes: WebhookOutcome[] = [];
  let events: unknown[] = [];
  const open = (url: string, pauses: readonly number[] = []) => {
    // Each test has lists of its own: a webhook may still have something to say when its test is over.
    const [mine, theirs] = [[] as WebhookOutcome[], [] as unknown[]];
    [outcomes, events] = [mine, theirs];
    return createWebhook({
      ...{ url, secret: SECRET, pauses },
      event: (...said) => void theirs.push(said),
      told: (outcome) => void mine.push(outcome),
    });
  };
  afterEach(() => receiver.close());

  it('posts each message once, signed as Standard Webhooks says', async () => {
    receiver = await startWebhookReceiver();
    const webhook = open(receiver.url);
    webhook.send(message('1'));
    webhook.send(message('2'));
    const [first, second] = await receiver.count(2);
    expect(first).toMatchObject({
      method: 'POST',
      path: '/hook',
      body: { type: 'clients.create', timestamp: '1970-01-01T00:00:01.000Z', data: { id: '1' } },
    });
    expect(first?.headers).toMatchObject({ 'content-type': 'application/json', 'webhook-id': '1' });
    expect(Math.abs(Number(first?.headers['webhook-timestamp']) - Date.now() / 1000)).toBeLessThan(10);
    expect(first?.headers['webhook-signature']).toBe(first && signatureOf(first, SECRET));
    expect(second?.headers['webhook-id']).toBe('2');
    await webhook.close();
    expect(outcomes).toEqual(['delivered', 'delivered']);
  });

  it('tries again under the same id, in order, and gives up in the end', async () => {
    receiver = await startWebhookReceiver((at) => (at < 4 ? 503 : 200));
    const webhook = open(receiver.url, [1, 1]);
    webhook.send(message('1'));
    webhook.send(message('2'));
    const received = await receiver.count(5);
    expect(received.map(({ headers }) => headers['webhook-id'])).toEqual(['1', '1', '1', '2', '2']);
    await webhook.close();
    expect(outcomes).toEqual(['retried', 'retried', 'lost', 'retried', 'delivered']);
    expect(events).toEqual([['error', 'audit_webhook_lost', { action: 'clients.create', reason: 'status 503' }]]);
  });

  it.each([400, 401, 404, 410, 422])(
    'holds nothing up for a message that is refused again and again: %d',
    async (no) => {
      receiver = await startWebhookReceiver((at) => (at < 3 ? no : 204));
      const webhook = open(receiver.url, [1, 1, 3_600_000]);
      webhook.send(message('1'));
      webhook.send(message('2'));
      const received = await receiver.count(4);
      expect(received.map(({ headers }) => headers['webhook-id'])).toEqual(['1', '1', '1', '2']);
      await webhook.close();
      expect(outcomes).toEqual(['retried', 'retried', 'lost', 'delivered']);
      expect(events).toEqual([['error', 'audit_webhook_lost', { action: 'clients.create', reason: `status ${no}` }]]);
    },
  );

  it.each([408, 429, 500, 503, 302])('goes on trying when the receiver may take it later: %d', async (later) => {
    receiver = await startWebhookReceiver((at) => (at < 5 ? later : 204));
    const webhook = open(receiver.url, [1, 1, 1, 1, 1, 1]);
    webhook.send(message('1'));
    await receiver.count(6);
    await webhook.close();
    expect(outcomes).toEqual([...Array(5).fill('retried'), 'delivered']);
  });

  it('keeps a bounded number while the receiver is away, and tells what it loses', async () => {
    receiver = await startWebhookReceiver(() => 'hang');
    const webhook = open(receiver.url);
    for (let count = 0; count < 1_103; count++) webhook.send(message(`${count}`));
    // One is under way, and a thousand wait.
    expect(outcomes.filter((outcome) => outcome === 'lost')).toHaveLength(102);
    expect(events).toHaveLength(102);
  });

  it('says of an error its code alone', async () => {
    receiver = await startWebhookReceiver();
    const { url } = receiver;
    await receiver.close();
    receiver = await startWebhookReceiver();
    open(url).send(message('1'));
    await until(() => events[0]);
    expect(events[0]).toEqual(['error', 'audit_webhook_lost', { action: 'clients.create', reason: 'ECONNREFUSED' }]);
  });

  it('ends without waiting for the next try', async () => {
    receiver = await startWebhookReceiver(() => 500);
    const webhook = open(receiver.url, [3_600_000]);
    webhook.send(message('1'));
    await until(() => outcomes[0]);
    const began = performance.now();
    await webhook.close();
    expect(performance.now() - began).toBeLessThan(3_000);
    expect(outcomes).toEqual(['retried', 'lost']);
    // Once more at the end: the receiver may be back.
    expect(receiver.received).toHaveLength(2);
  });
});
