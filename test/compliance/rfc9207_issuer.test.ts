import { beforeEach, expect, it } from 'vitest';
import {
  type Core,
  expectStep,
  getCode,
  ISSUER,
  newPkce,
  parametersOf,
  request,
  signIn,
  startCore,
} from '../oauth/core_under_test.ts';

// An app that talks to several servers can be made to take one's answer for another's, unless every answer names its issuer.

let core: Core;
const { query } = newPkce();
beforeEach(async () => {
  core = await startCore();
});

it('RFC 9207 §2: iss comes with a code', async () => {
  expect((await getCode(core, request(query))).answer.get('iss')).toBe(ISSUER);
});

it('RFC 9207 §2: iss comes with an error', async () => {
  expect(parametersOf(await core.authorize(request({ response_type: 'token' }))).get('iss')).toBe(ISSUER);
});

it('RFC 9207 §2: iss comes with a denial', async () => {
  const { browser, step } = await signIn(core, request(query));
  const { interaction, csrf } = expectStep(step, 'consent');
  const denied = await core.protocol.authorization.consent(interaction, browser, { csrf, allow: false });
  expect(parametersOf(denied).get('iss')).toBe(ISSUER);
});

it('an app cannot smuggle its own iss in through state', async () => {
  const { answer } = await getCode(core, request({ ...query, state: 'x&iss=https://evil.example' }));
  expect(answer.getAll('iss')).toEqual([ISSUER]);
});
