import { describe, expect, it } from 'vitest';
import { hashPassword } from '../../src/connections/password_hash.ts';
import { seconds } from '../../src/model/units.ts';
import { app, basic, startCore } from '../oauth/core_under_test.ts';

const machine = { grant_type: 'client_credentials' };

describe('client secrets', () => {
  it('may be chosen ones, kept as argon2id', async () => {
    const core = await startCore({ clients: [{ ...app, secrets: [{ hash: await hashPassword('chosen') }] }] });
    expect((await core.token(machine, basic('app', 'chosen'))).status).toBe(200);
    expect((await core.token(machine, basic('app', 'app-secret'))).status).toBe(401);
    expect((await core.token(machine, basic('app', ''))).status).toBe(401);
  });

  it('overlap while they are rotated, and not longer', async () => {
    const core = await startCore();
    const { client, secret } = await core.clients.add({ name: 'New', id: 'new', grants: ['client_credentials'] });
    const next = await core.clients.rotateSecret(client.id, seconds(60));
    const status = async (it: string) => (await core.token(machine, basic('new', it))).status;
    expect([await status(secret ?? ''), await status(next)]).toEqual([200, 200]);
    core.clock.advance(60_000);
    expect([await status(secret ?? ''), await status(next)]).toEqual([401, 200]);
  });

  it('of a removed client are worth nothing with the next request', async () => {
    const core = await startCore();
    const { secret } = await core.clients.add({ name: 'New', id: 'new', grants: ['client_credentials'] });
    await core.clients.remove('new');
    expect((await core.token(machine, basic('new', secret ?? ''))).status).toBe(401);
  });

  it('are not matched by their own stored hash', async () => {
    const core = await startCore();
    const stored = app.secrets[0]?.hash ?? '';
    for (const secret of [stored, stored.slice('sha256:'.length)]) {
      expect((await core.token(machine, basic('app', secret))).status).toBe(401);
    }
  });
});
