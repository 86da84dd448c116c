import { randomBytes } from 'node:crypto';
import { PageClient } from '../http/page_client.ts';
import { newPkce } from '../oauth/core_under_test.ts';
import { type Answered, anyAddress, type Caller } from './caller.ts';
import type { Holdings, TokenAnswer } from './holdings.ts';
import { CALLBACK, CLIENT, type Node, USERS } from './stage.ts';
import { expectStatus, type Visit } from './visit.ts';

const BASIC = `Basic ${Buffer.from(`${CLIENT.id}:${CLIENT.secret}`).toString('base64')}`;
const anyUser = () => `user${Math.floor(Math.random() * USERS)}`;

/** What apps ask of the token endpoints. */
export function tokenVisits(caller: Caller, holdings: Holdings, password: string): Readonly<Record<string, Visit>> {
  const post = (node: Node, path: string, form: Record<string, string>): Promise<Answered> =>
    caller.ask(node, {
      ...{ method: 'POST', path, body: new URLSearchParams(form).toString() },
      headers: {
        authorization: BASIC,
        'content-type': 'application/x-www-form-urlencoded',
        'x-forwarded-for': anyAddress(),
      },
    });
  async function token(node: Node, form: Record<string, string>): Promise<void> {
    const answer = await post(node, '/oauth2/token', { scope: 'read', ...form });
    expectStatus(answer, 200);
    holdings.add(JSON.parse(answer.body) as TokenAnswer);
  }

  return {
    password: (node) => token(node, { grant_type: 'password', username: anyUser(), password }),
    client_credentials: (node) => token(node, { grant_type: 'client_credentials' }),

    async code(node) {
      const browser = new PageClient(node.gatehouse.url, { 'x-forwarded-for': anyAddress() });
      const pkce = newPkce();
      const query = {
        response_type: 'code',
        client_id: CLIENT.id,
        redirect_uri: CALLBACK,
        scope: 'read',
        ...pkce.query,
      };
      const page = await browser.get(`/oauth2/authorize?${new URLSearchParams(query)}`);
      expectStatus(page, 200);
      const signedIn = await browser.submit(page, '/oauth2/sign-in', { username: anyUser(), password });
      expectStatus(signedIn, 303);
      const next = await browser.get(signedIn.location);
      // A user who has agreed before is not asked again.
      const consent = next.form('/oauth2/consent') !== undefined;
      const done = consent ? await browser.submit(next, '/oauth2/consent', { decision: 'allow' }) : next;
      expectStatus(done, 303);
      const code = new URL(done.location).searchParams.get('code') ?? '';
      const redeem = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: pkce.verifier };
      const answer = await post(node, '/oauth2/token', redeem);
      expectStatus(answer, 200);
      holdings.add(JSON.parse(answer.body) as TokenAnswer);
    },

    async refresh(node) {
      const held = holdings.take(true);
      if (held?.refresh === undefined) return;
      await token(node, { grant_type: 'refresh_token', refresh_token: held.refresh });
    },

    async revoke(node) {
      const held = holdings.take();
      if (!held) return;
      expectStatus(await post(node, '/oauth2/revoke', { token: held.access }), 200);
      holdings.revoked(held);
    },

    async introspect(node) {
      const held = holdings.pick();
      if (!held) return;
      const answer = await post(node, '/oauth2/introspect', { token: held.access });
      expectStatus(answer, 200);
      const { active } = JSON.parse(answer.body) as { active: boolean };
      if (!active && held.state === 'live')
        throw Object.assign(new Error('a good token is not active'), { always: true });
    },

    async wrong_password(node) {
      const form = { grant_type: 'password', username: randomBytes(8).toString('hex'), password: 'wrong' };
      expectStatus(await post(node, '/oauth2/token', form), 400);
    },
  };
}
