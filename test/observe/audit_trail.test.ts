import { afterEach, describe, expect, it } from 'vitest';
import type { AuditEntry } from '../../src/model/audit.ts';
import { DependencyUnavailable } from '../../src/model/failure.ts';
import { milliseconds } from '../../src/model/units.ts';
import { createSignInNotes } from '../../src/oauth/sign_in_notes.ts';
import { createAuditTrail } from '../../src/observe/audit_trail.ts';
import type { AuditStore } from '../../src/stores/audit_store.ts';
import { alice } from '../support/lane_server.ts';
import { type ObservedHouse, observedHouse, PEOPLE } from './observed_house.ts';
import { signatureOf, startWebhookReceiver, type WebhookReceiver } from './webhook_receiver.ts';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const entry: AuditEntry = {
  at: milliseconds(1_000),
  actor: { kind: 'user', id: 'u-admin', name: 'admin' },
  via: 'api',
  action: 'clients.create',
  target: { kind: 'client', id: 'c-1', name: 'App' },
  outcome: 'done',
  address: '192.0.2.1',
  requestId: 'r-1',
  detail: { changed: 'name' },
};

describe('audit events', () => {
  let receiver: WebhookReceiver | undefined;
  afterEach(async () => {
    await receiver?.close();
    receiver = undefined;
  });
  const broken: AuditStore = {
    append: () => Promise.reject(new DependencyUnavailable('audit store', 'away')),
    page: async () => ({ items: [] }),
  };
  const working: AuditStore = { ...broken, append: async (written) => ({ ...written, id: '000-001' }) };

  it('go to the log and to the webhook once they are written', async () => {
    receiver = await startWebhookReceiver();
    const events: unknown[] = [];
    const trail = createAuditTrail({
      store: working,
      settings: { log: true, webhook: { url: receiver.url, secret: SECRET } },
      event: (...said) => void events.push(said),
    });
    expect(await trail.append(entry)).toEqual({ ...entry, id: '000-001' });
    const [sent] = await receiver.count(1);
    expect(sent?.body).toEqual({
      type: 'clients.create',
      timestamp: '1970-01-01T00:00:01.000Z',
      data: {
        ...{ id: '000-001', at: '1970-01-01T00:00:01.000Z', actor: entry.actor, via: 'api', action: 'clients.create' },
        ...{ target: entry.target, outcome: 'done', address: '192.0.2.1', request_id: 'r-1', detail: entry.detail },
      },
    });
    expect(sent?.headers['webhook-id']).toBe('000-001');
    expect(sent?.headers['webhook-signature']).toBe(sent && signatureOf(sent, SECRET));
    const line = {
      ...{ id: '000-001', at: '1970-01-01T00:00:01.000Z', actor: 'u-admin', actor_kind: 'user', actor_name: 'admin' },
      ...{ via: 'api', action: 'clients.create', target: 'c-1', target_kind: 'client', target_name: 'App' },
      ...{ outcome: 'done', address: '192.0.2.1', request_id: 'r-1', detail_changed: 'name' },
    };
    expect(events).toEqual([['info', 'audit', line]]);
    await trail.close();
  });

  it('that the store does not take are told as lost, by their action alone, and still go elsewhere', async () => {
    receiver = await startWebhookReceiver();
    const events: unknown[] = [];
    let lost = 0;
    const trail = createAuditTrail({
      store: broken,
      settings: { log: false, webhook: { url: receiver.url, secret: SECRET } },
      event: (...said) => void events.push(said),
      counts: { lost: () => void lost++, delivery: () => {} },
    });
    await expect(trail.append(entry)).rejects.toThrow(DependencyUnavailable);
    trail.note(entry);
    const received = await receiver.count(2);
    expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(2);
    await trail.close();
    expect(lost).toBe(2);
    expect(events).toEqual(Array(2).fill(['error', 'audit_lost', { action: 'clients.create', outcome: 'done' }]));
  });

  it('do not wait for a webhook that hangs', async () => {
    receiver = await startWebhookReceiver(() => 'hang');
    const settings = { log: false, webhook: { url: receiver.url, secret: SECRET } };
    const trail = createAuditTrail({ store: working, settings, event: () => {} });
    const began = performance.now();
    for (let count = 0; count < 100; count++) await trail.append(entry);
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});

describe('the audit log of a gateway', () => {
  let house: ObservedHouse | undefined;
  afterEach(async () => {
    await house?.close();
    house = undefined;
  });
  const config = `${PEOPLE}\naudit: { log: true }\n`;

  it('has who signed in, where, with what and to which client, and who was refused', async () => {
    house = await observedHouse(config);
    const form = { grant_type: 'password', username: 'alice' };
    await house.token({ ...form, password: 'wonderland' });
    expect(await house.event('audit', ({ outcome }) => outcome === 'done')).toMatchObject({
      ...{ action: 'user.sign_in', via: 'sign_in', actor: 'u-alice', actor_name: 'alice', target: 'u-alice' },
      ...{ address: '127.0.0.1', detail_client: 'demo-app', detail_connection: 'users' },
    });
    await house.token({ ...form, password: 'looking-glass' });
    expect(await house.event('audit', ({ outcome }) => outcome === 'refused')).toMatchObject({
      ...{ action: 'user.sign_in', actor: 'u-alice', target: 'u-alice', actor_name: 'alice' },
      ...{ address: '127.0.0.1', detail_client: 'demo-app' },
    });
    expect(house.lines().join()).not.toMatch(/wonderland|looking-glass/);
  });

  it('has that an account is locked, once in a minute', async () => {
    house = await observedHouse(config);
    const form = { grant_type: 'password', username: 'alice', password: 'guess' };
    for (let count = 0; count < 13; count++) await house.token(form);
    await house.event('audit', ({ action }) => action === 'user.locked_out');
    const actions = house.lines().flatMap((line) => /"action":"([^"]+)"/.exec(line)?.[1] ?? []);
    expect(actions).toEqual(['user.sign_in', 'user.locked_out']);
    const metrics = await (await fetch(`${house.admin}/metrics`)).text();
    expect(metrics).toContain('gatehouse_audit_withheld_total 11');
  });

  it('has that an old refresh token came again', async () => {
    house = await observedHouse(config);
    const form = { grant_type: 'password', username: 'alice', password: 'wonderland' };
    const first = (await (await house.token(form)).json()) as { refresh_token: string };
    const refresh = async (token: string) => {
      const answer = await house?.token({ grant_type: 'refresh_token', refresh_token: token });
      return (await answer?.json()) as { refresh_token: string };
    };
    const second = await refresh(first.refresh_token);
    await refresh(second.refresh_token);
    await refresh(first.refresh_token);
    const event = await house.event('audit', ({ action }) => action === 'token.reuse_detected');
    expect(event).toMatchObject({
      ...{ actor: 'gatehouse', actor_kind: 'system', target_kind: 'grant', via: 'system' },
      ...{ detail_client: 'demo-app', detail_user: 'u-alice', detail_presented: 'refresh_token' },
    });
    expect(house.lines().join()).not.toContain(first.refresh_token);
  });

  it('has that the configuration was reloaded, or could not be', async () => {
    house = await observedHouse(config);
    await house.reload(`${config}\nroutes: []`);
    const about = { action: 'configuration.reloaded', target_kind: 'configuration' };
    expect(await house.event('audit', ({ outcome }) => outcome === 'done')).toMatchObject(about);
    expect(await house.reload('nonsense: true')).not.toEqual([]);
    expect(await house.event('audit', ({ outcome }) => outcome === 'refused')).toMatchObject(about);
  });
});

describe('a flood of sign-ins', () => {
  const clock = { now: () => milliseconds(5), monotonic: () => time };
  let time = milliseconds(0);

  it('is written down as one event for each user and address and minute, and no more than so many', async () => {
    const entries: AuditEntry[] = [];
    let withheld = 0;
    const notes = createSignInNotes({ note: (it) => entries.push(it), clock, withheld: () => withheld++ });
    for (let count = 0; count < 100; count++) {
      notes.refused({ username: 'alice', address: '192.0.2.1' });
      notes.refused({ username: 'alice', address: '192.0.2.2' });
      notes.refused({ username: 'bob', address: '192.0.2.1' });
    }
    await Promise.resolve();
    expect(entries).toHaveLength(3);
    expect(withheld).toBe(297);
    for (let count = 0; count < 10_000; count++) notes.refused({ username: `user-${count}`, address: '192.0.2.1' });
    await Promise.resolve();
    expect(entries).toHaveLength(2_000);
    // Whoever floods cannot hide that a guess was right.
    notes.done({ address: '192.0.2.1' }, alice);
    expect(entries.pop()).toMatchObject({ outcome: 'done', actor: { id: 'u-alice' } });
    time = milliseconds(60_000);
    notes.refused({ username: 'alice', address: '192.0.2.1' });
    await Promise.resolve();
    expect(entries).toHaveLength(2_001);
  });

  it('does not write down what nobody is called: it may be a password', async () => {
    const house = await observedHouse(`${PEOPLE}\naudit: { log: true }\n`);
    await house.token({ grant_type: 'password', username: 'my-secret-password', password: 'alice' });
    expect(await house.event('audit')).toMatchObject({ actor: 'unknown', outcome: 'refused' });
    expect(house.lines().join()).not.toContain('my-secret-password');
    await house.close();
  });
});
