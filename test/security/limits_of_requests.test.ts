/**
 * The threat: what is read without a bound is memory and time that anyone can ask for; what two places bound differently is read by one
 * of them only; and names such as `__proto__` change how objects behave. Every limit is tried at its edge and one behind it, for calls
 * on both lanes and for our own endpoints, by HTTP/1.1 from outside.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identityOf } from '../../src/connections/oidc_claims.ts';
import { demoConfig } from '../support/demo_config.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { measured } from '../support/measured.ts';
import { exchange, type RawResponse } from '../support/raw_client.ts';

const BASIC = `Authorization: Basic ${btoa('demo-app:demo-secret')}`;
const FORM = 'Content-Type: application/x-www-form-urlencoded';
const JSON_TYPE = 'Content-Type: application/json';
const SIGN_IN = 'grant_type=password&username=alice&password=wonderland';
/** Names that every object has, or that make another one of it. */
const NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__defineGetter__', 'valueOf'];

describe.each(['fast', 'full'])('a gateway with the %s lane', (lane) => {
  let gateway: GatehouseProcess;
  let port: number;
  let bearer: string;
  beforeAll(async () => {
    const more = `listen: { host: 127.0.0.1, port: 0, fast_lane: ${lane === 'fast'} }\n`;
    const yaml = await demoConfig('{ type: memory }', more, 'config/migration.yaml');
    gateway = await startGatehouse(yaml.replace('name: demo,', 'name: demo, max_body: 1000B,'));
    port = Number(new URL(gateway.url).port);
    const answer = await ask('POST', '/oauth2/token', [BASIC, FORM], `${SIGN_IN}&scope=demo:read`);
    bearer = `Authorization: Bearer ${JSON.parse(answer.body).access_token}`;
  });
  afterAll(() => gateway?.stop());

  const HOST = { oauth2: 'oauth2.localhost', auth0: 'auth0.localhost' } as const;
  function ask(
    method: string,
    target: string,
    lines: readonly string[],
    body?: string,
    host: string = HOST.oauth2,
  ): Promise<RawResponse> {
    const length = body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
    const head = [`${method} ${target} HTTP/1.1`, `Host: ${host}`, ...lines, ...length].join('\r\n');
    return exchange(port, `${head}\r\n\r\n${body ?? ''}`, method);
  }
  const call = (target: string, ...lines: string[]) => ask('GET', target, [bearer, ...lines]);
  const postForm = (body: string) => ask('POST', '/oauth2/token', [BASIC, FORM], body);
  const postJson = (body: string) => ask('POST', '/oauth/ro', [JSON_TYPE], body, HOST.auth0);
  const signInWith = (members: Record<string, unknown>) =>
    JSON.stringify({
      ...{ client_id: 'demo-app', connection: 'Username-Password-Authentication', grant_type: 'password' },
      ...{ username: 'alice', password: 'wonderland', scope: 'openid', ...members },
    });

  const padded = (start: string, length: number) => start + 'a'.repeat(length - start.length);
  const lines = (count: number) => Array.from({ length: count }, (_, index) => `X-${index}: 1`);
  /** A head of about so many bytes. */
  const cookie = (length: number) => `Cookie: a=${'b'.repeat(length)}`;
  const chunked = (body: string) =>
    exchange(
      port,
      `POST /demo/x HTTP/1.1\r\nHost: a\r\n${bearer}\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
    );

  const limits: readonly (readonly [what: string, ask: () => Promise<RawResponse>, status: number])[] = [
    ['a target of 8 KiB', () => call(padded('/demo/', 8192)), 200],
    ['a target of 8 KiB and a byte', () => call(padded('/demo/', 8193)), 414],
    ['a query that makes a target too long', () => call(padded('/demo/?q=', 8193)), 414],
    ['a target too long for any head', () => call(padded('/demo/', 20_000)), 414],
    ['a target of 8 KiB, of ours', () => ask('GET', padded('/.well-known/oauth-authorization-server?', 8192), []), 200],
    [
      'a target of 8 KiB and a byte, of ours',
      () => ask('GET', padded('/.well-known/oauth-authorization-server?', 8193), []),
      414,
    ],
    ['a head of 15 KiB', () => call('/demo/x', cookie(15 * 1024)), 200],
    ['a head of 17 KiB', () => call('/demo/x', cookie(17 * 1024)), 431],
    ['a head of 15 KiB, to us', () => ask('GET', '/.well-known/oauth-authorization-server', [cookie(15 * 1024)]), 200],
    ['a head of 17 KiB, to us', () => ask('GET', '/.well-known/oauth-authorization-server', [cookie(17 * 1024)]), 431],
    ['100 headers', () => call('/demo/x', ...lines(98)), 200],
    ['101 headers', () => call('/demo/x', ...lines(99)), 431],
    ['100 headers, to us', () => ask('GET', '/.well-known/oauth-authorization-server', lines(99)), 200],
    ['101 headers, to us', () => ask('GET', '/.well-known/oauth-authorization-server', lines(100)), 431],
    ['a body of max_body', () => ask('POST', '/demo/x', [bearer], 'a'.repeat(1000)), 200],
    ['a body of max_body and a byte', () => ask('POST', '/demo/x', [bearer], 'a'.repeat(1001)), 413],
    ['chunks of max_body', () => chunked('a'.repeat(1000)), 200],
    ['chunks of max_body and a byte', () => chunked('a'.repeat(1001)), 413],
    ['a form of 64 KiB', () => postForm(padded(`${SIGN_IN}&pad=`, 65_536)), 200],
    ['a form of 64 KiB and a byte', () => postForm(padded(`${SIGN_IN}&pad=`, 65_537)), 413],
    ['JSON of 64 KiB', () => postJson(signInWith({ pad: '' }).replace('"pad":"', padded('"pad":"', 65_300))), 200],
    ['JSON of more than 64 KiB', () => postJson(signInWith({ pad: 'a'.repeat(65_536) })), 413],
    ['a form of 9,000 parameters', () => postForm(Array.from({ length: 9_000 }, (_, i) => `p${i}=`).join('&')), 400],
    ['one parameter 32,000 times', () => postForm('a&'.repeat(32_000)), 400],
    ['a form of nothing but signs', () => postForm('%41&='.repeat(13_000)), 400],
    ['JSON of 32,000 open brackets', () => postJson('['.repeat(32_000)), 400],
    ['JSON that nests 10,000 deep', () => postJson(`{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`), 400],
    ['JSON of 10,000 nested objects', () => postJson(`${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`), 400],
    ['JSON that nests once', () => postJson(signInWith({ more: {} })), 400],
    ['JSON of 5,000 members', () => postJson(signInWith(manyMembers(5_000))), 200],
    ['JSON of 20,000 members', () => postJson(signInWith(manyMembers(20_000))), 413],
    ['a string of 60,000 escapes', () => postJson(`{"a":"${'\\u0061'.repeat(10_000)}"`), 400],
  ];
  const manyMembers = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, 1]));

  it.each(limits)('answers %s as it should', async (what, send, status) => {
    const began = performance.now();
    const answer = await send();
    const took = performance.now() - began;
    expect([what, answer.status, status < 400 ? '' : answer.body]).toEqual([
      what,
      status,
      status < 400 ? '' : answer.body,
    ]);
    if (status >= 400) {
      expect(JSON.parse(answer.body)).toMatchObject({ error: expect.any(String) });
      expect(answer.body.length).toBeLessThan(500);
    }
    // Whatever it was, reading it is no work worth asking for.
    expect(took).toBeLessThan(1_000);
    measured({
      id: 'Q2',
      what: 'requests at a limit and one behind it, on each lane',
      count: 1,
      max: took,
      unit: 'ms',
    });
  });

  describe.each(NAMES)('%s', (name) => {
    it('is a header like any other', async () => {
      const answer = await call('/demo/x', `${name}: 1`, `X-${name}: 2`, `${name}: 3`, `Cookie: ${name}=1`);
      expect(answer.status).toBe(200);
      // The demo API shows what it was sent.
      expect(answer.body).toMatch(new RegExp(`"x-${name}": ?"2"`, 'i'));
      const alone = await exchange(port, `GET /demo/x HTTP/1.1\r\nHost: a\r\n${name}: ${bearer.slice(15)}\r\n\r\n`);
      expect(alone.status).toBe(401);
    });

    it('is a path, a host or a method that leads nowhere', async () => {
      expect((await call(`/${name}`)).status).toBe(404);
      expect((await call(`/oauth2/${name}`)).status).toBe(404);
      expect((await ask('GET', '/oauth2/token', [], undefined, name)).status).toBeOneOf([400, 404]);
      expect((await ask(name, '/demo/x', [bearer])).status).toBeOneOf([400, 405]);
      const token = await ask('GET', '/demo/x', [`Authorization: Bearer ${name}`]);
      expect(token.status).toBe(401);
    });

    it('is a parameter that means nothing', async () => {
      for (const more of [`${name}=x`, `${name}[scope]=x&${name}.scope=x`]) {
        const answer = await postForm(`${SIGN_IN}&scope=demo:read&${more}`);
        expect([answer.status, JSON.parse(answer.body).scope]).toEqual([200, 'demo:read']);
      }
      const twice = await postForm(`${SIGN_IN}&${name}=1&${name}=2`);
      expect(JSON.parse(twice.body)).toMatchObject({ error: 'invalid_request' });
      const member = await postJson(signInWith({}).replace('{', `{"${name}":"x",`));
      expect(member.status).toBe(200);
      const nested = await postJson(signInWith({}).replace('{', `{"${name}":{"scope":"x"},`));
      expect(nested.status).toBe(400);
    });

    it.each([
      ['grant_type', 'unsupported_grant_type'],
      ['scope', 'invalid_scope'],
      ['username', 'invalid_grant'],
      ['client_id', 'invalid_request'],
    ])('is no %s', async (parameter, error) => {
      const form = new URLSearchParams(`${SIGN_IN}&scope=demo:read`);
      form.set(parameter, name);
      const answer = await postForm(form.toString());
      expect([answer.status, JSON.parse(answer.body).error]).toEqual([400, error]);
    });

    it('is no connection, and no client', async () => {
      expect((await postJson(signInWith({ connection: name }))).status).toBeOneOf([400, 401, 403]);
      expect((await postJson(signInWith({ client_id: name }))).status).toBeOneOf([400, 401, 403]);
    });

    it('is no claim of an identity', () => {
      const claims = JSON.parse(`{"sub":"s","${name}":{"name":"Eve","roles":["admin"]}}`);
      const names = { username: name, name: 'name', email: name, phoneNumber: name, roles: name };
      const none = { subject: 'corp|s', username: 's', connection: 'corp', roles: [] };
      expect(identityOf(claims, 'corp', names, true)).toEqual(none);
      expect(identityOf(JSON.parse('{"sub":"s"}'), 'corp', names, true)).toEqual(none);
    });
  });

  it('is as well afterwards as it was before', async () => {
    expect((await call('/demo/x')).status).toBe(200);
    expect((await ask('GET', '/demo/x', [])).status).toBe(401);
    expect(gateway.output()).not.toMatch(/"level":"(?:error|fatal)"/);
  });
});
