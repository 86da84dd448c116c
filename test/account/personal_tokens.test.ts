import { describe, expect, it, onTestFinished } from 'vitest';
import { milliseconds } from '../../src/model/units.ts';
import { refOf } from '../../src/tokens/format.ts';
import type { PageAnswer } from '../http/page_client.ts';
import { alice } from '../oauth/core_under_test.ts';
import { type AccountOptions, answerSignIn, hidden, startAccount } from './account_under_test.ts';

async function start(options: AccountOptions = {}) {
  const account = await startAccount(options);
  onTestFinished(() => account.edge.drain());
  return account;
}

const WEEK = String(7 * 86_400);
const wish = (change: Record<string, string> = {}) => ({ name: 'backup', scope: 'read', lifetime: WEEK, ...change });
const tokenOn = ({ text }: PageAnswer) => /<code class="secret"[^>]*>(gha_[\w-]{40})<\/code>/.exec(text)?.[1] ?? '';

describe('a personal token', () => {
  it('is made with a name, scopes and an end, and shown once', async () => {
    const account = await start();
    const client = await account.signedIn();
    const form = await client.get('/account/tokens/new');
    expect(form.text).toContain('7 days');
    expect(form.text).toContain('365 days');
    const made = await client.submit(form, '/account/tokens/new', wish());
    expect(made.status).toBe(200);
    const token = tokenOn(made);
    const ref = refOf(token);
    expect(ref && (await account.edge.core.store.get('access', ref))).toMatchObject({
      client: 'personal-access-token',
      user: { subject: 'u-alice' },
      scopes: ['read'],
      expiresAt: Math.floor(account.edge.core.clock.now() / 1000) + 7 * 86_400,
    });
    const list = await client.get('/account/tokens');
    expect(list.text).toContain('<bdi>backup</bdi>');
    expect(list.text).not.toContain(token);
    expect(JSON.stringify(account.events)).not.toContain(token);
    expect(account.events).toContainEqual(
      expect.objectContaining({
        action: 'account.create_token',
        outcome: 'done',
        target: { kind: 'personal_token', id: expect.stringMatching(/^[\w-]{8}\.[\w-]{22}$/), name: 'backup' },
      }),
    );
  });

  it('ends with the button', async () => {
    const account = await start();
    const client = await account.signedIn();
    const token = tokenOn(await client.submit(await client.get('/account/tokens/new'), '/account/tokens/new', wish()));
    const list = await client.get('/account/tokens');
    const id = hidden(list, 'token', '<bdi>backup</bdi>');
    const revoked = await client.submit(list, '/account/tokens/revoke', { token: id });
    expect((await client.get(revoked.location)).text).toContain('The token is revoked.');
    const ref = refOf(token);
    expect(ref && (await account.edge.core.store.get('access', ref))).toBeUndefined();
  });

  it('is not made again by reloading the answer', async () => {
    const client = await (await start()).signedIn();
    const form = await client.get('/account/tokens/new');
    await client.submit(form, '/account/tokens/new', wish());
    const again = await client.submit(form, '/account/tokens/new', wish({ name: ' BackUp ' }));
    expect(again.status).toBe(422);
    expect(again.text).toContain('You have a token of this name already');
  });

  it('is refused with words beside each field, and nothing that was typed is lost', async () => {
    const account = await start();
    const client = await account.signedIn();
    const form = await client.get('/account/tokens/new');
    const { scope: _, ...noScope } = wish({ name: 'a "good" <name>'.repeat(5), lifetime: '1' });
    const refused = await client.submit(form, '/account/tokens/new', noScope);
    expect(refused.status).toBe(422);
    expect(refused.text).toContain('<title>Problem: Make a new token</title>');
    expect(refused.text).toContain('value="a &quot;good&quot; &lt;name&gt;');
    expect(refused.text).toMatch(/id="name"[^>]*aria-invalid="true" aria-describedby="name-problem" autofocus/);
    for (const field of ['name', 'scopes', 'lifetime']) {
      expect(refused.text).toContain(`<a href="#${field}">`);
      expect(refused.text).toContain(`id="${field}-problem"`);
    }
    expect(account.events).toContainEqual(
      expect.objectContaining({ action: 'account.create_token', outcome: 'refused' }),
    );
  });

  it('needs a sign-in of the last ten minutes, and keeps what was typed on the way', async () => {
    const account = await start();
    const client = await account.signedIn();
    const form = await client.get('/account/tokens/new');
    account.edge.core.clock.advance(milliseconds(10 * 60_000 + 1000));
    expect((await client.get('/account')).text).toContain('Hello');
    expect((await client.get('/account/tokens/new')).text).toContain('again, to make sure that it is still you');
    const asked = await client.submit(form, '/account/tokens/new', wish({ name: 'nightly & co', scope: 'write' }));
    expect(asked.text).toContain('name="password"');
    const back = await answerSignIn(client, asked);
    expect(back.text).toContain('value="nightly &amp; co"');
    expect(back.text).toMatch(/value="write" checked/);
    expect(back.text).toContain(`<option value="${WEEK}" selected>`);
    expect(tokenOn(await client.submit(back, '/account/tokens/new', wish({ name: 'nightly & co' })))).toMatch(/^gha_/);
  });

  it('ends after the longest life that the configuration allows', async () => {
    const account = await start({ tokens: { maxTtl: (60 * 86_400) as never } });
    const form = await (await account.signedIn()).get('/account/tokens/new');
    const offered = [...form.text.matchAll(/<option value="\d+"[^>]*>([^<]+)</g)].map(([, label]) => label);
    expect(offered).toEqual(['7 days', '30 days', '60 days']);
  });

  it('cannot be made where the configuration offers no scopes', async () => {
    const account = await start({ tokens: { scopes: [] } });
    const client = await account.signedIn();
    expect((await client.get('/account')).text).not.toContain('Personal tokens');
    expect((await client.get('/account/tokens')).text).toBe('lane');
  });

  it('is one of fifty at most', async () => {
    const account = await start();
    const client = await account.signedIn();
    await Promise.all(
      Array.from({ length: 50 }, (_, at) =>
        account.grant(alice, { client: 'personal-access-token', device: `number ${at}` }),
      ),
    );
    const refused = await client.submit(await client.get('/account/tokens/new'), '/account/tokens/new', wish());
    expect(refused.text).toContain('You have 50 tokens, and cannot have more');
  });
});
